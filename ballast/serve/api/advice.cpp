// SPDX-License-Identifier: Apache-2.0
// Advice on a portfolio: the questionnaire, the advice, and the page for the client.
#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/decide/advice.h"
#include "ballast/decide/advice_decision.h"
#include "ballast/decide/report.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::size_t kMostHoldings = 500;

Response questionnaire() {
  Json questions = Json::array();
  for (const decide::Question& q : decide::questionnaire()) {
    Json answers = Json::array();
    for (const decide::Answer& a : q.answers) {
      answers.push_back({{"key", a.key}, {"points", a.points}, {"en", a.en}, {"zh", a.zh}});
    }
    questions.push_back(
        {{"id", q.id}, {"dimension", q.dimension}, {"en", q.en}, {"zh", q.zh}, {"answers", std::move(answers)}});
  }
  return json_response({{"questions", questions}});
}

/// A basic TOML string.
std::string toml_text(const std::string& value) {
  return base::dump_json(value);  // JSON escapes are a subset of TOML's
}

std::string profile_of(const Json& body) {
  std::string toml = "[client]\nname = " + toml_text(body["client"].get<std::string>()) + "\n\n[answers]\n";
  for (const auto& [question, answer] : body["answers"].items()) {
    const auto& all = decide::questionnaire();
    if (std::none_of(all.begin(), all.end(), [&](const decide::Question& q) { return q.id == question; })) {
      throw Problem(400, "is no question", "body.answers." + question, "GET /v1/advice/questionnaire");
    }
    toml += question + " = " + toml_text(answer.get<std::string>()) + "\n";
  }
  decide::parse_profile(toml, "body.answers");
  return toml;
}

std::vector<decide::HoldingLine> holdings_of(const Json& list) {
  std::vector<decide::HoldingLine> holdings;
  for (const Json& one : list) {
    decide::HoldingLine line;
    line.line = static_cast<std::int64_t>(holdings.size()) + 1;
    const std::string where = fmt::format("body.holdings[{}]", holdings.size());
    line.instrument = one["instrument"], line.currency = one["currency"], line.group = one.value("class", "");
    if (one.contains("quantity") == one.contains("value")) {
      throw Problem(400, "needs a quantity or a value, and not both", where);
    }
    (one.contains("quantity") ? line.quantity : line.value) =
        one.contains("quantity") ? one["quantity"].get<double>() : one["value"].get<double>();
    if (one.contains("duration")) line.duration = one["duration"].get<double>();
    if (one.contains("beta")) line.beta = one["beta"].get<double>();
    holdings.push_back(std::move(line));
  }
  if (holdings.empty()) throw Problem(400, "holds nothing", "body.holdings");
  return holdings;
}

/// The price file that was named, or the first one.
std::string price_file(const App& app, const std::string& name) {
  if (app.options.prices.empty()) throw Problem(501, "no prices are in service", "", "ballast serve --prices FILE");
  if (name.empty()) return app.options.prices.front();
  for (const std::string& file : app.options.prices) {
    if (std::filesystem::path(file).filename() == name) return file;
  }
  throw Problem(404, "there is no price file \"" + name + "\" in service", "body.prices", "GET /v1/prices");
}

Response advise(App& app, const Request& request) {
  const Json body = request.json();
  const std::string file = price_file(app, body.value("prices", ""));
  decide::AdviceInputs inputs;
  inputs.holdings = holdings_of(body["holdings"]);
  inputs.profile = profile_of(body);
  inputs.settings.objective = risk::objective_named(body.value("objective", "min-variance"));
  inputs.settings.currency = body.value("currency", "");
  inputs.settings.index = body.value("index", "");
  inputs.settings.held_only = body.value("held_only", false);
  const risk::PricePanel panel = risk::read_panel(file);
  inputs.prices_file = std::filesystem::path(file).filename().string();
  inputs.prices_hash = base::sha256_file(file);
  decide::take_prices(inputs, panel);
  decide::Decision decision = decide::portfolio_decision(inputs, app.options.seed);
  app.keep(decision);
  Json json = {{"decision_id", decision.id}};
  json.update(decision.outcome);
  return json_response(json, 201);
}

Response report(App& app, const Request& request) {
  const auto store = app.stores.lend();
  const auto d = decide::find(*store, request.parameter("id"));
  if (!d || d->kind != "portfolio") throw Problem(404, "there is no such advice");
  if (d->inputs.is_null()) throw Problem(409, "the inputs of this advice have been erased");
  decide::ReportFacts facts{d->id,
                            d->created_at,
                            d->build,
                            d->inputs.value("prices_file", ""),
                            d->inputs.value("prices_hash", ""),
                            d->policy_hash,
                            {},
                            "not computed for this page; `ballast advise backtest` does"};
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'");
  response.body = decide::report_html(
      d->outcome, facts, request.asked("language", "en") == "zh" ? decide::Language::zh : decide::Language::en);
  return response;
}

}  // namespace

void add_advice(App& app) {
  app.routes.add({Method::get,
                  "/v1/advice/questionnaire",
                  Role::viewer,
                  Lane::quick,
                  "advice",
                  "The open questionnaire of the risk profile",
                  {},
                  {},
                  object({{"questions", array(any())}}),
                  200,
                  "application/json",
                  [](Request&) { return questionnaire(); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/advice",
                  Role::analyst,
                  Lane::compute,
                  "advice",
                  "Trades, hedges and words for holdings and a profile",
                  {},
                  object({{"client", text(200)},
                          {"answers", map_of(text(100))},
                          {"holdings", array(object({{"instrument", text(100)},
                                                     {"currency", text(3)},
                                                     {"quantity?", number()},
                                                     {"value?", number()},
                                                     {"class?", text(100)},
                                                     {"duration?", number()},
                                                     {"beta?", number()}}),
                                             kMostHoldings)},
                          {"prices?", text(300)},
                          {"objective?", word({"min-variance", "min-cvar", "risk-parity", "mean-variance"})},
                          {"currency?", text(3)},
                          {"index?", text(100)},
                          {"held_only?", boolean()}}),
                  open_object({{"decision_id", text()}, {"outcome", text()}, {"positions", array(any())}}),
                  201,
                  "application/json",
                  [&app](Request& r) { return advise(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/advice/{id}/report",
                  Role::viewer,
                  Lane::quick,
                  "advice",
                  "The page for the client, made to be printed",
                  {{"language", word({"en", "zh"}), ""}},
                  {},
                  {},
                  200,
                  "text/html",
                  [&app](Request& r) { return report(app, r); },
                  {}});
}

}  // namespace ballast::serve
