// SPDX-License-Identifier: Apache-2.0
// Decisions: listed, explained, repeated, and overridden by two people.
#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/decide/decision.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;

Response list_decisions(App& app, const Request& request, std::vector<std::string> kinds) {
  store::DecisionFilter filter;
  filter.kinds = kinds.empty() ? words_asked(request, "kind") : std::move(kinds);
  filter.subject = request.asked("subject", ""), filter.model = request.asked("model", "");
  filter.outcome = request.asked("outcome", "");
  filter.span = span_of(request);
  const auto store = app.stores.lend();
  return list_response(request,
                       [&](const store::Page& page) { return to_page(store::Lists(*store).decisions(filter, page)); });
}

Response one_decision(App& app, const Request& request) {
  const auto store = app.stores.lend();
  const auto found = decide::find(*store, request.parameter("id"));
  if (!found) throw Problem(404, "there is no such decision");
  Json json = decide::decision_json(*found);
  json["override"] = nullptr;
  if (const auto last = store::Lists(*store).last_override(found->id)) json["override"] = to_json(*last);
  return json_response(json);
}

Response replay(App& app, const Request& request) {
  const auto store = app.stores.lend();
  const auto was = decide::find(*store, request.parameter("id"));
  if (!was) throw Problem(404, "there is no such decision");
  if (!app.options.replay) throw Problem(501, "this service does not repeat decisions");
  if (was->inputs.is_null()) throw Problem(409, "its inputs have been erased; only their hash is kept");
  const base::Stopwatch watch;
  Json differences = Json::array();
  for (const decide::Difference& d : decide::differences(*was, app.options.replay(*was))) {
    differences.push_back({{"field", d.field}, {"was", d.was}, {"now", d.now}});
  }
  return json_response({{"id", was->id},
                        {"kind", was->kind},
                        {"identical", differences.empty()},
                        {"differences", differences},
                        {"seconds", watch.seconds()}});
}

Response propose(App& app, const Request& request) {
  const Json body = request.json();
  const auto store = app.stores.lend();
  if (!store->find_decision(request.parameter("id"))) throw Problem(404, "there is no such decision");
  const auto last = store::Lists(*store).last_override(request.parameter("id"));
  if (last && last->status == "proposed") {
    throw Problem(409, "an override of this decision waits for a second person already", "", "override " + last->id);
  }
  store::OverrideRecord o;
  o.id = random_token(8);
  o.decision_id = request.parameter("id");
  o.outcome = body["outcome"], o.reason = body["reason"], o.status = "proposed";
  o.proposed_by = request.principal.name, o.created_at = base::utc_now();
  store::Work(*store).put_override(o);
  return json_response(to_json(o), 201);
}

Response settle(App& app, const Request& request, const std::string& status) {
  const auto store = app.stores.lend();
  store::OverrideRecord settled;
  settled.id = request.parameter("id");
  settled.status = status, settled.decided_by = request.principal.name, settled.decided_at = base::utc_now();
  settled.note = request.json().value("note", "");
  const auto done = store::Work(*store).settle_override(settled, [&](const store::OverrideRecord& was) {
    if (was.status != "proposed") throw Problem(409, "the override is " + was.status + " already");
    if (was.proposed_by == request.principal.name) {
      throw Problem(403, "four eyes: somebody else than " + was.proposed_by + " has to decide this");
    }
  });
  return json_response(to_json(done));
}

void add_overrides(App& app) {
  app.routes.add({Method::post,
                  "/v1/decisions/{id}/overrides",
                  Role::officer,
                  Lane::quick,
                  "decisions",
                  "Propose another outcome; a second person decides",
                  {},
                  object({{"outcome", text(200)}, {"reason", text(5000)}}),
                  ref("Override"),
                  201,
                  "application/json",
                  [&app](Request& r) { return propose(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/overrides",
                  Role::viewer,
                  Lane::quick,
                  "decisions",
                  "Overrides, the newest first",
                  list_parameters({{"status", word({"proposed", "approved", "refused"}), ""}}),
                  {},
                  list_of(ref("Override")),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    return list_response(r, [&](const store::Page& page) {
                      return to_page(store::Lists(*store).overrides(r.asked("status", ""), page));
                    });
                  },
                  {}});
  for (const auto& [action, status] : {std::pair("approve", "approved"), std::pair("refuse", "refused")}) {
    app.routes.add({Method::post,
                    std::string("/v1/overrides/{id}/") + action,
                    Role::officer,
                    Lane::quick,
                    "decisions",
                    std::string("The second person's word: ") + action,
                    {},
                    object({{"note?", text(5000)}}),
                    ref("Override"),
                    200,
                    "application/json",
                    [&app, name = std::string(status)](Request& r) { return settle(app, r, name); },
                    {}});
  }
}

}  // namespace

void add_decisions(App& app) {
  const auto list_route = [&](const std::string& path, const std::string& about, std::vector<std::string> kinds) {
    std::vector<QueryParameter> own = {{"subject", text(300), ""},
                                       {"model", text(500), ""},
                                       {"outcome", text(100), "approve, refer, decline …"},
                                       {"from", text(40), ""},
                                       {"to", text(40), ""}};
    if (kinds.empty()) own.push_back({"kind", text(200), "with commas between them"});
    app.routes.add({Method::get,
                    path,
                    Role::viewer,
                    Lane::quick,
                    "decisions",
                    about,
                    list_parameters(own),
                    {},
                    list_of(ref("Decision")),
                    200,
                    "application/json",
                    [&app, kinds](Request& r) { return list_decisions(app, r, kinds); },
                    {}});
  };
  list_route("/v1/decisions", "Decisions of all desks, the newest first", {});
  list_route("/v1/credit/applications", "Applications that were decided", {"credit"});
  list_route("/v1/forecasts", "Forecasts of the market desk", {"var", "trade"});
  list_route("/v1/advice", "Advice on portfolios", {"portfolio"});
  list_route("/v1/customers", "Scores of customers and offers to them", {"customer", "offer"});
  list_route("/v1/comparisons", "Language models against traditional methods", {"comparison"});
  for (const char* path : {"/v1/decisions/{id}", "/v1/decisions/{id}/explain"}) {
    app.routes.add({Method::get,
                    path,
                    Role::viewer,
                    Lane::quick,
                    "decisions",
                    "A decision with all that it was made from",
                    {},
                    {},
                    ref("DecisionDetail"),
                    200,
                    "application/json",
                    [&app](Request& r) { return one_decision(app, r); },
                    {}});
  }
  app.routes.add({Method::post,
                  "/v1/decisions/{id}/replay",
                  Role::viewer,
                  Lane::compute,
                  "decisions",
                  "The same decision again, compared bit for bit; nothing is kept",
                  {},
                  {},
                  object({{"id", text()},
                          {"kind", text()},
                          {"identical", boolean()},
                          {"differences", array(any())},
                          {"seconds", number()}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return replay(app, r); },
                  {}});
  add_overrides(app);
}

}  // namespace ballast::serve
