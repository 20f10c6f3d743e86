// SPDX-License-Identifier: Apache-2.0
// The optimisers against closed forms and against brute force over a grid of weights.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "ballast/base/random.h"
#include "ballast/risk/portfolio.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

/// Correlated fat-tailed returns: a common factor and own noise, the i-th instrument (i + 1) times as wild.
ReturnMatrix made_returns(std::size_t count, std::size_t width, std::uint64_t seed = 7) {
  base::Random random(seed);
  ReturnMatrix r{count, width, {}};
  for (std::size_t t = 0; t < count; ++t) {
    const double common = random.normal() * (t % 9 == 0 ? 0.02 : 0.006);
    for (std::size_t i = 0; i < width; ++i)
      r.values.push_back(0.0003 + 0.5 * common + 0.005 * static_cast<double>(i + 1) * random.normal());
  }
  return r;
}

double variance(const Moments& m, const std::vector<double>& w) {
  return std::pow(annual_volatility(m, w), 2) / kSessionsPerYear;
}

double sum(const std::vector<double>& w) {
  return std::accumulate(w.begin(), w.end(), 0.0);
}

/// The least of `value` over all weights of three instruments in steps of 1/200 with each at most `high`.
template <class Value>
double brute_force(double high, const Value& value) {
  double best = 1e300;
  for (int a = 0; a <= 200; ++a)
    for (int b = 0; a + b <= 200; ++b) {
      const std::vector<double> w = {a / 200.0, b / 200.0, (200 - a - b) / 200.0};
      if (w[0] <= high + 1e-12 && w[1] <= high + 1e-12 && w[2] <= high + 1e-12) best = std::min(best, value(w));
    }
  return best;
}

TEST(Optimise, MinimumVarianceIsTheClosedFormWhereNoLimitBinds) {
  // Two instruments: w1 = (s22 − s12) / (s11 + s22 − 2 s12).
  Moments m;
  m.mean = m.sample_mean = {0, 0};
  m.covariance = {4e-4, 1e-4, 1e-4, 9e-4};
  const ReturnMatrix none{2, 2, {0.01, 0.01, 0, 0}};
  const auto p = optimise(none, m, {}, {});
  EXPECT_NEAR(p.weights[0], 8.0 / 11, 1e-7);
  EXPECT_NEAR(p.weights[1], 3.0 / 11, 1e-7);
  EXPECT_LT(p.optimality, 1e-6);
  EXPECT_NEAR(annual_volatility(m, std::vector<double>{1, 0}), 0.02 * std::sqrt(252.0), 1e-15);
}

TEST(Optimise, MeanVarianceIsTheClosedForm) {
  // With the budget's multiplier v: w = Σ⁻¹(μ − v 1) / λ; Σ diagonal, so w1 − w2 follows from
  // λ s1 w1 − μ1 = λ s2 w2 − μ2 and w1 + w2 = 1.
  Moments m;
  m.mean = m.sample_mean = {5e-4, 3e-4};
  m.covariance = {4e-4, 0, 0, 2e-4};
  OptimiseOptions o;
  o.objective = Objective::mean_variance;
  o.risk_aversion = 4;
  const ReturnMatrix none{2, 2, {0.01, 0.01, 0, 0}};
  const double w1 = (4 * 2e-4 + 5e-4 - 3e-4) / (4 * (4e-4 + 2e-4));
  EXPECT_NEAR(optimise(none, m, {}, o).weights[0], w1, 1e-7);
}

TEST(Optimise, MinimumVarianceBeatsEveryGridPoint) {
  const auto r = made_returns(300, 3);
  const Moments m = estimate_moments(r);
  for (const double high : {1.0, 0.6, 0.4}) {
    PortfolioLimits limits;
    limits.high.assign(3, high);
    const auto p = optimise(r, m, limits, {});
    const double best = brute_force(high, [&](const auto& w) { return variance(m, w); });
    EXPECT_LE(variance(m, p.weights), best * (1 + 1e-7)) << high;
    EXPECT_GE(variance(m, p.weights), best * (1 - 2e-3)) << high;  // the grid is that fine
    EXPECT_NEAR(sum(p.weights), 1, 1e-12);
    for (const double w : p.weights) EXPECT_LE(w, high + 1e-6);
  }
}

TEST(Optimise, MinimumCvarBeatsEveryGridPoint) {
  for (const std::uint64_t seed : {7u, 8u, 9u}) {
    const auto r = made_returns(130, 3, seed);
    const Moments m = estimate_moments(r);
    for (const double high : {1.0, 0.5}) {
      PortfolioLimits limits;
      limits.high.assign(3, high);
      OptimiseOptions o;
      o.objective = Objective::minimum_cvar;
      const auto p = optimise(r, m, limits, o);
      const auto cvar = [&](const auto& w) { return expected_shortfall(portfolio_returns(r, w), 0.95); };
      const double best = brute_force(high, cvar);
      EXPECT_LE(cvar(p.weights), best * (1 + 1e-7)) << seed << " " << high;
      EXPECT_GE(cvar(p.weights), best * (1 - 1e-2)) << seed << " " << high;
      EXPECT_LT(p.optimality, 1e-6);
    }
  }
}

TEST(Optimise, RiskParityGivesEqualContributions) {
  const auto r = made_returns(400, 6);
  const Moments m = estimate_moments(r);
  OptimiseOptions o;
  o.objective = Objective::risk_parity;
  const auto p = optimise(r, m, {}, o);
  const auto parts = risk_contributions(m, p.weights);
  for (const double part : parts) EXPECT_NEAR(part / sum(parts), 1.0 / 6, 1e-10);
  EXPECT_NEAR(sum(parts), annual_volatility(m, p.weights), 1e-12);
  EXPECT_NEAR(sum(p.weights), 1, 1e-12);
  // Two instruments: inverse to their volatilities whatever their correlation (Maillard et al. 2010).
  Moments two;
  two.mean = two.sample_mean = {0, 0};
  two.covariance = {4e-4, -3e-4, -3e-4, 9e-4};
  EXPECT_NEAR(optimise({2, 2, {0, 0, 0, 0}}, two, {}, o).weights[0], 0.6, 1e-12);
}

TEST(Optimise, RiskParityUnderACapIsTheNearestByTrackingError) {
  const auto r = made_returns(400, 3);
  const Moments m = estimate_moments(r);
  OptimiseOptions o;
  o.objective = Objective::risk_parity;
  const auto free = optimise(r, m, {}, o);
  ASSERT_GT(free.weights[0], 0.4);
  PortfolioLimits limits;
  limits.high.assign(3, 0.4);
  const auto p = optimise(r, m, limits, o);
  EXPECT_TRUE(p.projected);
  const auto distance = [&](const std::vector<double>& w) {
    return variance(m, {w[0] - free.weights[0], w[1] - free.weights[1], w[2] - free.weights[2]});
  };
  EXPECT_LE(distance(p.weights), brute_force(0.4, distance) * (1 + 1e-6));
}

TEST(Optimise, GroupAndTurnoverLimitsHold) {
  const auto r = made_returns(300, 5);
  const Moments m = estimate_moments(r);
  PortfolioLimits limits;
  limits.groups = {{"calm", {0, 1}, 0.3}};
  limits.invested = 0.9;
  limits.current = {0.1, 0.1, 0.2, 0.2, 0.4};
  for (const auto objective :
       {Objective::minimum_variance, Objective::minimum_cvar, Objective::risk_parity, Objective::mean_variance}) {
    OptimiseOptions o;
    o.objective = objective;
    for (const double turnover : {0.15, 0.3, 2.0}) {
      limits.turnover = turnover;
      const auto w = optimise(r, m, limits, o).weights;
      EXPECT_NEAR(sum(w), 0.9, 1e-9);
      EXPECT_LE(w[0] + w[1], 0.3 + 1e-6);
      double buys = 0, sales = 0;
      for (std::size_t i = 0; i < 5; ++i)
        (w[i] > limits.current[i] ? buys : sales) += std::abs(w[i] - limits.current[i]);
      EXPECT_LE(std::max(buys, sales), turnover + 1e-6) << objective_name(objective);
    }
  }
  // Just the sale that the cash needs: 0.1 of the portfolio.
  limits.groups.clear();
  limits.turnover = 0.1;
  const auto w = optimise(r, m, limits, {}).weights;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(w[i], limits.current[i], 1e-5);
  EXPECT_NEAR(w[4], 0.3, 1e-5);
}

TEST(Optimise, NamesLimitsThatContradictEachOther) {
  const auto r = made_returns(100, 3);
  const Moments m = estimate_moments(r);
  PortfolioLimits limits;
  limits.names = {"AAA", "BBB", "CCC"};
  limits.high = {0.2, 0.3, 0.0};
  const std::string problem = test::problem_of([&] { optimise(r, m, limits, {}); });
  EXPECT_NE(problem.find("no portfolio with 1 of its value invested meets the limits"), std::string::npos) << problem;
  EXPECT_NE(problem.find("AAA at most 0.2"), std::string::npos) << problem;
  EXPECT_NE(problem.find("CCC excluded"), std::string::npos) << problem;
  OptimiseOptions o;
  o.objective = Objective::minimum_cvar;
  EXPECT_EQ(test::problem_of([&] { optimise(r, m, limits, o); }), problem);
  limits.high.clear();
  limits.current = {1, 0, 0};
  limits.groups = {{"group \"shares\"", {0}, 0.5}};
  limits.turnover = 0.1;
  const std::string other = test::problem_of([&] { optimise(r, m, limits, {}); });
  EXPECT_NE(other.find("turnover at most 0.1"), std::string::npos) << other;
  EXPECT_NE(other.find("group \"shares\" at most 0.5"), std::string::npos) << other;
}

TEST(Optimise, AFlatMarketIsAnError) {
  const ReturnMatrix flat{3, 2, {0, 0, 0, 0, 0, 0}};
  const Moments m = estimate_moments(flat);
  for (const auto objective : {Objective::minimum_variance, Objective::minimum_cvar, Objective::risk_parity}) {
    OptimiseOptions o;
    o.objective = objective;
    EXPECT_NE(test::problem_of([&] { optimise(flat, m, {}, o); }).find("moved"), std::string::npos);
  }
}

}  // namespace
}  // namespace ballast::risk
