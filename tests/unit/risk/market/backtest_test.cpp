// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/risk/market_backtest.h"

namespace ballast::risk {
namespace {

TEST(Kupiec, MatchesHandComputation) {
  EXPECT_NEAR(kupiec_test(8, 250, 0.01).statistic, 7.733550724494528, 1e-9);
  EXPECT_NEAR(kupiec_test(8, 250, 0.01).p_value, 0.005420, 1e-5);
  EXPECT_NEAR(kupiec_test(0, 250, 0.01).statistic, -2 * 250 * std::log(0.99), 1e-9);
  EXPECT_NEAR(kupiec_test(250, 250, 0.01).statistic, -2 * 250 * std::log(0.01), 1e-9);
  EXPECT_NEAR(kupiec_test(5, 500, 0.01).p_value, 1, 1e-7);
}

TEST(Christoffersen, MatchesHandComputation) {
  const std::vector<std::uint8_t> e = {0, 0, 1, 1, 1, 0, 0, 0, 0, 0};
  // Transitions: 00 five times, 01 once, 10 once, 11 twice.
  const auto term = [](double k, double p) { return k * std::log(p); };
  const double null = term(6, 6.0 / 9) + term(3, 3.0 / 9);
  const double markov = term(5, 5.0 / 6) + term(1, 1.0 / 6) + term(1, 1.0 / 3) + term(2, 2.0 / 3);
  const auto test = christoffersen_test(e, 0.1);
  EXPECT_NEAR(test.independence.statistic, 2 * (markov - null), 1e-12);
  EXPECT_NEAR(test.joint.statistic, test.independence.statistic + kupiec_test(3, 10, 0.1).statistic, 1e-12);
  EXPECT_NEAR(test.joint.p_value, std::exp(-test.joint.statistic / 2), 1e-12);  // χ²(2) in closed form
  EXPECT_EQ(christoffersen_test(std::vector<std::uint8_t>(10, 0), 0.1).independence.statistic, 0);
}

TEST(Christoffersen, SeesClustersThatKupiecMisses) {
  std::vector<std::uint8_t> clustered(1000, 0);
  for (std::size_t i = 500; i < 510; ++i) clustered[i] = 1;
  EXPECT_GT(kupiec_test(10, 1000, 0.01).p_value, 0.99);
  EXPECT_LT(christoffersen_test(clustered, 0.01).independence.p_value, 1e-6);
}

TEST(TrafficLight, HasTheZonesOfBasel) {
  const double plus[] = {0, 0, 0, 0, 0, 0.40, 0.50, 0.65, 0.75, 0.85, 1, 1};
  for (int x = 0; x < 12; ++x) {
    const auto light = traffic_light(x, 250, 0.01);
    EXPECT_EQ(light.zone, x < 5 ? "green" : x < 10 ? "yellow" : "red") << x;
    EXPECT_EQ(light.plus_factor, plus[x]);
  }
  EXPECT_NEAR(traffic_light(4, 250, 0.01).cumulative, 0.8922, 5e-5);  // BCBS 1996, table 1
  EXPECT_NEAR(traffic_light(9, 250, 0.01).cumulative, 0.9997, 5e-5);
}

std::vector<VarDay> normal_days(int n, double scale) {
  base::Random random(3);
  std::vector<VarDay> days;
  for (int i = 0; i < n; ++i) {
    const double r = random.normal() * scale;
    days.push_back({*parse_day("2000-01-01") + std::chrono::days(i), 1.9599639845, 2.3378, r, r < -1.9599639845});
  }
  return days;
}

TEST(AcerbiSzekely, AcceptsTrueForecastsAndRejectsSmallOnes) {
  const auto good = acerbi_szekely_test(normal_days(4000, 1), 0.025),
             bad = acerbi_szekely_test(normal_days(4000, 1.4), 0.025);
  EXPECT_NEAR(good.statistic, 0, 0.2);
  EXPECT_GT(good.p_value, 0.05);
  EXPECT_LT(bad.statistic, -0.7);
  EXPECT_LT(bad.p_value, 0.001);
  const std::vector<VarDay> two = {{Day{}, 1, 2, -3, true}, {Day{}, 1, 2, 0, false}};
  EXPECT_NEAR(acerbi_szekely_test(two, 0.25).statistic, 1 - 3 / (2 * 0.25 * 2), 1e-12);
}

TEST(Tests, CountTheLast250Days) {
  std::vector<VarDay> days(400);
  for (const std::size_t i : {0u, 149u, 150u, 399u}) days[i].exception = true;
  const auto tests = test_var(days, 0.99);
  EXPECT_EQ(tests.exceptions, 4);
  EXPECT_EQ(tests.light.days, 250);
  EXPECT_EQ(tests.light.exceptions, 2);
  EXPECT_THROW(test_var({}, 0.99), base::Error);
}

TEST(QuantileScore, IsLeastAtTheQuantile) {
  auto days = normal_days(4000, 1);
  const auto with = [&](double var) {
    for (VarDay& d : days) d.var = var, d.exception = d.ret < -var;
    return quantile_score(days, 0.025);
  };
  EXPECT_LT(with(1.96), with(1.6));
  EXPECT_LT(with(1.96), with(2.4));
}

TEST(Holm, StepsDown) {
  const std::vector<double> p = {0.04, 0.001, 0.02, 0.013};
  EXPECT_EQ(holm_rejections(p, 0.05), (std::vector<std::uint8_t>{1, 1, 1, 1}));
  const std::vector<double> q = {0.03, 0.001, 0.04};
  EXPECT_EQ(holm_rejections(q, 0.05), (std::vector<std::uint8_t>{0, 1, 0}));
}

}  // namespace
}  // namespace ballast::risk
