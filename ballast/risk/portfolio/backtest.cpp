// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/portfolio_backtest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::int64_t kBlock = 21;  // sessions drawn together: neighbours are not independent

auto month_of(Day day) {
  const std::chrono::year_month_day date(day);
  return date.year() / date.month();
}

/// Rows at whose close weights are chosen: the first session of each month that has the window before it.
std::vector<std::size_t> rebalancing_rows(const PricePanel& panel, const PortfolioBacktestOptions& o) {
  std::vector<std::size_t> rows;
  for (std::size_t r = o.window; r + 1 < panel.days.size(); ++r) {
    if (o.until && panel.days[r + 1] > *o.until) break;
    if (o.from && panel.days[r + 1] < *o.from) continue;
    if (rows.empty() || month_of(panel.days[r]) != month_of(panel.days[r - 1])) rows.push_back(r);
  }
  if (rows.empty()) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} days of prices, none of them after a window of {} within the period", panel.days.size(),
                            o.window),
                panel.source);
  }
  return rows;
}

PricePanel complete_rows(const PricePanel& panel) {
  PricePanel out = panel;
  out.days.clear();
  out.prices.clear();
  for (std::size_t r = 0; r < panel.days.size(); ++r) {
    const auto first = panel.prices.begin() + static_cast<std::ptrdiff_t>(r * panel.width());
    const auto last = first + static_cast<std::ptrdiff_t>(panel.width());
    if (std::any_of(first, last, [](double p) { return std::isnan(p); })) continue;
    out.days.push_back(panel.days[r]);
    out.prices.insert(out.prices.end(), first, last);
  }
  return out;
}

/// The panel with other prices after `row`: each later day is replaced by a day from before it, scaled.
PricePanel other_future(const PricePanel& panel, std::size_t row) {
  PricePanel out = panel;
  for (std::size_t r = row + 1; r < panel.days.size(); ++r)
    for (std::size_t i = 0; i < panel.width(); ++i)
      out.prices[r * panel.width() + i] =
          panel.price(row, i) * (1 + 0.3 * std::sin(static_cast<double>((r - row) * (i + 2))));
  return out;
}

double traded(std::span<const double> from, std::span<const double> to) {
  double buys = 0, sales = 0;
  for (std::size_t i = 0; i < from.size(); ++i) (to[i] > from[i] ? buys : sales) += std::abs(to[i] - from[i]);
  return std::max(buys, sales);
}

double both_ways(std::span<const double> from, std::span<const double> to) {
  double sum = 0;
  for (std::size_t i = 0; i < from.size(); ++i) sum += std::abs(to[i] - from[i]);
  return sum;
}

}  // namespace

PortfolioStrategy optimising_strategy(Objective objective, const PortfolioBacktestOptions& o) {
  return [objective, o](const PricePanel& panel, std::size_t row, std::span<const double> held) {
    if (objective == Objective::equal_weights) {
      return std::vector<double>(panel.width(), 1 / static_cast<double>(panel.width()));
    }
    const ReturnMatrix returns = window_returns(panel, row, o.window);
    const Moments moments = estimate_moments(returns, o.shrink);
    PortfolioLimits limits;
    limits.names = panel.instruments;
    limits.high.assign(panel.width(), o.high);
    const double invested = std::accumulate(held.begin(), held.end(), 0.0);
    if (std::isfinite(o.turnover) && invested > 0.5) {  // the first purchase is no turnover
      limits.current.assign(held.begin(), held.end());
      limits.turnover = o.turnover;
    }
    OptimiseOptions optimising;
    optimising.objective = objective;
    optimising.level = o.level;
    optimising.risk_aversion = o.risk_aversion;
    return optimise(returns, moments, limits, optimising).weights;
  };
}

PortfolioFigures portfolio_figures(std::span<const double> returns, double level) {
  PortfolioFigures f;
  const auto n = static_cast<double>(returns.size());
  double mean = 0, square = 0, value = 1, peak = 1;
  for (const double r : returns) {
    mean += r / n;
    value *= 1 + r;
    peak = std::max(peak, value);
    f.max_drawdown = std::max(f.max_drawdown, 1 - value / peak);
  }
  for (const double r : returns) square += (r - mean) * (r - mean);
  f.annual_return = value > 0 ? std::pow(value, kSessionsPerYear / n) - 1 : -1;
  f.volatility = n > 1 ? std::sqrt(square / (n - 1) * kSessionsPerYear) : 0;
  f.sharpe = f.volatility > 0 ? mean * kSessionsPerYear / f.volatility : 0;
  f.cvar = expected_shortfall(returns, level);
  return f;
}

PortfolioRun run_portfolio(const PricePanel& all, const std::string& name, const PortfolioStrategy& strategy,
                           const PortfolioBacktestOptions& o) {
  const PricePanel panel = complete_rows(all);
  const auto rows = rebalancing_rows(panel, o);
  if (const auto ahead = find_lookahead(panel, strategy, o); !ahead.empty()) {
    throw Error(ErrorCode::internal, "the strategy \"" + name + "\" looks ahead", day_text(ahead.front()));
  }
  PortfolioRun run;
  run.name = name;
  const std::size_t n = panel.width();
  std::vector<double> held(n, 0.0);
  double turnover = 0, costs = 0, cost_today = 0;
  std::size_t next = 0;
  for (std::size_t r = rows.front(); r + 1 < panel.days.size(); ++r) {
    if (o.until && panel.days[r + 1] > *o.until) break;
    if (next < rows.size() && rows[next] == r) {
      const auto target = strategy(panel, r, held);
      cost_today = both_ways(held, target) * o.cost;
      if (next > 0) turnover += traded(held, target);
      costs += cost_today;
      held = target;
      ++run.rebalancings;
      ++next;
    }
    double growth = 1 - std::accumulate(held.begin(), held.end(), 0.0);  // cash earns nothing
    for (std::size_t i = 0; i < n; ++i) {
      held[i] *= panel.price(r + 1, i) / panel.price(r, i);
      growth += held[i];
    }
    for (double& w : held) w /= growth;
    run.days.push_back(panel.days[r + 1]);
    run.net.push_back((1 - cost_today) * growth - 1);
    cost_today = 0;
  }
  const double years = static_cast<double>(run.net.size()) / kSessionsPerYear;
  run.turnover = turnover / years;
  run.costs = costs / years;
  run.figures = portfolio_figures(run.net, o.level);
  return run;
}

std::vector<Day> find_lookahead(const PricePanel& all, const PortfolioStrategy& strategy,
                                const PortfolioBacktestOptions& o, std::size_t samples) {
  const PricePanel panel = complete_rows(all);
  const auto rows = rebalancing_rows(panel, o);
  std::vector<std::size_t> columns(panel.width());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  const std::vector<double> held(panel.width(), 1 / static_cast<double>(panel.width()));
  std::vector<Day> ahead;
  for (std::size_t k = 0; k < std::min(samples, rows.size()); ++k) {
    const std::size_t row = rows[k * (rows.size() - 1) / std::max<std::size_t>(1, std::min(samples, rows.size()) - 1)];
    const auto answer = strategy(panel, row, held);
    // A strategy that reads beyond the end of the cut panel is caught by the scrambled one first.
    if (strategy(other_future(panel, row), row, held) != answer ||
        strategy(panel.part(0, row + 1, columns), row, held) != answer) {
      ahead.push_back(panel.days[row]);
    }
  }
  return ahead;
}

std::vector<PortfolioDifference> compare_portfolios(const PortfolioRun& champion, const PortfolioRun& challenger,
                                                    double level, const tabular::BootstrapOptions& options) {
  BALLAST_CHECK(champion.days == challenger.days, challenger.days.size());
  const auto n = static_cast<std::int64_t>(champion.net.size());
  static constexpr std::pair<const char*, double PortfolioFigures::*> kFigures[] = {
      {"annual_return", &PortfolioFigures::annual_return},
      {"volatility", &PortfolioFigures::volatility},
      {"sharpe", &PortfolioFigures::sharpe},
      {"cvar", &PortfolioFigures::cvar},
      {"max_drawdown", &PortfolioFigures::max_drawdown}};
  std::vector<PortfolioDifference> out;
  for (const auto& [name, member] : kFigures) {
    const auto measure = [&](const PortfolioRun& run) {
      return [&run, n, level, m = member](std::span<const std::int64_t> blocks) {
        std::vector<double> drawn;
        for (const std::int64_t b : blocks)
          for (std::int64_t i = b * kBlock; i < std::min((b + 1) * kBlock, n); ++i)
            drawn.push_back(run.net[static_cast<std::size_t>(i)]);
        return portfolio_figures(drawn, level).*m;
      };
    };
    out.push_back(
        {name, tabular::bootstrap_difference((n + kBlock - 1) / kBlock, measure(champion), measure(challenger), options)
                   .difference});
  }
  return out;
}

}  // namespace ballast::risk
