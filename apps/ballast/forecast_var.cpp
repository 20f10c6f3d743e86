// SPDX-License-Identifier: Apache-2.0
// `ballast forecast var`: VaR and ES day by day with their back-tests, for one series, for every series of some files,
// or for every method on the years in which a method is chosen.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/risk/market_var.h"
#include "forecast.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using risk::Day;

constexpr std::size_t kLeastChoiceDays = 500;  // fewer days before the split: the first third is used instead

struct ForecastVarArguments {
  PriceArguments prices;
  double level = 0.99;
  int window = 250, refit_days = 21;
  double decay = 0;  // 0: the default of the desk
  std::string method = "filtered", part = "all", split = "2005-01-01";
  bool all_columns = false, choose = false;
};

bool uses_decay(const risk::VarMethod& method) {
  return method.filtered && method.volatility == risk::VolatilityModel::ewma;
}

risk::VarOptions options_of_forecast_var(const ForecastVarArguments& a) {
  risk::VarOptions o;
  o.method = risk::var_method_named(a.method);
  o.level = a.level;
  o.window = a.window;
  o.refit_days = a.refit_days;
  if (a.decay != 0) o.decay = a.decay;
  return o;
}

Day split_day(const ForecastVarArguments& a) {
  const auto day = risk::parse_day(a.split);
  if (!day) throw Error(ErrorCode::usage, "not a date (expected YYYY-MM-DD)", "--split");
  return *day;
}

/// The forecasts of the part that is asked for: those before the split day (or the first third, where that leaves too
/// few), those from it on, or all.
std::span<const risk::VarDay> part_of(std::span<const risk::VarDay> days, const std::string& part, Day split) {
  if (part == "all") return days;
  auto at = static_cast<std::size_t>(
      std::lower_bound(days.begin(), days.end(), split, [](const risk::VarDay& d, Day s) { return d.day < s; }) -
      days.begin());
  if (at < kLeastChoiceDays) at = days.size() / 3;
  return part == "choice" ? days.first(at) : days.subspan(at);
}

void run_one(const ForecastVarArguments& a, const Common& common) {
  const base::Stopwatch watch;
  const risk::VarOptions options = options_of_forecast_var(a);
  Quarantine quarantine;
  const auto series = read_series(a.prices, a.prices.files.front(), a.prices.column, common, quarantine);
  const auto forecasts = risk::forecast_var(risk::returns_of(series), options);
  const auto days = part_of(forecasts.days, a.part, split_day(a));
  const auto tests = risk::test_var(days, a.level, common.seed);
  decide::Decision decision = decide::var_decision({series, options, common.seed}, forecasts);
  decision.cost.seconds = watch.seconds();
  keep_decision(decision, common);
  if (!common.json) {
    fmt::print("{} {:g} % VaR of {} ({}), windows of {} days\n", options.method.name, 100 * a.level, series.column,
               series.source, a.window);
    fmt::print("  next session      VaR {:.4g}  ES {:.4g}\n", forecasts.next_var, forecasts.next_es);
    fmt::print("  exceptions        {} of {} days, {:.1f} expected\n", tests.exceptions, tests.days,
               static_cast<double>(tests.days) * (1 - a.level));
    fmt::print("  Kupiec            {:.3f}, p {:.3g}\n", tests.kupiec.statistic, tests.kupiec.p_value);
    fmt::print("  Christoffersen    independence {:.3f}, p {:.3g}; joint {:.3f}, p {:.3g}\n",
               tests.christoffersen.independence.statistic, tests.christoffersen.independence.p_value,
               tests.christoffersen.joint.statistic, tests.christoffersen.joint.p_value);
    fmt::print("  Acerbi-Szekely    Z2 {:.3f}, p {:.3g}\n", tests.acerbi_szekely.statistic,
               tests.acerbi_szekely.p_value);
    fmt::print("  traffic light     {}: {} exceptions in the last {} days\n", tests.light.zone, tests.light.exceptions,
               tests.light.days);
    fmt::print("decision {}: `ballast explain` and `ballast replay` take it\n", decision.id);
    return;
  }
  Json out = {{"method", options.method.name}, {"level", a.level}, {"window", a.window}};
  if (uses_decay(options.method)) out["decay"] = options.decay;
  out["source"] = series.source;
  out["column"] = series.column;
  out["returns"] = series.negative_allowed ? "differences" : "simple";
  Json rows = Json::array();
  for (const risk::VarDay& d : days) {
    rows.push_back(
        {{"date", risk::day_text(d.day)}, {"var", d.var}, {"es", d.es}, {"return", d.ret}, {"exception", d.exception}});
  }
  out["series"] = std::move(rows);
  out["tests"] = decide::tests_json(tests);
  out["next"] = {{"var", forecasts.next_var}, {"es", forecasts.next_es}};
  out["decision_id"] = decision.id;
  out["quarantined"] = quarantine.json();
  fmt::print("{}\n", base::dump_json(out));
}

struct Instrument {
  std::string name;
  risk::Returns returns;
};

std::vector<Instrument> read_all(const ForecastVarArguments& a, const Common& common) {
  std::vector<Instrument> out;
  for (const std::string& file : a.prices.files) {
    for (const std::string& column : risk::price_columns(file, a.prices.encoding)) {
      Quarantine quarantine;
      const auto series = read_series(a.prices, file, column, common, quarantine);
      out.push_back({std::filesystem::path(file).stem().string() + ":" + column, risk::returns_of(series)});
    }
  }
  return out;
}

/// The light of the last 250 forecasts up to the end of a year; null where there are not so many.
Json year_light(std::span<const risk::VarDay> days, int year, double p) {
  std::int64_t count = 0, exceptions = 0;
  for (auto d = days.rbegin(); d != days.rend() && count < 250; ++d) {
    const int y = static_cast<int>(std::chrono::year_month_day(d->day).year());
    if (y > year) continue;
    if (count == 0 && y < year) return nullptr;
    ++count;
    exceptions += d->exception;
  }
  return count < 250 ? Json(nullptr) : decide::light_json(risk::traffic_light(exceptions, count, p));
}

struct Family {
  int kupiec = 0, independence = 0, joint = 0;  // rejected at 5 %
  std::vector<std::string> names;               // "instrument, test", one a p-value
  std::vector<double> p_values;                 // Kupiec, independence and joint of every instrument
  double joint_statistic = 0, score_ratio = 0;  // means

  void add(const std::string& name, const risk::VarTests& t) {
    const std::pair<const char*, double> tests[] = {{"kupiec", t.kupiec.p_value},
                                                    {"independence", t.christoffersen.independence.p_value},
                                                    {"joint", t.christoffersen.joint.p_value}};
    kupiec += tests[0].second < 0.05, independence += tests[1].second < 0.05, joint += tests[2].second < 0.05;
    for (const auto& [test, p] : tests) names.push_back(name + ", " + test), p_values.push_back(p);
    joint_statistic += t.christoffersen.joint.statistic;
  }
  std::vector<std::string> after_holm() const {
    std::vector<std::string> out;
    const auto rejected = risk::holm_rejections(p_values, 0.05);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (rejected[i] != 0) out.push_back(names[i]);
    }
    return out;
  }
};

void run_all(const ForecastVarArguments& a, const Common& common) {
  const risk::VarOptions options = options_of_forecast_var(a);
  const Day split = split_day(a);
  const auto instruments = read_all(a, common);
  Family family;
  Json rows = Json::array();
  if (!common.json) {
    fmt::print("{:<48} {:>6} {:>5} {:>9} {:>9} {:>9} {:>9}  {:<7} {:<7}\n", "series", "days", "exc.", "Kupiec p",
               "indep. p", "joint p", "A-S p", "2008", "2020");
  }
  for (const Instrument& i : instruments) {
    const auto forecasts = risk::forecast_var(i.returns, options);
    const auto days = part_of(forecasts.days, a.part, split);
    const auto tests = risk::test_var(days, a.level, common.seed);
    family.add(i.name, tests);
    const Json y2008 = year_light(forecasts.days, 2008, 1 - a.level),
               y2020 = year_light(forecasts.days, 2020, 1 - a.level);
    if (!common.json) {
      const auto zone = [](const Json& light) {
        return light.is_null() ? std::string("-")
                               : fmt::format("{} {}", light["zone"].get<std::string>(), light["exceptions"].get<int>());
      };
      fmt::print("{:<48} {:>6} {:>5} {:>9.3g} {:>9.3g} {:>9.3g} {:>9.3g}  {:<8} {:<8}\n", i.name, tests.days,
                 tests.exceptions, tests.kupiec.p_value, tests.christoffersen.independence.p_value,
                 tests.christoffersen.joint.p_value, tests.acerbi_szekely.p_value, zone(y2008), zone(y2020));
      continue;
    }
    Json row = {{"series", i.name},
                {"first", risk::day_text(days.front().day)},
                {"last", risk::day_text(days.back().day)},
                {"tests", decide::tests_json(tests)}};
    row["traffic_light"] = {{"2008", y2008}, {"2020", y2020}};
    rows.push_back(std::move(row));
  }
  const auto holm = family.after_holm();
  if (!common.json) {
    fmt::print(
        "{} series, {} at {:g} %, part: {}; rejected at 5 %: Kupiec {}, independence {}, joint {}; after Holm {}{}\n",
        instruments.size(), options.method.name, 100 * a.level, a.part, family.kupiec, family.independence,
        family.joint, holm.size(), holm.empty() ? "" : fmt::format(" ({})", fmt::join(holm, "; ")));
    return;
  }
  Json out = {{"method", options.method.name}, {"level", a.level}, {"window", a.window}, {"part", a.part}};
  out["instruments"] = std::move(rows);
  out["rejected_at_5_percent"] = {
      {"kupiec", family.kupiec}, {"independence", family.independence}, {"joint", family.joint}};
  out["rejected_after_holm"] = holm;
  fmt::print("{}\n", base::dump_json(out));
}

/// Every candidate on the choice part only. To be frozen is the one with the best quantile score among those that
/// chance could explain: at most 5 % of the tests rejected at 5 %, and none after Holm.
void run_choice(const ForecastVarArguments& a, const Common& common) {
  const Day split = split_day(a);
  const auto instruments = read_all(a, common);
  std::vector<risk::VarOptions> candidates;
  for (const risk::VarMethod& method : risk::var_methods()) {
    if (method.name == "filtered") continue;  // another name of one of the others
    ForecastVarArguments with = a;
    with.method = method.name;
    for (const double decay : uses_decay(method) ? std::vector{0.86, 0.88, 0.90, 0.92, 0.94, 0.97} : std::vector{0.0}) {
      with.decay = decay;
      candidates.push_back(options_of_forecast_var(with));
    }
  }
  if (!common.json) {
    fmt::print("{:<22} {:>6} {:>11} {:>8} {:>8} {:>8} {:>5} {:>12}\n", "method", "decay", "joint stat.", "Kupiec",
               "indep.", "joint", "Holm", "score ratio");
  }
  Json rows = Json::array();
  std::vector<double> plain(instruments.size(), 1);  // the quantile score of historical simulation
  const risk::VarOptions* best = nullptr;
  double best_score = 0;
  for (const risk::VarOptions& candidate : candidates) {
    Family family;
    for (std::size_t i = 0; i < instruments.size(); ++i) {
      const auto forecasts = risk::forecast_var(instruments[i].returns, candidate);
      const auto days = part_of(forecasts.days, "choice", split);
      family.add(instruments[i].name, risk::test_var(days, a.level, common.seed));
      const double score = risk::quantile_score(days, 1 - a.level);
      if (candidate.method.name == "historical") plain[i] = score;
      family.score_ratio += score / plain[i] / static_cast<double>(instruments.size());
    }
    family.joint_statistic /= static_cast<double>(instruments.size());
    const auto holm = family.after_holm().size();
    const int rejected = family.kupiec + family.independence + family.joint;
    const bool passes = holm == 0 && rejected <= 0.05 * static_cast<double>(family.p_values.size());
    if (passes && (best == nullptr || family.score_ratio < best_score)) {
      best = &candidate;
      best_score = family.score_ratio;
    }
    rows.push_back({{"method", candidate.method.name},
                    {"decay", uses_decay(candidate.method) ? Json(candidate.decay) : Json(nullptr)},
                    {"mean_joint_statistic", family.joint_statistic},
                    {"rejected_kupiec", family.kupiec},
                    {"rejected_independence", family.independence},
                    {"rejected_joint", family.joint},
                    {"rejected_after_holm", holm},
                    {"quantile_score_ratio", family.score_ratio}});
    if (!common.json) {
      fmt::print("{:<22} {:>6} {:>11.3f} {:>8} {:>8} {:>8} {:>5} {:>12.4f}\n", candidate.method.name,
                 uses_decay(candidate.method) ? fmt::format("{:.2f}", candidate.decay) : "", family.joint_statistic,
                 family.kupiec, family.independence, family.joint, holm, family.score_ratio);
      std::fflush(stdout);
    }
  }
  Json chosen;  // null where no method passes
  if (best != nullptr) {
    chosen = {{"method", best->method.name}, {"decay", uses_decay(best->method) ? Json(best->decay) : Json(nullptr)}};
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"series", instruments.size()}, {"candidates", rows}, {"chosen", chosen}}));
  } else {
    fmt::print("{} series; best quantile score of those that pass: {}\n", instruments.size(), base::dump_json(chosen));
  }
}

void run_forecast_var(const ForecastVarArguments& a, const Common& common) {
  if (a.prices.files.empty()) throw Error(ErrorCode::usage, "is required", "--prices", "a CSV with dates and prices");
  if (a.choose) return run_choice(a, common);
  if (a.all_columns) return run_all(a, common);
  if (a.prices.files.size() > 1) {
    throw Error(ErrorCode::usage, "takes one file", "--prices", "--all-columns tests every series of several files");
  }
  run_one(a, common);
}

}  // namespace

void add_forecast_var(CLI::App& forecast, Common& common) {
  CLI::App* verb = forecast.add_subcommand("var", "Value at risk and expected shortfall, day by day, with back-tests");
  const auto a = std::make_shared<ForecastVarArguments>();
  add_price_options(*verb, a->prices);
  verb->add_option("--level", a->level, "Confidence, for example 0.95, 0.975, 0.99")->capture_default_str();
  verb->add_option("--window", a->window, "Days that a forecast's tail is made from")->capture_default_str();
  verb->add_option("--method", a->method,
                   "historical, normal, t, evt; filtered; or a volatility model and a tail, as in gjr-t-historical")
      ->capture_default_str();
  verb->add_option("--decay", a->decay, "Of the EWMA filter (default 0.94)");
  verb->add_option("--refit-days", a->refit_days, "GARCH and HAR parameters are kept so long")->capture_default_str();
  verb->add_flag("--all-columns", a->all_columns, "Test every series of every file, and correct by Holm");
  verb->add_flag("--choose", a->choose, "Compare all methods on the choice part of every series");
  verb->add_option("--part", a->part, "Forecasts to test: before the split (choice), from it on (test), or all")
      ->check(CLI::IsMember({"choice", "test", "all"}))
      ->capture_default_str();
  verb->add_option("--split", a->split, "First day of the test part; the first third where little lies before")
      ->capture_default_str();
  add_common(*verb, common, "ballast forecast var --prices sp500.csv --level 0.99 --window 250 --json");
  verb->callback([a, &common] { run_forecast_var(*a, common); });
}

}  // namespace ballast::apps
