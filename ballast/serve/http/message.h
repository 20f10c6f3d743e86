// SPDX-License-Identifier: Apache-2.0
// A request and its answer as plain values: what handlers see of HTTP.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::serve {

enum class Method { get, head, post, put, patch, del, other };
const char* method_name(Method method);
Method method_named(std::string_view name);
/// Whether a request with this method may change something.
bool changes_things(Method method);

/// What somebody may do. Each role may do what those before it may, but for `auditor`, who reads everything and the
/// audit trail and changes nothing.
enum class Role { none, viewer, auditor, analyst, officer, admin };
const char* role_name(Role role);
/// Throws usage for a name that is none.
Role role_named(const std::string& name);
bool may(Role has, Role needs);

/// Who asks.
struct Principal {
  enum class How { nobody, open, session, key };
  How how = How::nobody;
  std::string name;  // of the user, or "key:" and the key's id
  Role role = Role::none;
  std::string csrf;  // of the session
};

struct Request {
  Method method = Method::get;
  std::string target;                 // as sent
  std::string path;                   // decoded, without the query
  std::vector<std::string> segments;  // between the path\'s slashes, each decoded: a name may hold an escaped one
  std::vector<std::pair<std::string, std::string>> query, headers;  // header names in lower case
  std::map<std::string, std::string> parameters;                    // of the route's path
  std::string body;
  std::shared_ptr<void> body_share;  // of the memory that all bodies may hold
  std::string id, remote;            // request id; address of the client
  bool secure = false;               // came over TLS
  Principal principal;

  const std::string* header(std::string_view name) const;
  const std::string* asked(std::string_view name) const;  // of the query
  std::string asked(std::string_view name, const std::string& otherwise) const;
  const std::string& parameter(const std::string& name) const { return parameters.at(name); }
  std::string cookie(std::string_view name) const;
  /// The body as JSON. Throws bad_input: no JSON, or nested too deeply.
  base::Json json() const;
};

/// Bytes that come over time: a handler's thread pushes, the connection drains. All calls are safe from any thread.
class Stream {
 public:
  /// `limit`: bytes that may wait for a slow reader.
  explicit Stream(std::size_t limit = std::size_t{1} << 20);
  ~Stream();
  /// False where the reader has gone or is too slow: then there is no use in going on.
  bool push(std::string bytes);
  void finish();

  /// The connection's side. `wake` is called after a push or finish.
  void on_news(std::function<void()> wake);
  std::string take();
  bool finished() const;  // and drained
  void close();           // the reader has gone
  bool closed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<Stream> stream;  // instead of a body
  std::filesystem::path file;      // instead of a body: sent in pieces, and removed afterwards where `passing`
  bool passing = false;
};

Response json_response(const base::Json& json, int status = 200);

/// What handlers call when the answer is there; from any thread, once.
using Reply = std::function<void(Response)>;

/// Splits and decodes a target ("/a%20b?x=1"). Throws usage for a bad escape or an embedded zero.
void parse_target(Request& request);
std::string percent_decoded(std::string_view text, bool plus_is_space);

}  // namespace ballast::serve
