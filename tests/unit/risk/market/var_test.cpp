// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_var.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"

namespace ballast::risk {
namespace {

Returns random_returns(int n, std::uint64_t seed) {
  base::Random random(seed);
  Returns out;
  double h = 1;
  for (int i = 0; i < n; ++i) {
    const double z = random.normal();
    out.days.push_back(*parse_day("2000-01-03") + std::chrono::days(i));
    out.values.push_back(0.01 * std::sqrt(h) * z);
    h = 0.05 + 0.1 * h * z * z + 0.85 * h;
  }
  return out;
}

TEST(Quantile, StandsAtNPlusOneP) {
  std::vector<double> x(250);
  std::iota(x.begin(), x.end(), 1);
  EXPECT_NEAR(quantile_at(x, 0.01), 2.51, 1e-12);
  EXPECT_NEAR(quantile_at(x, 0.025), 6.275, 1e-12);
  EXPECT_EQ(quantile_at(x, 0.001), 1);  // position 0.251 lies before the first
  EXPECT_EQ(quantile_at(x, 0.9999), 250);
}

TEST(TailRisk, OfHistoryMatchesHandComputation) {
  std::vector<double> r(250);
  for (int i = 0; i < 250; ++i) r[static_cast<std::size_t>((i * 37) % 250)] = -0.05 + 0.0004 * i;
  const auto tail = tail_risk(r, Tail::historical, 0.99, 0);
  EXPECT_NEAR(tail.var, 0.05 - 0.0004 * 1.51, 1e-12);
  EXPECT_NEAR(tail.es, 0.05 - 0.0004 * 0.5, 1e-12);  // the worst two lie at or below −VaR
}

TEST(TailRisk, OfDistributionsMatchesClosedForms) {
  std::vector<double> r(1000);
  base::Random random(7);
  for (double& x : r) x = random.normal();
  double mean = 0, square = 0;
  for (const double x : r) mean += x / 1000;
  for (double& x : r) square += (x - mean) * (x - mean);
  const double stdev = std::sqrt(square / 999);
  for (double& x : r) x = (x - mean) / stdev * 0.02 + 0.001;
  const auto normal = tail_risk(r, Tail::normal, 0.99, 0);
  EXPECT_NEAR(normal.var, 0.02 * 2.3263478740 - 0.001, 1e-9);
  EXPECT_NEAR(normal.es, 0.02 * 2.6652142203 - 0.001, 1e-9);
  const auto t = tail_risk(r, Tail::student_t, 0.99, 5);  // t quantile 3.3649299989, ES 4.4524425 of the unscaled t(5)
  EXPECT_NEAR(t.var, 0.02 * std::sqrt(0.6) * 3.3649299989 - 0.001, 1e-9);
  EXPECT_NEAR(t.es, 0.02 * std::sqrt(0.6) * 4.4524 - 0.001, 2e-6);
  EXPECT_NEAR(tail_risk(r, Tail::evt, 0.99, 0).var, normal.var, 0.004);
}

TEST(TailRisk, OfExtremesMatchesKnownPareto) {
  // Plotting positions of a Pareto tail: moments by probability weights find its shape.
  std::vector<double> excesses;
  for (int i = 0; i < 4000; ++i) {
    const double u = (i + 0.65) / 4000;
    excesses.push_back(0.01 / 0.25 * (std::pow(1 - u, -0.25) - 1));
  }
  const auto fit = fit_pareto(excesses);
  EXPECT_NEAR(fit.xi, 0.25, 0.01);
  EXPECT_NEAR(fit.beta, 0.01, 2e-4);
  EXPECT_EQ(fit_pareto({0, 0, 0}).beta, 0);
  std::vector<double> r;
  for (int i = 0; i < 20000; ++i) r.push_back(-std::pow((i + 0.5) / 20000, -0.25));  // Pareto losses with ξ = 1/4
  const auto tail = tail_risk(r, Tail::evt, 0.999, 0);
  EXPECT_NEAR(tail.var, std::pow(0.001, -0.25), 0.02 * tail.var);
  EXPECT_NEAR(tail.es / tail.var, 4.0 / 3, 0.03);
}

TEST(DegreesOfFreedom, AreFound) {
  base::Random random(8);
  std::vector<double> heavy, light;
  for (int i = 0; i < 8000; ++i) {
    double chi = 0;
    for (int k = 0; k < 5; ++k) chi += std::pow(random.normal(), 2);
    heavy.push_back(random.normal() / std::sqrt(chi / 5));
    light.push_back(random.normal());
  }
  EXPECT_NEAR(fit_degrees_of_freedom(heavy), 5, 0.8);
  EXPECT_GT(fit_degrees_of_freedom(light), 30);
  EXPECT_EQ(fit_degrees_of_freedom(std::vector<double>(8, 0.5)), 200);
}

TEST(Var, HistoricalForecastsAreTheWindowsQuantile) {
  const auto returns = random_returns(300, 9);
  VarOptions options;
  options.method = var_method_named("historical");
  const auto forecasts = forecast_var(returns, options);
  ASSERT_EQ(forecasts.days.size(), 50u);
  std::vector<double> window(returns.values.begin() + 10, returns.values.begin() + 260);
  std::sort(window.begin(), window.end());
  EXPECT_EQ(forecasts.days[10].var, -quantile_at(window, 1 - 0.99));
  EXPECT_EQ(forecasts.days[10].ret, returns.values[260]);
  EXPECT_EQ(forecasts.days[10].day, returns.days[260]);
}

class Methods : public ::testing::TestWithParam<std::string> {};

TEST_P(Methods, AreConsistentAndSeeOnlyThePast) {
  const auto returns = random_returns(330, 10);
  VarOptions options;
  options.method = var_method_named(GetParam());
  base::set_threads(2);
  const auto forecasts = forecast_var(returns, options);
  base::set_threads(1);
  const auto one_thread = forecast_var(returns, options);
  auto changed = returns;
  for (std::size_t i = 300; i < changed.values.size(); ++i) changed.values[i] = -0.2;
  const auto other = forecast_var(changed, options);
  options.level = 0.95;
  const auto lower = forecast_var(returns, options);
  for (std::size_t i = 0; i < forecasts.days.size(); ++i) {
    const VarDay& d = forecasts.days[i];
    EXPECT_EQ(d.var, one_thread.days[i].var);
    EXPECT_GE(d.es, d.var);
    EXPECT_GT(d.var, lower.days[i].var);
    EXPECT_EQ(d.exception, d.ret < -d.var);
    if (i > 50) continue;
    ASSERT_EQ(d.var, other.days[i].var) << i;
  }
  EXPECT_EQ(forecasts.next_var, one_thread.next_var);
  EXPECT_EQ(forecasts.next_es, one_thread.next_es);
  // Twice the position, twice the loss.
  auto doubled = returns;
  for (double& x : doubled.values) x *= 2;
  options.level = 0.99;
  EXPECT_NEAR(forecast_var(doubled, options).next_var, 2 * forecasts.next_var, 2e-3 * forecasts.next_var);
}
INSTANTIATE_TEST_SUITE_P(All, Methods, ::testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const VarMethod& m : var_methods()) names.push_back(m.name);
                           return names;
                         }()),
                         [](const auto& i) {
                           std::string name = i.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Var, RefusesWhatItCannotDo) {
  const auto returns = random_returns(250, 11);
  EXPECT_THROW(forecast_var(returns, {}), base::Error);
  VarOptions options;
  options.level = 99;
  EXPECT_THROW(forecast_var(random_returns(300, 1), options), base::Error);
  try {
    var_method_named("historic");
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_STREQ(e.what(), "--method: no method is called \"historic\" (the nearest is historical)");
  }
}

}  // namespace
}  // namespace ballast::risk
