// SPDX-License-Identifier: Apache-2.0
// `ballast forecast volatility`: which method forecasts tomorrow's volatility best, and whether the difference could be
// luck.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/risk/market_volatility_comparison.h"
#include "forecast.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct ForecastVolatilityArguments {
  PriceArguments prices;
  risk::VolatilityComparisonOptions options;
  bool days = false;
};

/// A champion's twin differs by nothing or by one number everywhere: the statistic may be infinite.
Json difference_json(const tabular::DieboldMariano& d) {
  return {{"difference", d.difference},
          {"interval", {d.low, d.high}},
          {"statistic", decide::number_json(d.statistic)},
          {"p_value", d.p_value},
          {"lags", d.lags}};
}

/// In words: who wins by QLIKE, and what chance could explain.
std::string verdict_of(const risk::VolatilityComparison& c) {
  const auto& champion = c.models[c.champion];
  std::string better, worse;
  for (const auto& m : c.models) {
    if (m.model == champion.model || m.qlike_p_holm >= 0.05) continue;
    std::string& list = m.by_qlike.difference < 0 ? better : worse;
    list += (list.empty() ? "" : ", ") + m.model;
  }
  if (better.empty() && worse.empty()) return "no method differs from " + champion.model + " by more than chance";
  if (better.empty()) return "none beats " + champion.model + "; worse by more than chance: " + worse;
  return "better than " + champion.model + " by more than chance: " + better +
         (worse.empty() ? "" : "; worse: " + worse);
}

Json comparison_json(const risk::VolatilityComparison& c, bool days) {
  const auto& champion = c.models[c.champion];
  Json out = {{"first", risk::day_text(c.days.front())},
              {"last", risk::day_text(c.days.back())},
              {"days", c.days.size()},
              {"champion", champion.model}};
  out["models"] = Json::array();
  for (const auto& m : c.models) {
    Json row = {{"model", m.model}, {"qlike", m.qlike}, {"mse", m.mse}, {"next", m.next}, {"seconds", m.seconds}};
    if (m.model != champion.model) {
      row["against_champion"] = {{"qlike", difference_json(m.by_qlike)}, {"mse", difference_json(m.by_mse)}};
      row["against_champion"]["qlike"]["p_value_holm"] = m.qlike_p_holm;
    }
    out["models"].push_back(std::move(row));
  }
  out["verdict"] = verdict_of(c);
  if (!days) return out;
  for (std::size_t i = 0; i < c.days.size(); ++i) {
    Json row = {{"date", risk::day_text(c.days[i])}, {"square", c.squares[i]}};
    for (const auto& m : c.models) row[m.model] = m.sigma[i];
    out["series"].push_back(std::move(row));
  }
  return out;
}

void print_forecast_volatility(const Json& j) {
  fmt::print("one-day-ahead volatility, {} days from {} to {}; the champion is {}\n", j["days"].get<std::int64_t>(),
             j["first"].get<std::string>(), j["last"].get<std::string>(), j["champion"].get<std::string>());
  fmt::print("{:<12} {:>8} {:>12} {:>10} {:>9} {:>22} {:>9}\n", "model", "QLIKE", "MSE", "tomorrow", "QLIKE -",
             "95 % interval", "p (Holm)");
  for (const Json& m : j["models"]) {
    fmt::print("{:<12} {:>8.4f} {:>12.4g} {:>10.4g}", m["model"].get<std::string>(), m["qlike"].get<double>(),
               m["mse"].get<double>(), m["next"].get<double>());
    if (m.contains("against_champion")) {
      const Json& d = m["against_champion"]["qlike"];
      fmt::print(" {:>+9.4f} {:>22} {:>9.3g}", d["difference"].get<double>(),
                 fmt::format("{:+.4f} to {:+.4f}", d["interval"][0].get<double>(), d["interval"][1].get<double>()),
                 d["p_value_holm"].get<double>());
    }
    fmt::print("\n");
  }
  fmt::print("{}\n", j["verdict"].get<std::string>());
}

void run_forecast_volatility(const ForecastVolatilityArguments& a, const Common& common) {
  if (a.prices.files.size() != 1)
    throw Error(ErrorCode::usage, "takes one file", "--prices", "a CSV with dates and prices");
  Quarantine quarantine;
  const auto series = read_series(a.prices, a.prices.files.front(), a.prices.column, common, quarantine);
  risk::VolatilityComparisonOptions options = a.options;
  options.seed = common.seed;
  Json out = {{"source", series.source},
              {"column", series.column},
              {"returns", series.negative_allowed ? "differences" : "simple"}};
  out.update(comparison_json(risk::compare_volatility(risk::returns_of(series), options), a.days));
  out["quarantined"] = quarantine.json();
  if (common.json) {
    fmt::print("{}\n", base::dump_json(out));
  } else {
    print_forecast_volatility(out);
  }
}

}  // namespace

void add_forecast_volatility(CLI::App& forecast, Common& common) {
  CLI::App* verb = forecast.add_subcommand("volatility", "Methods of volatility compared, one day ahead");
  const auto a = std::make_shared<ForecastVolatilityArguments>();
  add_price_options(*verb, a->prices);
  verb->add_option("--models", a->options.models,
                   "Of ewma, garch, garch-t, gjr, gjr-t, har and transformer; commas between them")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--champion", a->options.champion, "The one that the others are held against")
      ->capture_default_str();
  verb->add_option("--decay", a->options.decay, "Of EWMA")->capture_default_str();
  verb->add_option("--refit-days", a->options.refit_days, "GARCH and HAR parameters are kept so long")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_flag("--days", a->days, "List every day's squared change and forecasts");
  add_common(*verb, common, "ballast forecast volatility --prices sp500.csv --json");
  verb->callback([a, &common] { run_forecast_volatility(*a, common); });
}

}  // namespace ballast::apps
