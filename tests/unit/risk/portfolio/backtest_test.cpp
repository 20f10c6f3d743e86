// SPDX-License-Identifier: Apache-2.0
// The walk-forward of portfolios by hand, and a planted leak that must be seen.
#include "ballast/risk/portfolio_backtest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "ballast/base/random.h"
#include "tests/support/errors.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

PricePanel made_panel(std::size_t days, std::size_t width, std::uint64_t seed = 11) {
  base::Random random(seed);
  PricePanel p;
  p.source = "made up";
  std::vector<double> price(width, 100);
  for (std::size_t i = 0; i < width; ++i) p.instruments.push_back(std::string(1, static_cast<char>('A' + i)));
  for (std::size_t d = 0; d < days; ++d) {
    p.days.push_back(*parse_day("2020-01-01") + std::chrono::days(d));
    for (std::size_t i = 0; i < width; ++i) {
      p.prices.push_back(price[i]);
      price[i] *= 1 + 0.0003 + 0.005 * static_cast<double>(i + 1) * random.normal();
    }
  }
  return p;
}

TEST(PortfolioBacktest, FollowsTheHandComputedPath) {
  // Two instruments, window 2: decided on the 4th row (30 Jan, the first with a window), and on 1 Feb.
  PricePanel p;
  p.instruments = {"A", "B"};
  for (const char* day : {"2020-01-28", "2020-01-29", "2020-01-30", "2020-01-31", "2020-02-01", "2020-02-02"})
    p.days.push_back(*parse_day(day));
  p.prices = {10, 10, 10, 10, 10, 10, 11, 10, 11, 10, 11, 12};
  PortfolioBacktestOptions o;
  o.window = 2;
  o.cost = 0.01;
  const auto run = run_portfolio(p, "equal", optimising_strategy(Objective::equal_weights, o), o);
  ASSERT_EQ(run.net.size(), 3u);
  EXPECT_EQ(run.rebalancings, 2);
  EXPECT_NEAR(run.net[0], 0.99 * 1.05 - 1, 1e-15);  // bought for 1, at 1 %; A rises by 10 %
  EXPECT_NEAR(run.net[1], 0, 1e-15);
  const double drift = 0.55 / 1.05 - 0.5;  // sold of A, bought of B
  EXPECT_NEAR(run.net[2], (1 - 2 * drift * 0.01) * 1.1 - 1, 1e-15);
  EXPECT_NEAR(run.turnover, drift * 252 / 3, 1e-12);
  EXPECT_NEAR(run.costs, (0.01 + 2 * drift * 0.01) * 252 / 3, 1e-12);
  EXPECT_EQ(day_text(run.days[0]), "2020-01-31");
}

TEST(PortfolioBacktest, APlantedLeakIsSeen) {
  const PricePanel p = made_panel(400, 3);
  PortfolioBacktestOptions o;
  o.window = 100;
  const PortfolioStrategy best_tomorrow = [](const PricePanel& panel, std::size_t row, std::span<const double>) {
    std::vector<double> w(panel.width(), 0.0);
    std::size_t best = 0;
    for (std::size_t i = 1; row + 1 < panel.days.size() && i < panel.width(); ++i) {
      const auto move = [&](std::size_t k) { return panel.price(row + 1, k) / panel.price(row, k); };
      if (move(i) > move(best)) best = i;
    }
    w[best] = 1;
    return w;
  };
  EXPECT_FALSE(find_lookahead(p, best_tomorrow, o, 8).empty());
  EXPECT_NE(test::problem_of([&] { run_portfolio(p, "peeking", best_tomorrow, o); }).find("looks ahead"),
            std::string::npos);
  // The window shifted by a single day into the future.
  const auto honest = optimising_strategy(Objective::minimum_variance, o);
  const PortfolioStrategy shifted = [&](const PricePanel& panel, std::size_t row, std::span<const double> held) {
    return honest(panel, std::min(row + 1, panel.days.size() - 1), held);
  };
  EXPECT_EQ(find_lookahead(p, shifted, o, 3).size(), 3u);
  for (const auto objective : {Objective::equal_weights, Objective::minimum_variance, Objective::minimum_cvar,
                               Objective::risk_parity, Objective::mean_variance}) {
    EXPECT_TRUE(find_lookahead(p, optimising_strategy(objective, o), o, 3).empty()) << objective_name(objective);
  }
}

TEST(PortfolioBacktest, ChangedFutureLeavesThePastAlone) {
  PricePanel p = made_panel(400, 3);
  PortfolioBacktestOptions o;
  o.window = 100;
  const auto strategy = optimising_strategy(Objective::minimum_cvar, o);
  const auto before = run_portfolio(p, "a", strategy, o);
  for (std::size_t k = 350 * 3; k < p.prices.size(); ++k) p.prices[k] *= 1.7;
  const auto after = run_portfolio(p, "a", strategy, o);
  for (std::size_t k = 0; k < 349 - 100; ++k) ASSERT_EQ(before.net[k], after.net[k]) << k;
  EXPECT_NE(before.net[350 - 101], after.net[350 - 101]);
}

TEST(PortfolioBacktest, TurnoverLimitAndPeriodHold) {
  const PricePanel p = made_panel(500, 4);
  PortfolioBacktestOptions o;
  o.window = 60;
  o.from = *parse_day("2020-06-15");
  o.until = *parse_day("2020-12-31");
  const auto free = run_portfolio(p, "a", optimising_strategy(Objective::minimum_variance, o), o);
  EXPECT_EQ(day_text(free.days.front()), "2020-06-15");
  EXPECT_EQ(day_text(free.days.back()), "2020-12-31");
  o.turnover = 0.01;
  const auto tight = run_portfolio(p, "b", optimising_strategy(Objective::minimum_variance, o), o);
  EXPECT_LT(tight.turnover, 0.25);
  EXPECT_GT(free.turnover, tight.turnover);
  o.from = *parse_day("2031-01-01");
  EXPECT_NE(test::problem_of([&] {
              run_portfolio(p, "c", optimising_strategy(Objective::minimum_variance, o), o);
            }).find("none of them after a window of 60 within the period"),
            std::string::npos);
}

TEST(PortfolioBacktest, DifferencesOfARunWithItselfAreNothing) {
  const PricePanel p = made_panel(300, 3);
  PortfolioBacktestOptions o;
  o.window = 60;
  const auto equal = run_portfolio(p, "a", optimising_strategy(Objective::equal_weights, o), o);
  const auto calm = run_portfolio(p, "b", optimising_strategy(Objective::minimum_variance, o), o);
  tabular::BootstrapOptions draws;
  draws.replicates = 200;
  for (const auto& d : compare_portfolios(equal, equal, 0.95, draws)) EXPECT_EQ(d.value.high, 0) << d.figure;
  const auto differences = compare_portfolios(equal, calm, 0.95, draws);
  EXPECT_EQ(differences[1].figure, "volatility");
  EXPECT_NEAR(differences[1].value.estimate, calm.figures.volatility - equal.figures.volatility, 1e-15);
  EXPECT_LT(differences[1].value.high, 0);  // the calmest of three instruments is three times calmer than the wildest
}

TEST(PortfolioFigures, AreTheTextbooks) {
  const PortfolioFigures f = portfolio_figures(std::vector<double>{0.1, -0.5, 0.2, 0.0}, 0.75);
  EXPECT_NEAR(f.max_drawdown, 0.5, 1e-15);
  EXPECT_NEAR(f.cvar, 0.5, 1e-15);
  EXPECT_NEAR(f.annual_return, std::pow(1.1 * 0.5 * 1.2, 63) - 1, 1e-15);
  // Mean −0.05; squares 0.0225 + 0.2025 + 0.0625 + 0.0025 = 0.29 over 3.
  EXPECT_NEAR(f.volatility, std::sqrt(0.29 / 3 * 252), 1e-12);
  EXPECT_NEAR(f.sharpe, -0.05 * 252 / f.volatility, 1e-12);
}

}  // namespace
}  // namespace ballast::risk
