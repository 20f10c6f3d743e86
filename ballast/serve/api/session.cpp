// SPDX-License-Identifier: Apache-2.0
// Sessions of people, and the administration of users and keys.
#include <fmt/format.h>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/serve/accounts.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/customers.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"

namespace ballast::serve {
namespace {

using namespace schema;

Json features_of(const App& app) {
  Json features = app.desks->features();
  features["customers"] = app.options.customers != nullptr;
  features["offers"] = app.options.customers != nullptr && app.options.customers->has_offers();
  features["replay"] = app.options.replay != nullptr;
  return features;
}

Json session_json(App& app, const Principal& who) {
  static const char* const kModes[] = {"none", "open", "session", "key"};
  return {{"mode", kModes[static_cast<int>(who.how)]},
          {"user", or_null(who.name)},
          {"role", role_name(who.role)},
          {"csrf", or_null(who.csrf)},
          {"version", app.options.version},
          {"build", app.options.build},
          {"features", features_of(app)}};
}

std::string cookie(const Request& request, const std::string& token, std::chrono::seconds lives) {
  return fmt::format("ballast_session={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", token, lives.count(),
                     request.secure ? "; Secure" : "");
}

Response log_in(App& app, Request& request) {
  app.gate.check_same_origin(request);
  const Json body = request.json();
  const auto login =
      app.gate.log_in(body["user"].get<std::string>(), body["password"].get<std::string>(), request.remote);
  Response response = json_response(session_json(app, login.principal));
  response.headers.emplace_back("Set-Cookie", cookie(request, login.token, app.gate.session_time()));
  app.log("info", "login", {{"request_id", request.id}, {"who", login.principal.name}});
  return response;
}

Response log_out(App& app, Request& request) {
  app.gate.check_same_origin(request);
  app.gate.log_out(request);
  Response response;
  response.status = 204;
  response.headers.emplace_back("Set-Cookie", cookie(request, "", std::chrono::seconds(0)));
  return response;
}

Response change_user(App& app, Request& request) {
  const Json body = request.json();
  const auto store = app.stores.lend();
  store::Accounts accounts(*store);
  auto user = accounts.find_user(request.parameter("name"));
  if (!user) throw Problem(404, "there is no such user");
  if (body.contains("role")) user->role = role_name(role_named(body["role"].get<std::string>()));
  if (body.contains("password")) user->password_hash = hash_password(body["password"].get<std::string>());
  if (body.contains("disabled")) user->disabled = body["disabled"].get<bool>();
  accounts.update_user(*user);
  return json_response(to_json(*user));
}

Response make_user(App& app, Request& request) {
  const Json body = request.json();
  const auto store = app.stores.lend();
  const std::string name = body["name"];
  add_user(*store, name, body["role"].get<std::string>(), body["password"].get<std::string>());
  return json_response(to_json(*store::Accounts(*store).find_user(name)), 201);
}

Response make_key(App& app, Request& request) {
  const Json body = request.json();
  const auto store = app.stores.lend();
  const NewKey made = add_key(*store, body["name"].get<std::string>(), body["role"].get<std::string>());
  Json json = to_json(*store::Accounts(*store).find_key(made.id));
  json["key"] = made.text;
  return json_response(json, 201);
}

template <class Records>
Json items_of(const Records& records) {
  Json items = Json::array();
  for (const auto& record : records) items.push_back(to_json(record));
  return items;
}

Json role_schema() {
  return word({"viewer", "analyst", "officer", "auditor", "admin"});
}

Response empty() {
  Response response;
  response.status = 204;
  return response;
}

}  // namespace

void add_session(App& app) {
  app.routes.add({Method::get,
                  "/v1/session",
                  Role::none,
                  Lane::quick,
                  "session",
                  "Who am I, and what is in service?",
                  {},
                  {},
                  ref("Session"),
                  200,
                  "application/json",
                  [&app](Request& r) { return json_response(session_json(app, r.principal)); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/session",
                  Role::none,
                  Lane::compute,
                  "session",
                  "Log in",
                  {},
                  object({{"user", text(64)}, {"password", text(512)}}),
                  ref("Session"),
                  200,
                  "application/json",
                  [&app](Request& r) { return log_in(app, r); },
                  {}});
  app.routes.add({Method::del,
                  "/v1/session",
                  Role::none,
                  Lane::quick,
                  "session",
                  "Log out",
                  {},
                  {},
                  {},
                  204,
                  "",
                  [&app](Request& r) { return log_out(app, r); },
                  {}});
}

void add_accounts(App& app) {
  const auto list = [](Json item) { return list_of(std::move(item)); };
  const std::vector<QueryParameter> format = {{"format", word({"json", "csv"}), ""}};
  app.routes.add({Method::get,
                  "/v1/users",
                  Role::admin,
                  Lane::quick,
                  "accounts",
                  "People",
                  format,
                  {},
                  list(ref("User")),
                  200,
                  "application/json",
                  [&app](Request& r) { return whole_list(r, items_of(store::Accounts(*app.stores.lend()).users())); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/users",
                  Role::admin,
                  Lane::compute,
                  "accounts",
                  "A new person",
                  {},
                  object({{"name", text(64)}, {"role", role_schema()}, {"password", text(512)}}),
                  ref("User"),
                  201,
                  "application/json",
                  [&app](Request& r) { return make_user(app, r); },
                  {}});
  app.routes.add({Method::patch,
                  "/v1/users/{name}",
                  Role::admin,
                  Lane::compute,
                  "accounts",
                  "Another role or password, or no access any more",
                  {},
                  object({{"role?", role_schema()}, {"password?", text(512)}, {"disabled?", boolean()}}),
                  ref("User"),
                  200,
                  "application/json",
                  [&app](Request& r) { return change_user(app, r); },
                  {}});
  app.routes.add({Method::del,
                  "/v1/users/{name}",
                  Role::admin,
                  Lane::quick,
                  "accounts",
                  "Remove a person",
                  {},
                  {},
                  {},
                  204,
                  "",
                  [&app](Request& r) {
                    store::Accounts(*app.stores.lend()).delete_user(r.parameter("name"));
                    return empty();
                  },
                  {}});
  app.routes.add({Method::get,
                  "/v1/keys",
                  Role::admin,
                  Lane::quick,
                  "accounts",
                  "Keys of programs",
                  format,
                  {},
                  list(ref("Key")),
                  200,
                  "application/json",
                  [&app](Request& r) { return whole_list(r, items_of(store::Accounts(*app.stores.lend()).keys())); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/keys",
                  Role::admin,
                  Lane::quick,
                  "accounts",
                  "A new key, shown once",
                  {},
                  object({{"name", text(64)}, {"role", role_schema()}}),
                  ref("Key"),
                  201,
                  "application/json",
                  [&app](Request& r) { return make_key(app, r); },
                  {}});
  app.routes.add({Method::del,
                  "/v1/keys/{id}",
                  Role::admin,
                  Lane::quick,
                  "accounts",
                  "Revoke a key",
                  {},
                  {},
                  {},
                  204,
                  "",
                  [&app](Request& r) {
                    store::Accounts(*app.stores.lend()).revoke_key(r.parameter("id"), base::utc_now());
                    return empty();
                  },
                  {}});
}

}  // namespace ballast::serve
