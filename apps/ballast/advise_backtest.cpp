// SPDX-License-Identifier: Apache-2.0
// ballast advise backtest: the ways of choosing weights, walking forward with costs, against equal weights.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>

#include "advise.h"
#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "table_reading.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct AdviseBacktestBacktestArguments {
  std::string prices, from, until;
  std::vector<std::string> objectives, instruments;
  double cost_bp = 10;
  bool sample = false, strict = false;
  risk::PortfolioBacktestOptions options;
};

risk::Day day_option(const std::string& text, const char* option) {
  if (const auto day = risk::parse_day(text)) return *day;
  throw Error(ErrorCode::usage, "\"" + text + "\" is no date", option, "YYYY-MM-DD");
}

Json figures_json(const risk::PortfolioRun& run) {
  const risk::PortfolioFigures& f = run.figures;
  return {{"name", run.name},
          {"annual_return", f.annual_return},
          {"volatility", f.volatility},
          {"sharpe", f.sharpe},
          {"cvar", f.cvar},
          {"max_drawdown", f.max_drawdown},
          {"turnover", run.turnover},
          {"costs", run.costs},
          {"rebalancings", run.rebalancings}};
}

void print_advise_backtest(const PortfolioStudy& study, const risk::PricePanel& panel) {
  const risk::PortfolioRun& first = study.runs.front();
  fmt::print("{}: {} instruments, {} sessions from {} to {}, {} monthly rebalancings\n", panel.source, panel.width(),
             first.net.size(), risk::day_text(first.days.front()), risk::day_text(first.days.back()),
             first.rebalancings);
  fmt::print("{:<14} {:>8} {:>10} {:>7} {:>8} {:>9} {:>9} {:>8}\n", "weights", "return", "volatility", "Sharpe", "CVaR",
             "drawdown", "turnover", "costs");
  for (const risk::PortfolioRun& r : study.runs) {
    const risk::PortfolioFigures& f = r.figures;
    fmt::print("{:<14} {:>6.2f} % {:>8.2f} % {:>7.2f} {:>6.2f} % {:>7.1f} % {:>7.0f} % {:>6.2f} %\n", r.name,
               100 * f.annual_return, 100 * f.volatility, f.sharpe, 100 * f.cvar, 100 * f.max_drawdown,
               100 * r.turnover, 100 * r.costs);
  }
  for (std::size_t i = 0; i < study.runs.size(); ++i) {
    if (study.differences[i].empty()) continue;
    fmt::print("{} less {}, with 95 % intervals by bootstrap of blocks of 21 sessions\n", study.runs[i].name,
               first.name);
    for (const risk::PortfolioDifference& d : study.differences[i]) {
      const double unit = d.figure == "sharpe" ? 1 : 100;
      fmt::print("  {:<14} {:>+8.2f} [{:+.2f}, {:+.2f}]{}\n", d.figure, unit * d.value.estimate, unit * d.value.low,
                 unit * d.value.high, unit == 1 ? "" : " points");
    }
  }
}

risk::PricePanel chosen_advise_backtest(const risk::PricePanel& panel, const std::vector<std::string>& names) {
  if (names.empty()) return panel;
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    const auto at = panel.find(name);
    if (at < 0) {
      throw Error(ErrorCode::usage, "no column \"" + name + "\" in " + panel.source, "--instruments",
                  "the nearest is " + ingest::nearest_name(name, panel.instruments));
    }
    columns.push_back(static_cast<std::size_t>(at));
  }
  return panel.part(0, panel.days.size(), columns);
}

void run_advise_backtest(AdviseBacktestBacktestArguments& a, const Common& common) {
  base::set_threads(common.threads);
  if (!a.from.empty()) a.options.from = day_option(a.from, "--from");
  if (!a.until.empty()) a.options.until = day_option(a.until, "--until");
  a.options.cost = a.cost_bp / 1e4;
  a.options.shrink = !a.sample;
  std::vector<risk::Objective> objectives;
  for (const std::string& name : a.objectives) objectives.push_back(risk::objective_named(name));
  if (objectives.empty()) {
    objectives = {risk::Objective::minimum_variance, risk::Objective::minimum_cvar, risk::Objective::risk_parity,
                  risk::Objective::mean_variance};
  }
  const risk::PricePanel panel = chosen_advise_backtest(read_price_panel(a.prices, common, a.strict), a.instruments);
  const PortfolioStudy study = study_portfolios(panel, objectives, a.options, common.seed);
  if (!common.json) return print_advise_backtest(study, panel);
  Json out = study_json(study, a.options);
  out["prices"] = file_hashes({a.prices});
  out["seed"] = common.seed;
  fmt::print("{}\n", base::dump_json(out));
}

}  // namespace

risk::PricePanel read_price_panel(const std::string& file, const Common& common, bool strict) {
  RowQuarantine quarantine(common);
  risk::PricePanel panel = risk::read_panel(file, quarantine.sink());
  quarantine.finish(strict);
  return panel;
}

PortfolioStudy study_portfolios(const risk::PricePanel& panel, const std::vector<risk::Objective>& objectives,
                                const risk::PortfolioBacktestOptions& options, std::uint64_t seed) {
  std::vector<risk::Objective> all = {risk::Objective::equal_weights};
  for (const risk::Objective o : objectives)
    if (std::find(all.begin(), all.end(), o) == all.end()) all.push_back(o);
  PortfolioStudy study;
  study.runs.resize(all.size());
  base::parallel_for(static_cast<std::int64_t>(all.size()), [&](std::int64_t i) {
    const auto k = static_cast<std::size_t>(i);
    study.runs[k] =
        risk::run_portfolio(panel, risk::objective_name(all[k]), risk::optimising_strategy(all[k], options), options);
  });
  tabular::BootstrapOptions draws;
  draws.seed = seed;
  for (const risk::PortfolioRun& r : study.runs) {
    study.differences.emplace_back();
    if (&r != &study.runs.front())
      study.differences.back() = risk::compare_portfolios(study.runs.front(), r, options.level, draws);
  }
  return study;
}

Json study_json(const PortfolioStudy& study, const risk::PortfolioBacktestOptions& o) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < study.runs.size(); ++i) {
    runs.push_back(figures_json(study.runs[i]));
    for (const risk::PortfolioDifference& d : study.differences[i]) {
      runs.back()["against_equal_weights"][d.figure] = {{"difference", d.value.estimate},
                                                        {"interval", {d.value.low, d.value.high}}};
    }
  }
  const auto& days = study.runs.front().days;
  return {{"from", risk::day_text(days.front())},
          {"to", risk::day_text(days.back())},
          {"sessions", days.size()},
          {"settings",
           {{"window", o.window},
            {"cost", o.cost},
            {"max_weight", o.high},
            {"level", o.level},
            {"risk_aversion", o.risk_aversion},
            {"shrink", o.shrink},
            {"turnover", std::isfinite(o.turnover) ? Json(o.turnover) : Json()}}},
          {"runs", runs}};
}

void add_advise_backtest(CLI::App& advise, Common& common) {
  CLI::App* verb = advise.add_subcommand(
      "backtest", "Walks forward with monthly rebalancing and costs, against equal weights; nothing is stored");
  const auto a = std::make_shared<AdviseBacktestBacktestArguments>();
  verb->add_option("--prices", a->prices, "CSV with a date and one column an instrument")->required();
  verb->add_option("--objective", a->objectives,
                   "min-variance, min-cvar, risk-parity, mean-variance (default: all of them)");
  verb->add_option("--instruments", a->instruments, "Columns to use (default: all)");
  verb->add_option("--window", a->options.window, "Returns that a decision learns from")
      ->check(CLI::Range(20, 100000))
      ->capture_default_str();
  verb->add_option("--max-weight", a->options.high, "Of one instrument")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
  verb->add_option("--cost-bp", a->cost_bp, "Of the traded value, one way")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  verb->add_option("--turnover", a->options.turnover, "Most that one rebalancing may buy or sell, share of the value")
      ->check(CLI::Range(0.0, 2.0));
  verb->add_option("--risk-aversion", a->options.risk_aversion, "Of mean-variance")
      ->check(CLI::Range(0.01, 1e6))
      ->capture_default_str();
  verb->add_option("--level", a->options.level, "Of CVaR")->check(CLI::Range(0.5, 0.999))->capture_default_str();
  verb->add_flag("--sample-covariance", a->sample, "Moments as they are, not shrunk");
  verb->add_option("--from", a->from, "First session that counts (the window may lie before)");
  verb->add_option("--until", a->until, "Last session that counts");
  verb->add_flag("--strict", a->strict, "Rows and cells that cannot be used are an error");
  add_common(*verb, common, "ballast advise backtest --prices stocks.csv --from 2005-01-01 --window 1000");
  verb->callback([a, &common] { run_advise_backtest(*a, common); });
}

}  // namespace ballast::apps
