// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/http/routes.h"

#include <algorithm>
#include <charconv>

#include "ballast/base/error.h"

namespace ballast::serve {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  std::size_t at = 1;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

bool is_parameter(const std::string& segment) {
  return segment.starts_with('{');
}

/// Whether the path fits; how many of its segments are literal goes to `literal`.
bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path, std::size_t& literal) {
  if (pattern.size() != path.size()) return false;
  literal = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_parameter(pattern[i])) {
      if (path[i].empty()) return false;
    } else if (pattern[i] == path[i]) {
      ++literal;
    } else {
      return false;
    }
  }
  return true;
}

/// The value that a query's text stands for, by the type of its schema.
Json typed_value(const std::string& text, const Json& schema, const std::string& where) {
  const auto type = schema.value("type", "string");
  if (type == "string") return text;
  if (type == "boolean") {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    throw Error(ErrorCode::bad_input, "must be true or false", where);
  }
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::bad_input, "must be a number", where);
  }
  return value;
}

Json parameter_json(const std::string& name, const char* in, const Json& schema, const std::string& about) {
  Json json = {{"name", name}, {"in", in}, {"required", std::string(in) == "path"}, {"schema", schema}};
  if (!about.empty()) json["description"] = about;
  return json;
}

Json operation_json(const Route& route) {
  Json op = {{"operationId", std::string(method_name(route.method)) + " " + route.path},
             {"tags", {route.tag}},
             {"summary", route.summary},
             {"x-role", role_name(route.role)}};
  Json parameters = Json::array();
  for (const std::string& segment : segments_of(route.path)) {
    if (is_parameter(segment)) {
      parameters.push_back(parameter_json(segment.substr(1, segment.size() - 2), "path", schema::text(), ""));
    }
  }
  for (const QueryParameter& q : route.query) parameters.push_back(parameter_json(q.name, "query", q.schema, q.about));
  if (!parameters.empty()) op["parameters"] = std::move(parameters);
  if (!route.request.is_null()) {
    op["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", route.request}}}}}};
  }
  Json good = {{"description", route.status == 204 ? "done" : "the answer"}};
  if (!route.answer.is_null()) {
    good["content"][route.answer_type]["schema"] = route.answer;
  } else if (route.status != 204) {
    good["content"][route.answer_type] = Json::object();
  }
  op["responses"][std::to_string(route.status)] = std::move(good);
  op["responses"]["default"] = {{"description", "what went wrong"},
                                {"content", {{"application/problem+json", {{"schema", schema::ref("Problem")}}}}}};
  if (route.role == Role::none) op["security"] = Json::array();
  return op;
}

}  // namespace

std::vector<QueryParameter> list_parameters(std::vector<QueryParameter> own) {
  own.push_back({"limit", schema::integer(1, 500), "items a page; 50 where absent"});
  own.push_back({"cursor", schema::text(4096), "\"next\" of the page before"});
  own.push_back({"as_of", schema::text(40), "a day or a moment: what was known then"});
  own.push_back({"format", schema::word({"json", "csv"}), "csv: the whole list, not paged"});
  return own;
}

Route& Routes::add(Route route) {
  BALLAST_CHECK(route.path.starts_with('/') && (route.handler || route.later), route.path.size());
  patterns_.push_back({segments_of(route.path)});
  routes_.push_back(std::move(route));
  return routes_.back();
}

Routes::Match Routes::match(Request& request) const {
  const Method method = request.method == Method::head ? Method::get : request.method;
  const std::vector<std::string>& path = request.segments;
  Match found;
  std::size_t best = 0;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    std::size_t literal = 0;
    if (!fits(patterns_[i].segments, path, literal)) continue;
    found.path_known = true;
    const std::string name = method_name(routes_[i].method);
    if (std::find(found.allowed.begin(), found.allowed.end(), name) == found.allowed.end()) {
      found.allowed.push_back(name);
    }
    if (routes_[i].method != method || (found.route != nullptr && literal <= best)) continue;
    best = literal;
    found.route = &routes_[i];
    request.parameters.clear();
    for (std::size_t s = 0; s < path.size(); ++s) {
      const std::string& name_of = patterns_[i].segments[s];
      if (is_parameter(name_of)) request.parameters[name_of.substr(1, name_of.size() - 2)] = path[s];
    }
  }
  return found;
}

void Routes::check_request(const Route& route, const Request& request) const {
  for (const auto& [name, value] : request.query) {
    const auto known =
        std::find_if(route.query.begin(), route.query.end(), [&](const QueryParameter& q) { return q.name == name; });
    if (known == route.query.end()) {
      std::string names;
      for (const QueryParameter& q : route.query) names += (names.empty() ? "" : ", ") + q.name;
      throw Error(ErrorCode::bad_input, "is not a parameter of this request", "query." + name.substr(0, 60),
                  names.empty() ? "it takes none" : "it takes " + names);
    }
    schema::check(typed_value(value, known->schema, "query." + name), known->schema, "query." + name, named_);
  }
  if (!route.request.is_null()) schema::check(request.json(), route.request, "body", named_);
}

Json Routes::openapi(const std::string& version) const {
  Json paths = Json::object();
  for (const Route& route : routes_) {
    std::string method = method_name(route.method);
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
    paths[route.path][method] = operation_json(route);
  }
  Json schemes = {{"key", {{"type", "http"}, {"scheme", "bearer"}}},
                  {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "ballast_session"}}}};
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Ballast"},
            {"version", version},
            {"description", "Financial-risk decisions that can be explained and repeated."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"security", {{{"key", Json::array()}}, {{"session", Json::array()}}}},
          {"paths", std::move(paths)},
          {"components", {{"schemas", named_}, {"securitySchemes", std::move(schemes)}}}};
}

}  // namespace ballast::serve
