// SPDX-License-Identifier: Apache-2.0
// Alerts, cases that people open about them, and the stream of what happens.
#include <charconv>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/risk/operations_cases.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;

store::AlertRecord find_alert(store::Store& store, const std::string& id) {
  auto alert = store::Work(store).find_alert(id);
  if (!alert) throw Problem(404, "there is no such alert");
  return *alert;
}

Response acknowledge(App& app, const Request& request) {
  const auto store = app.stores.lend();
  auto alert = find_alert(*store, request.parameter("id"));
  if (alert.status != "open") throw Problem(409, "the alert is " + alert.status + " already");
  alert.status = "acknowledged";
  alert.acknowledged_by = request.principal.name, alert.acknowledged_at = base::utc_now();
  alert.note = request.json().value("note", "");
  store::Work(*store).update_alert(alert);
  app.hub.publish("alerts", "alert", to_json(alert));
  return json_response(to_json(alert));
}

Response open_case_of(App& app, const Request& request) {
  const auto store = app.stores.lend();
  auto alert = find_alert(*store, request.parameter("id"));
  const std::string id = risk::case_id("alert", alert.id, alert.title), now = base::utc_now();
  if (!store->find_case(id)) {
    store->open_case({id, alert.kind, alert.title, now, {{1, "open", request.principal.name, alert.title, now}}});
  }
  alert.case_id = id;
  if (alert.status == "open") {
    alert.status = "acknowledged";
    alert.acknowledged_by = request.principal.name, alert.acknowledged_at = now;
  }
  store::Work(*store).update_alert(alert);
  app.hub.publish("alerts", "alert", to_json(alert));
  return json_response(to_json(*store->find_case(id)), 201);
}

Response list_cases(App& app, const Request& request) {
  const auto store = app.stores.lend();
  const std::string status = request.asked("status", "open"), assignee = request.asked("assignee", "");
  return list_response(request, [&](const store::Page& page) {
    // Whether a case is open is not a column: it follows from its steps. So pages may be short, never wrong.
    const auto listed = store::Lists(*store).cases(request.asked("kind", ""), page);
    ListPage out;
    out.next = listed.next;
    for (const store::CaseRecord& record : listed.items) {
      const risk::CaseState state = risk::case_state(record);
      if (status != "all" && (status == "open") != state.open) continue;
      if (assignee.empty() || state.assignee == assignee) out.items.push_back(to_json(record));
    }
    return out;
  });
}

Response open_case(App& app, const Request& request) {
  const Json body = request.json();
  const std::string kind = body["kind"], subject = body["subject"], note = body["note"], now = base::utc_now();
  const auto store = app.stores.lend();
  const std::string id = risk::case_id(kind, subject, note + now);
  store->open_case({id, kind, subject, now, {{1, "open", request.principal.name, note, now}}});
  return json_response(to_json(*store->find_case(id)), 201);
}

Response step(App& app, const Request& request, const std::string& action) {
  const std::string note = request.json()[action == "assign" ? "to" : "note"];
  if (note.find_first_not_of(" \t\n") == std::string::npos) {
    throw Problem(400, "is empty", action == "assign" ? "body.to" : "body.note");
  }
  const auto store = app.stores.lend();
  const std::string& id = request.parameter("id");
  if (!store->find_case(id)) throw Problem(404, "there is no such case");
  try {
    const auto record =
        store->add_case_event(id, {0, action, request.principal.name, note, base::utc_now()},
                              [&](const store::CaseRecord& was) { risk::check_case_step(was, action); });
    return json_response(to_json(record));
  } catch (const base::Error& e) {
    if (e.code() == base::ErrorCode::bad_input) throw Problem(409, e.problem());
    throw;
  }
}

Response stream_events(App& app, const Request& request) {
  std::set<std::string> topics;
  for (const std::string& topic : words_asked(request, "topics")) {
    static const std::set<std::string> kTopics = {"signals", "alerts", "cases", "decisions", "jobs", "feedback"};
    if (!kTopics.contains(topic)) {
      throw Problem(400, "there is no topic " + topic, "query.topics",
                    "signals, alerts, cases, decisions, jobs, feedback");
    }
    topics.insert(topic);
  }
  std::uint64_t after = 0;
  if (const std::string* last = request.header("last-event-id")) {
    std::from_chars(last->data(), last->data() + last->size(), after);
  }
  Response response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.stream = app.hub.listen(std::move(topics), after);
  return response;
}

void add_cases(App& app) {
  app.routes.add({Method::get,
                  "/v1/operations/cases",
                  Role::viewer,
                  Lane::quick,
                  "operations",
                  "Cases",
                  list_parameters({{"status", word({"open", "closed", "all"}), "open where absent"},
                                   {"kind", text(100), ""},
                                   {"assignee", text(100), ""}}),
                  {},
                  list_of(ref("Case")),
                  200,
                  "application/json",
                  [&app](Request& r) { return list_cases(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/operations/cases",
                  Role::analyst,
                  Lane::quick,
                  "operations",
                  "Open a case",
                  {},
                  object({{"kind", text(100)}, {"subject", text(300)}, {"note", text(5000)}}),
                  ref("Case"),
                  201,
                  "application/json",
                  [&app](Request& r) { return open_case(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/operations/cases/{id}",
                  Role::viewer,
                  Lane::quick,
                  "operations",
                  "A case with all its steps",
                  {},
                  {},
                  ref("Case"),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto found = app.stores.lend()->find_case(r.parameter("id"));
                    if (!found) throw Problem(404, "there is no such case");
                    return json_response(to_json(*found));
                  },
                  {}});
  for (const char* action : {"assign", "annotate", "close", "reopen"}) {
    app.routes.add({Method::post,
                    std::string("/v1/operations/cases/{id}/") + action,
                    Role::analyst,
                    Lane::quick,
                    "operations",
                    std::string("The case's next step: ") + action,
                    {},
                    object({{std::string(action) == "assign" ? "to" : "note", text(5000)}}),
                    ref("Case"),
                    200,
                    "application/json",
                    [&app, name = std::string(action)](Request& r) { return step(app, r, name); },
                    {}});
  }
}

}  // namespace

void add_alerts(App& app) {
  app.routes.add({Method::get,
                  "/v1/alerts",
                  Role::viewer,
                  Lane::quick,
                  "alerts",
                  "Alerts, the newest first",
                  list_parameters({{"status", word({"open", "acknowledged", "closed", "all"}), "all where absent"},
                                   {"min_severity", integer(0, 3), ""}}),
                  {},
                  list_of(ref("Alert")),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    const std::string status = r.asked("status", "all");
                    return list_response(r, [&](const store::Page& page) {
                      return to_page(store::Lists(*store).alerts(
                          status == "all" ? "" : status, static_cast<int>(number_asked(r, "min_severity", 0)), page));
                    });
                  },
                  {}});
  app.routes.add({Method::post,
                  "/v1/alerts/{id}/acknowledge",
                  Role::analyst,
                  Lane::quick,
                  "alerts",
                  "Somebody has seen it",
                  {},
                  object({{"note?", text(2000)}}),
                  ref("Alert"),
                  200,
                  "application/json",
                  [&app](Request& r) { return acknowledge(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/alerts/{id}/case",
                  Role::analyst,
                  Lane::quick,
                  "alerts",
                  "Open a case about it, once",
                  {},
                  {},
                  ref("Case"),
                  201,
                  "application/json",
                  [&app](Request& r) { return open_case_of(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/stream",
                  Role::viewer,
                  Lane::quick,
                  "alerts",
                  "Server-sent events: what is new, as it comes",
                  {{"topics", text(200), "signals, alerts, cases, decisions, jobs, feedback; all where absent"}},
                  {},
                  {},
                  200,
                  "text/event-stream",
                  [&app](Request& r) { return stream_events(app, r); },
                  {}});
  add_cases(app);
}

}  // namespace ballast::serve
