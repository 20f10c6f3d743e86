// SPDX-License-Identifier: Apache-2.0
// How a way of choosing weights would have done: prices and a strategy come in; the walk-forward portfolio with trading
// costs, its figures, and differences to another one with block-bootstrap intervals go out. Weights chosen at the close
// of a month's first session earn from the next session on.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/risk/portfolio.h"
#include "ballast/tabular/bootstrap.h"

namespace ballast::risk {

/// Weights to hold after the close of day `row`, from what was known then; `held` are the drifted weights before it.
using PortfolioStrategy =
    std::function<std::vector<double>(const PricePanel& panel, std::size_t row, std::span<const double> held)>;

struct PortfolioBacktestOptions {
  std::size_t window = 750;  // returns that a decision learns from
  double cost = 0.001;       // of the traded value, one way
  double high = 1;           // largest weight of one instrument
  double level = 0.95;       // of CVaR
  double risk_aversion = 5;
  bool shrink = true;
  double turnover = std::numeric_limits<double>::infinity();  // at one rebalancing
  std::optional<Day> from, until;                             // of the sessions that count; the window may lie before
};

/// The strategy that optimises on the window before each rebalancing.
PortfolioStrategy optimising_strategy(Objective objective, const PortfolioBacktestOptions& options);

struct PortfolioFigures {
  double annual_return = 0;  // compounded
  double volatility = 0;     // a year
  double sharpe = 0;         // mean / volatility, no rate deducted
  double cvar = 0;           // of one day, a positive loss
  double max_drawdown = 0;
};
PortfolioFigures portfolio_figures(std::span<const double> returns, double level);

struct PortfolioRun {
  std::string name;
  std::vector<Day> days;
  std::vector<double> net;  // daily return after costs
  PortfolioFigures figures;
  double turnover = 0;  // bought or sold, the larger, a year, as a share of the portfolio; building it up is left out
  double costs = 0;     // a year, on average
  std::int64_t rebalancings = 0;
};

/// Throws bad_input where the panel is too short, and internal where the strategy looks ahead (see find_lookahead).
PortfolioRun run_portfolio(const PricePanel& panel, const std::string& name, const PortfolioStrategy& strategy,
                           const PortfolioBacktestOptions& options);

/// Asks the strategy again on prices cut off after the day of decision and on prices whose future is scrambled; the
/// days on which the answers differ by a single bit. `samples` rebalancings spread over the panel are tried.
std::vector<Day> find_lookahead(const PricePanel& panel, const PortfolioStrategy& strategy,
                                const PortfolioBacktestOptions& options, std::size_t samples = 3);

struct PortfolioDifference {
  std::string figure;                // annual_return, volatility, sharpe, cvar, max_drawdown
  tabular::BootstrapInterval value;  // challenger − champion, 95 %
};
/// Blocks of 21 neighbouring sessions are drawn together for both runs. REQUIRES: the same days.
std::vector<PortfolioDifference> compare_portfolios(const PortfolioRun& champion, const PortfolioRun& challenger,
                                                    double level, const tabular::BootstrapOptions& options = {});

}  // namespace ballast::risk
