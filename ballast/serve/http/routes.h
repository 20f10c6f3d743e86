// SPDX-License-Identifier: Apache-2.0
// The one table of what the service answers to: method, path, who may ask, what goes in, what comes out, and the
// function that does it. The OpenAPI document is made from it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ballast/serve/http/message.h"
#include "ballast/serve/http/schema.h"

namespace ballast::serve {

/// Where a handler runs. `quick`: reads the store; `compute`: runs models, one at a time with all cores; `writing`: has
/// a language model write, whose texts of several requests grow together; `now`: on the thread of the connections, so
/// it must never wait.
enum class Lane { now, quick, compute, writing };

struct QueryParameter {
  std::string name;
  base::Json schema;  // of the value as text: type string, integer, number or boolean
  std::string about;
};

using Handler = std::function<Response(Request&)>;
/// For answers that others make: the lane's thread is free again at once.
using LaterHandler = std::function<void(std::shared_ptr<Request>, Reply)>;

struct Route {
  Method method = Method::get;
  std::string path;  // "/v1/signals/{id}"
  Role role = Role::viewer;
  Lane lane = Lane::quick;
  std::string tag, summary;
  std::vector<QueryParameter> query;
  base::Json request;  // schema of the body; null: none is read
  base::Json answer;   // schema; null: no JSON
  int status = 200;    // where all went well
  std::string answer_type = "application/json";
  Handler handler;
  LaterHandler later;  // instead of handler
};

/// A list takes these beside its own parameters.
std::vector<QueryParameter> list_parameters(std::vector<QueryParameter> own = {});

class Routes {
 public:
  Route& add(Route route);
  /// Schemas that others refer to by name.
  void name_schema(const std::string& name, base::Json schema) { named_[name] = std::move(schema); }

  struct Match {
    const Route* route = nullptr;
    bool path_known = false;           // another method is there: see allowed
    std::vector<std::string> allowed;  // methods of that path
  };
  /// Fills in the request's parameters. A literal segment goes before a parameter. HEAD is answered as GET.
  Match match(Request& request) const;

  /// Checks query and body against the route. Throws bad_input naming the field.
  void check_request(const Route& route, const Request& request) const;

  const std::vector<Route>& all() const { return routes_; }
  const base::Json& named() const { return named_; }
  /// OpenAPI 3.1.
  base::Json openapi(const std::string& version) const;

 private:
  struct Pattern {
    std::vector<std::string> segments;  // a parameter begins with '{'
  };
  std::vector<Route> routes_;
  std::vector<Pattern> patterns_;
  base::Json named_ = base::Json::object();
};

}  // namespace ballast::serve
