// SPDX-License-Identifier: Apache-2.0
// The operations desk: logs to templates and anomalies, transactions, and the probability of events.
#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/decide/event_decision.h"
#include "ballast/decide/log_window_decision.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/risk/operations_templates.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::size_t kMostLines = 50000;
constexpr std::size_t kMostTransactions = 5000;

Response templates(const Request& request) {
  const Json body = request.json();
  risk::TemplateMiner miner;
  std::vector<std::string> contents;
  std::vector<std::int64_t> ids;
  for (const Json& line : body["lines"]) {
    contents.emplace_back(risk::split_log_line(line.get_ref<const std::string&>()).content);
    ids.push_back(miner.add(contents.back()));
  }
  Json items = Json::array(), all = Json::array();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::int64_t id = miner.resolve(ids[i]);
    items.push_back({{"line", i + 1},
                     {"template_id", id},
                     {"template", miner.text(id)},
                     {"parameters", miner.parameters(id, contents[i])}});
  }
  for (const risk::LogTemplate& t : miner.templates()) {
    all.push_back({{"id", t.id}, {"text", t.text}, {"lines", t.lines}});
  }
  return json_response({{"items", items}, {"templates", all}});
}

/// Windows of the model's length over the lines; a last one that is not full is left out, as in training.
Response log_anomalies(App& app, const Request& request) {
  const Json body = request.json();
  const risk::LogWindowModel& model = app.desks->log_windows();
  const std::string folder = [&] {
    for (const ServedModel& served : app.desks->models()) {
      if (served.kind == "log_windows") return served.folder;
    }
    return std::string();
  }();
  const auto width = static_cast<std::size_t>(model.options().window);
  const Json& lines = body["lines"];
  Json items = Json::array();
  for (std::size_t at = 0; at + width <= lines.size(); at += width) {
    Json events = Json::array();
    for (std::size_t i = at; i < at + width; ++i) {
      const auto& line = lines[i].get_ref<const std::string&>();
      events.push_back(model.event_of(risk::cut_log_line(line, model.options()).content));
    }
    decide::Decision decision = decide::judge_window(model, folder, app.desks->log_model_hash(),
                                                     {{"source", body.value("source", "http")},
                                                      {"first_line", at + 1},
                                                      {"last_line", at + width},
                                                      {"events", events}});
    Json item = {{"first_line", at + 1}, {"last_line", at + width}};
    item.update(decision.outcome);
    item["decision_id"] = nullptr;
    if (decision.outcome["anomaly"].get<bool>()) {  // the others are what is normal: nobody asks why
      app.keep(decision);
      item["decision_id"] = decision.id;
      const auto step = static_cast<std::size_t>(decision.outcome["step"].get<std::int64_t>());
      if (step >= 1 && step <= width) {
        item["line"] = at + step;
        item["text"] = lines[at + step - 1];
      }
    }
    items.push_back(std::move(item));
  }
  return json_response({{"window", width}, {"left_out", lines.size() % width}, {"items", items}});
}

Response transactions(App& app, const Request& request) {
  const base::Stopwatch watch;
  const Json body = request.json();
  const decide::FraudDesk& desk = app.desks->fraud();
  std::vector<ingest::Record> rows;
  for (const Json& one : body["transactions"]) {
    ingest::Record row;
    row.source = "transactions";
    row.line = static_cast<std::int64_t>(rows.size()) + 1;
    row.object = one;
    rows.push_back(std::move(row));
  }
  Json rejected = Json::array(), items = Json::array();
  auto cases = desk.run(std::move(rows), [&](const ingest::Quarantined& q) {
    rejected.push_back({{"row", q.line}, {"column", q.column}, {"reason", q.reason}});
  });
  const bool chinese = body.value("language", "en") == "zh";
  desk.explain(cases, chinese);
  for (const decide::FraudCase& one : cases) {
    decide::Decision decision = desk.record_of(one, chinese);
    decision.cost.seconds = watch.seconds() / static_cast<double>(cases.size());
    app.keep(decision);
    items.push_back(desk.json_of(one, decision.id, body.value("all_reasons", false)));
  }
  return json_response({{"items", items}, {"rejected", rejected}});
}

decide::Observation observation_of(const std::vector<store::LossEventRecord>& losses, const Json& body) {
  const auto day = [](const store::LossEventRecord& loss) { return risk::day_number(loss.occurred_on, "date"); };
  const auto [first, last] =
      std::minmax_element(losses.begin(), losses.end(), [&](const auto& a, const auto& b) { return day(a) < day(b); });
  decide::Observation o{day(*first), day(*last)};
  for (const char* end : {"from", "as_of"}) {
    if (!body.contains(end)) continue;
    try {
      (std::string(end) == "from" ? o.first_day : o.last_day) = risk::day_number(body[end].get<std::string>(), end);
    } catch (const std::invalid_argument& e) {
      throw Problem(400, e.what(), std::string("body.") + end);
    }
  }
  if (o.last_day <= o.first_day) throw Problem(400, "nothing is observed between these days", "body.from");
  return o;
}

/// Operational signals of each period, the last of which ends with the observation.
std::vector<double> signal_counts(store::Store& store, const decide::Observation& o, double period) {
  std::vector<double> sums(static_cast<std::size_t>(std::floor(o.days() / period + 1e-9)), 0);
  for (const store::SignalTime& signal : store.signal_times("operational")) {
    try {
      const double before_end = static_cast<double>(o.last_day - risk::day_number(signal.at, "at")) + 0.5;
      if (before_end < 0) continue;  // not known yet
      const auto back = static_cast<std::size_t>(before_end / period);
      if (back < sums.size()) sums[sums.size() - 1 - back] += 1;
    } catch (const std::invalid_argument&) {  // a source that writes dates in words
    }
  }
  return sums;
}

Response events(App& app, const Request& request) {
  const Json body = request.json();
  const auto store = app.stores.lend();
  const auto losses = store->losses();
  if (losses.empty()) {
    throw Problem(422, "the register holds no loss event", "",
                  "POST /v1/operations/losses, or ballast operations losses import FILE");
  }
  const decide::Observation o = observation_of(losses, body);
  decide::EventSettings settings;
  settings.horizon_days = body["horizon_days"];
  settings.period_days = body.value("period_days", risk::default_period(o.days(), settings.horizon_days));
  std::vector<risk::EventCovariate> covariates;
  if (body.value("signals", false)) {
    covariates.push_back({"operational signals", signal_counts(*store, o, settings.period_days)});
  }
  std::vector<std::string> types(risk::basel_event_types().begin(), risk::basel_event_types().end());
  if (body.contains("types")) types = body["types"].get<std::vector<std::string>>();
  Json forecasts = Json::array();
  for (const std::string& type : types) {
    decide::Decision decision = decide::event_decision(
        type, decide::event_inputs(losses, type, o, settings, covariates, app.options.seed), app.options.seed);
    app.keep(decision);
    Json one = {{"type", type}, {"decision_id", decision.id}};
    one.update(decision.outcome);
    forecasts.push_back(std::move(one));
  }
  return json_response({{"from", decide::date_of(o.first_day)},
                        {"as_of", decide::date_of(o.last_day)},
                        {"horizon_days", settings.horizon_days},
                        {"period_days", settings.period_days},
                        {"forecasts", forecasts}});
}

Response event_probabilities(App& app, const Request& request) {
  const auto store = app.stores.lend();
  Json items = Json::array();
  for (const store::DecisionRecord& record : store::Lists(*store).newest_by_subject("event")) {
    const Json result = base::parse_json(record.result, "decision " + record.id);
    const Json inputs = record.inputs.empty() ? Json() : base::parse_json(record.inputs, "decision " + record.id);
    items.push_back({{"type", record.subject},
                     {"probability", result["probability"]},
                     {"interval", result["interval"]},
                     {"horizon_days", inputs.is_object() ? inputs.value("horizon_days", Json()) : Json()},
                     {"model", record.model},
                     {"decision_id", record.id},
                     {"created_at", record.created_at}});
  }
  return whole_list(request, std::move(items));
}

void add_events(App& app) {
  app.routes.add({Method::post,
                  "/v1/operations/events",
                  Role::analyst,
                  Lane::compute,
                  "operations",
                  "Probability of an event of each Basel type within a horizon, from the stored losses",
                  {},
                  object({{"horizon_days", number(1, 36500)},
                          {"types?", array(basel_type(), 7)},
                          {"period_days?", number(1, 36500)},
                          {"from?", text(10)},
                          {"as_of?", text(10)},
                          {"signals?", boolean()}}),
                  object({{"from", text()},
                          {"as_of", text()},
                          {"horizon_days", number()},
                          {"period_days", number()},
                          {"forecasts", array(any())}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return events(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/operations/event-probabilities",
                  Role::viewer,
                  Lane::quick,
                  "operations",
                  "The newest such probability of each type",
                  {{"format", word({"json", "csv"}), ""}},
                  {},
                  list_of(open_object({{"type", text()}, {"decision_id", text()}})),
                  200,
                  "application/json",
                  [&app](Request& r) { return event_probabilities(app, r); },
                  {}});
}

}  // namespace

void add_operations(App& app) {
  app.routes.add({Method::post,
                  "/v1/operations/templates",
                  Role::viewer,
                  Lane::compute,
                  "operations",
                  "What a log always says, and what varies",
                  {},
                  object({{"lines", array(text(10000), kMostLines)}}),
                  object({{"items", array(any())}, {"templates", array(any())}}),
                  200,
                  "application/json",
                  [](Request& r) { return templates(r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/operations/log-anomalies",
                  Role::analyst,
                  Lane::compute,
                  "operations",
                  "Windows of a log that the model finds strange, each with the line that caused it",
                  {},
                  object({{"lines", array(text(10000), kMostLines)}, {"source?", text(300)}}),
                  object({{"window", integer()}, {"left_out", integer()}, {"items", array(any())}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return log_anomalies(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/operations/transactions",
                  Role::analyst,
                  Lane::compute,
                  "operations",
                  "Transactions through the fraud model and its rules",
                  {},
                  object({{"transactions", array(map_of(any()), kMostTransactions)},
                          {"language?", word({"en", "zh"})},
                          {"all_reasons?", boolean()}}),
                  object({{"items", array(any())}, {"rejected", array(any())}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return transactions(app, r); },
                  {}});
  add_events(app);
  add_losses(app);
}

}  // namespace ballast::serve
