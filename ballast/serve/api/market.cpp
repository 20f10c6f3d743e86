// SPDX-License-Identifier: Apache-2.0
// The market desk: prices in service, VaR with its back-tests, and forecasts of the next session.
#include <fmt/format.h>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/decide/forecast_decision.h"
#include "ballast/decide/forecast_report.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"
#include "ballast/serve/live/jobs.h"
#include "ballast/serve/live/moments.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::int64_t kPoints = 1000;
constexpr std::int64_t kSessions = 250;

Response list_prices(const App& app, const Request& request) {
  Json items = Json::array();
  for (const Instrument& one : app.desks->instruments()) {
    const auto& bars = one.series.bars;
    items.push_back({{"id", one.id},
                     {"file", std::filesystem::path(one.file).filename().string()},
                     {"column", one.column},
                     {"first", risk::day_text(bars.front().day)},
                     {"last", risk::day_text(bars.back().day)},
                     {"days", bars.size()}});
  }
  return whole_list(request, std::move(items));
}

/// Bars of the span, thinned evenly to at most `most`; the last one is always there.
std::vector<const risk::Bar*> thinned(const risk::PriceSeries& series, const store::Span& span, std::size_t most) {
  std::vector<const risk::Bar*> all, kept;
  for (const risk::Bar& bar : series.bars) {
    const std::string day = risk::day_text(bar.day);
    if ((span.from.empty() || day >= span.from.substr(0, 10)) && (span.to.empty() || day <= span.to.substr(0, 10))) {
      all.push_back(&bar);
    }
  }
  const std::size_t step = (all.size() + most - 1) / std::max<std::size_t>(most, 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (step <= 1 || (all.size() - 1 - i) % step == 0) kept.push_back(all[i]);
  }
  return kept;
}

Response prices(const App& app, const Request& request) {
  const Instrument& one = app.desks->instrument(request.parameter("id"));
  store::Span span = span_of(request);
  const std::string as_of = as_of_of(request);
  if (!as_of.empty() && (span.to.empty() || as_of < span.to)) span.to = as_of;
  Json series = Json::array();
  double before = 0;
  const auto most = static_cast<std::size_t>(number_asked(request, "max_points", kPoints));
  for (const risk::Bar* bar : thinned(one.series, span, most)) {
    Json row = {{"date", risk::day_text(bar->day)}, {"close", bar->close}, {"return", nullptr}};
    if (!series.empty() && before > 0) row["return"] = bar->close / before - 1;
    before = bar->close;
    series.push_back(std::move(row));
  }
  if (request.asked("format", "json") == "csv") return whole_list(request, std::move(series));
  return json_response({{"id", one.id}, {"series", std::move(series)}});
}

Response forecast_var(App& app, const Request& request) {
  const base::Stopwatch watch;
  const Json body = request.json();
  const Instrument& one = app.desks->instrument(body["instrument"].get<std::string>());
  risk::VarOptions options;
  options.level = body.value("level", 0.99);
  options.window = body.value("window", 250);
  options.method = risk::var_method_named(body.value("method", "filtered"));
  const auto forecasts = risk::forecast_var(risk::returns_of(one.series), options);
  decide::Decision decision = decide::var_decision({one.series, options, app.options.seed}, forecasts);
  decision.cost.seconds = watch.seconds();
  app.keep(decision);
  Json rows = Json::array();
  for (const risk::VarDay& d : forecasts.days) {
    rows.push_back(
        {{"date", risk::day_text(d.day)}, {"var", d.var}, {"es", d.es}, {"return", d.ret}, {"exception", d.exception}});
  }
  return json_response({{"instrument", one.id},
                        {"method", options.method.name},
                        {"level", options.level},
                        {"window", options.window},
                        {"source", std::filesystem::path(one.file).filename().string()},
                        {"column", one.column},
                        {"series", std::move(rows)},
                        {"tests", decision.outcome["tests"]},
                        {"next", {{"var", forecasts.next_var}, {"es", forecasts.next_es}}},
                        {"decision_id", decision.id}});
}

Json forecast_direction(App& app, const Json& body, const base::ProgressSink& progress) {
  const base::Stopwatch watch;
  const Instrument& one = app.desks->instrument(body["instrument"].get<std::string>());
  decide::TradeQuestion q;
  q.series = one.series;
  q.calendar = body.value("calendar", "NYSE");
  risk::ForecastOptions& o = q.options;
  if (body.contains("models")) {
    o.models.clear();
    for (const Json& name : body["models"]) o.models.push_back(risk::direction_model_named(name.get<std::string>()));
  }
  o.cost = body.value("cost_bps", 5.0) / 1e4;
  o.allow_short = body.value("allow_short", false);
  o.seed = app.options.seed;
  progress({"walking forward", 0, 1, "series", "", false});
  const auto report = risk::walk_forward(q.series, q.news, risk::TradingCalendar::named(q.calendar), o);
  decide::Decision decision = decide::trade_decision(q, report);
  decision.cost.seconds = watch.seconds();
  app.keep(decision);
  Json out = {{"instrument", one.id}, {"decision_id", decision.id}};
  out.update(decide::report_json(report, o.cost, risk::returns_of(q.series), body.value("sessions", kSessions)));
  return out;
}

Response start_direction(App& app, const Request& request) {
  const Json body = request.json();
  app.desks->instrument(body["instrument"].get<std::string>());
  risk::TradingCalendar::named(body.value("calendar", "NYSE"));
  for (const Json& name : body.value("models", Json::array())) risk::direction_model_named(name.get<std::string>());
  const store::JobRecord job = app.jobs->add("direction", body, request.principal.name);
  Response response = json_response({{"job", to_json(job)}}, 202);
  response.headers.emplace_back("Location", "/v1/jobs/" + job.id);
  return response;
}

}  // namespace

void add_market(App& app) {
  app.jobs->add_kind("direction", [&app](const Json& body, const base::ProgressSink& progress) {
    return forecast_direction(app, body, progress);
  });
  app.routes.add({Method::get,
                  "/v1/prices",
                  Role::viewer,
                  Lane::quick,
                  "market",
                  "Prices in service",
                  {{"format", word({"json", "csv"}), ""}},
                  {},
                  list_of(open_object({{"id", text()}})),
                  200,
                  "application/json",
                  [&app](Request& r) { return list_prices(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/prices/{id}",
                  Role::viewer,
                  Lane::quick,
                  "market",
                  "One series of prices",
                  {{"from", text(40), ""},
                   {"to", text(40), ""},
                   {"as_of", text(40), ""},
                   {"max_points", integer(2, 100000), "1000 where absent; thinned evenly"},
                   {"format", word({"json", "csv"}), ""}},
                  {},
                  object({{"id", text()}, {"series", array(any())}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return prices(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/forecasts/var",
                  Role::analyst,
                  Lane::compute,
                  "market",
                  "VaR and ES day by day with their back-tests",
                  {},
                  object({{"instrument", text(300)},
                          {"level?", number(0.5, 0.9999)},
                          {"window?", integer(20, 5000)},
                          {"method?", text(40)}}),
                  open_object({{"series", array(any())}, {"tests", any()}, {"next", any()}, {"decision_id", text()}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return forecast_var(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/forecasts/direction",
                  Role::analyst,
                  Lane::quick,
                  "market",
                  "The next session from prices, with a walk-forward back-test: a job",
                  {},
                  object({{"instrument", text(300)},
                          {"models?", array(word({"logistic", "boosted", "transformer"}), 3)},
                          {"calendar?", text(20)},
                          {"cost_bps?", number(0, 1000)},
                          {"allow_short?", boolean()},
                          {"sessions?", integer(1, 5000)}}),
                  object({{"job", ref("Job")}}),
                  202,
                  "application/json",
                  [&app](Request& r) { return start_direction(app, r); },
                  {}});
}

}  // namespace ballast::serve
