// SPDX-License-Identifier: Apache-2.0
// Webhooks, and a copy of the store while it is in use.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;

Json webhook_json(const store::WebhookRecord& hook) {
  Json topics = Json::array();
  for (std::size_t at = 0; at < hook.topics.size();) {
    const std::size_t end = std::min(hook.topics.find(',', at), hook.topics.size());
    topics.push_back(hook.topics.substr(at, end - at));
    at = end + 1;
  }
  return {{"id", hook.id}, {"url", hook.url}, {"topics", topics}, {"created_at", hook.created_at}};
}

Response list_webhooks(App& app, const Request& request) {
  Json items = Json::array();
  for (const auto& hook : store::Work(*app.stores.lend()).webhooks()) items.push_back(webhook_json(hook));
  return whole_list(request, std::move(items));
}

Response make_webhook(App& app, const Request& request) {
  const Json body = request.json();
  store::WebhookRecord hook;
  hook.url = body["url"];
  if (!hook.url.starts_with("https://") && !hook.url.starts_with("http://")) {
    throw Problem(400, "must begin with https:// or http://", "body.url");
  }
  for (const Json& topic : body.value("topics", Json::array())) {
    hook.topics += (hook.topics.empty() ? "" : ",") + topic.get<std::string>();
  }
  hook.id = random_token(6), hook.secret = random_token(), hook.created_at = base::utc_now();
  store::Work(*app.stores.lend()).put_webhook(hook);
  Json json = webhook_json(hook);
  json["secret"] = hook.secret;
  return json_response(json, 201);
}

Response delete_webhook(App& app, const Request& request) {
  if (!store::Work(*app.stores.lend()).delete_webhook(request.parameter("id"))) {
    throw Problem(404, "there is no such webhook");
  }
  Response response;
  response.status = 204;
  return response;
}

Response backup(App& app, const Request& request) {
  Response response;
  response.file = std::filesystem::temp_directory_path() / ("ballast-" + request.id + ".db");
  store::Work(*app.stores.lend()).backup(response.file);
  response.passing = true;
  response.content_type = "application/vnd.sqlite3";
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"ballast-" + base::utc_now().substr(0, 10) + ".db\"");
  return response;
}

}  // namespace

void add_administration(App& app) {
  const Json hook = open_object({{"id", text()}, {"url", text()}, {"topics", array(text())}, {"created_at", text()}});
  app.routes.add({Method::get,
                  "/v1/webhooks",
                  Role::admin,
                  Lane::quick,
                  "administration",
                  "Who is told what",
                  {{"format", word({"json", "csv"}), ""}},
                  {},
                  list_of(hook),
                  200,
                  "application/json",
                  [&app](Request& r) { return list_webhooks(app, r); },
                  {}});
  app.routes.add(
      {Method::post,
       "/v1/webhooks",
       Role::admin,
       Lane::quick,
       "administration",
       "Tell another system; the secret of its signatures is shown once",
       {},
       object({{"url", text(2000)}, {"topics?", array(word({"signals", "alerts", "cases", "decisions"}), 4)}}),
       hook,
       201,
       "application/json",
       [&app](Request& r) { return make_webhook(app, r); },
       {}});
  app.routes.add({Method::del,
                  "/v1/webhooks/{id}",
                  Role::admin,
                  Lane::quick,
                  "administration",
                  "Tell it no more",
                  {},
                  {},
                  {},
                  204,
                  "",
                  [&app](Request& r) { return delete_webhook(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/backup",
                  Role::admin,
                  Lane::quick,
                  "administration",
                  "A copy of the store as it is at this moment",
                  {},
                  {},
                  {},
                  200,
                  "application/vnd.sqlite3",
                  [&app](Request& r) { return backup(app, r); },
                  {}});
}

}  // namespace ballast::serve
