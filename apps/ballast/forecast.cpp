// SPDX-License-Identifier: Apache-2.0
// `ballast forecast`: what prices and news say about the next session, an advice with its confidence, and how such
// forecasts did walking forward.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/decide/forecast_report.h"
#include "ballast/risk/market_forecast.h"
#include "ballast/risk/market_var.h"
#include "forecast.h"
#include "forecast_news.h"
#include "replay.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct ForecastArguments {
  PriceArguments prices;
  std::string news, news_model, news_vectors, calendar = "NYSE";
  std::vector<std::string> models = {"logistic", "boosted"};
  double cost_bps = 5, var_limit = 0.05;
  int train_days = 750, refit_days = 63, embargo = 5;
  bool allow_short = false, sessions = false;
};

void print_reasons(const Json& j) {
  constexpr std::size_t kShown = 4;
  const Json& reasons = j["reasons"];
  if (reasons.empty()) {
    fmt::print("  log-odds     {:+.4f} of a rise, {}\n", j["log_odds"].get<double>(), decide::kUnusedModels);
    return;
  }
  fmt::print("  log-odds     {:+.4f} of a rise: base {:+.4f} and {} contributions, the largest:\n",
             j["log_odds"].get<double>(), j["base"].get<double>(), reasons.size());
  for (std::size_t i = 0; i < std::min(kShown, reasons.size()); ++i) {
    const Json& value = reasons[i]["value"];
    fmt::print("    {:+.4f}  {}{}\n", reasons[i]["contribution"].get<double>(),
               reasons[i]["feature"].get<std::string>(),
               value.is_null() ? "" : fmt::format(" = {:+.3f}", value.get<double>()));
  }
}

void print_forecast(const Json& j) {
  const auto percent = [](const Json& v) { return 100 * v.get<double>(); };
  fmt::print("session {}: {} ({})\n", j["session"].get<std::string>(), j["advice"].get<std::string>(),
             j["reason"].get<std::string>());
  fmt::print("  direction    {} with probability {:.3f}, 90 % interval {:.3f} to {:.3f}\n",
             j["confidence"]["direction"].get<std::string>(), j["confidence"]["probability"].get<double>(),
             j["confidence"]["interval"][0].get<double>(), j["confidence"]["interval"][1].get<double>());
  fmt::print("  return       90 % between {:+.2f} % and {:+.2f} %\n", percent(j["return_interval"]["low"]),
             percent(j["return_interval"]["high"]));
  fmt::print("  volatility   {:.2f} % a day\n", percent(j["volatility"]));
  for (const Json& t : j["tail"]) {
    fmt::print("  VaR {:<4} %   {:.2f} %, ES {:.2f} %\n", percent(t["level"]), percent(t["var"]), percent(t["es"]));
  }
  print_reasons(j);
  const Json& w = j["walk_forward"];
  fmt::print("walk-forward, {} sessions from {} to {}: {} buy, {} hold, {} sell, {} abstain\n",
             w["sessions"].get<int>(), w["first"].get<std::string>(), w["last"].get<std::string>(),
             w["advice"]["buy"].get<int>(), w["advice"]["hold"].get<int>(), w["advice"]["sell"].get<int>(),
             w["advice"]["abstain"].get<int>());
  for (const char* who : {"advised", "buy_and_hold"}) {
    const Json& p = w[who];
    fmt::print(
        "  {:<13}return {:+.2f} % a year, volatility {:.2f} %, Sharpe {:.2f}, worst drawdown {:.1f} %, turnover "
        "{:.1f}\n",
        who, percent(p["annual_return"]), percent(p["annual_volatility"]), p["sharpe"].get<double>(),
        percent(p["max_drawdown"]), p["annual_turnover"].get<double>());
  }
  fmt::print("  the 90 % return intervals held {:.1f} %\n", percent(w["interval_coverage"]));
  if (!w.contains("accuracy")) return;
  for (const char* what : {"accuracy", "accuracy_always_up", "mcc", "brier", "brier_base_rate"}) {
    fmt::print("  {:<19}{:.4f} [{:.4f}, {:.4f}]\n", what, w[what]["estimate"].get<double>(),
               w[what]["interval"][0].get<double>(), w[what]["interval"][1].get<double>());
  }
}

decide::TradeQuestion question_of(const ForecastArguments& a, const Common& common, Quarantine& prices,
                                  Quarantine& news) {
  decide::TradeQuestion q;
  q.calendar = a.calendar;
  risk::ForecastOptions& o = q.options;
  o.models.clear();
  for (const std::string& name : a.models) o.models.push_back(risk::direction_model_named(name));
  o.first_train = a.train_days, o.block = a.refit_days, o.embargo = a.embargo;
  o.cost = a.cost_bps / 1e4, o.var_limit = a.var_limit, o.allow_short = a.allow_short;
  o.seed = common.seed;
  q.series = read_series(a.prices, a.prices.files.front(), a.prices.column, common, prices);
  if (a.news.empty()) return q;
  q.news = risk::read_news(a.news, news.sink());
  if (!a.news_model.empty()) q.news_model = add_sentiment(q.news, a.news_model);
  if (!a.news_vectors.empty()) {
    q.news_model += (q.news_model.empty() ? "" : " + ") + add_vectors(q.news, a.news_vectors, common.seed);
  }
  if (q.news.quarantined > 0) {
    say(common, fmt::format("{} of {} rows of news set aside", q.news.quarantined, q.news.rows));
  }
  return q;
}

void run_forecast(const ForecastArguments& a, const Common& common) {
  if (a.prices.files.size() != 1)
    throw Error(ErrorCode::usage, "takes one file", "--prices", "a CSV with dates and prices");
  const base::Stopwatch watch;
  const auto calendar = risk::TradingCalendar::named(a.calendar);
  Quarantine quarantine, news_quarantine;
  const decide::TradeQuestion question = question_of(a, common, quarantine, news_quarantine);
  const auto report = risk::walk_forward(question.series, question.news, calendar, question.options);
  decide::Decision decision = decide::trade_decision(question, report);
  decision.cost.seconds = watch.seconds();
  keep_decision(decision, common);
  Json out = {{"source", question.series.source}, {"column", question.series.column}};
  out["decision_id"] = decision.id;
  out.update(decide::report_json(report, question.options.cost, risk::returns_of(question.series),
                                 a.sessions ? static_cast<std::int64_t>(report.sessions.size()) : 0));
  out["quarantined"] = quarantine.json();
  out["news"] = {{"items", question.news.items.size()}, {"quarantined", news_quarantine.json()}};
  if (common.json) {
    fmt::print("{}\n", base::dump_json(out));
  } else {
    print_forecast(out);
    fmt::print("decision {}: `ballast explain` and `ballast replay` take it\n", decision.id);
  }
}

}  // namespace

void add_forecast(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("forecast", "The next session from prices and news, with advice and back-tests");
  const auto a = std::make_shared<ForecastArguments>();
  add_price_options(*verb, a->prices);
  verb->add_option("--news", a->news, "CSV or JSONL with published_at, optional available_at, and columns of numbers");
  verb->add_option("--news-model", a->news_model,
                   "A classifier for the sentiment of the news; \"default\": the own one");
  verb->add_option("--news-vectors", a->news_vectors,
                   "A language model whose vectors of the news become eight numbers; \"default\": the own one");
  verb->add_option("--calendar", a->calendar, "NYSE, SSE, LSE, HKEX, JPX, XETRA or weekdays")->capture_default_str();
  verb->add_option("--models", a->models,
                   "Of the direction: logistic, boosted, transformer, commas between them; their mean log-odds count")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--cost-bps", a->cost_bps, "Cost of a trade in basis points of its value")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--var-limit", a->var_limit, "VaR 99 % that a position may have")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--train-days", a->train_days, "Sessions before the first forecast")->capture_default_str();
  verb->add_option("--refit-days", a->refit_days, "Models are kept so many sessions")->capture_default_str();
  verb->add_option("--embargo", a->embargo, "Sessions between training and forecast")->capture_default_str();
  verb->add_flag("--allow-short", a->allow_short, "A sell may be a short position");
  verb->add_flag("--sessions", a->sessions, "List every session of the walk-forward test");
  add_forecast_var(*verb, common);
  add_forecast_direction(*verb, common);
  add_forecast_volatility(*verb, common);
  add_replay("trade", decide::replay_trade);
  add_replay("var", decide::replay_var);
  add_common(*verb, common, "ballast forecast --prices sp500.csv --json");
  verb->callback([a, verb, &common] {
    if (verb->get_subcommands().empty()) run_forecast(*a, common);
  });
}

}  // namespace ballast::apps
