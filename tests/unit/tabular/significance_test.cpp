// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/significance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/random.h"

namespace ballast::tabular {
namespace {

const std::vector<double> kChampion = {0.9, 1.3, 0.4, 2.0, 1.1, 0.7, 1.6, 0.8, 1.2, 0.5};
const std::vector<double> kChallenger = {1.0, 1.1, 0.9, 2.4, 1.5, 0.6, 1.9, 1.3, 1.1, 0.8};

// Expected values: the formulas written out in Python, the t distribution integrated by Simpson's rule.
TEST(DieboldMariano, IsWhatTheFormulasGive) {
  const auto plain = diebold_mariano(kChampion, kChallenger, {.lags = 0});
  EXPECT_NEAR(plain.difference, 0.21, 1e-12);
  EXPECT_NEAR(plain.standard_error, 0.083599574693, 1e-11);
  EXPECT_NEAR(plain.statistic, 2.511974501911, 1e-10);
  EXPECT_NEAR(plain.p_value, 0.033203010878, 1e-10);

  const auto standard = diebold_mariano(kChampion, kChallenger);
  EXPECT_EQ(standard.lags, 2);  // floor(4 · 0.1^(2/9)) = floor(2.398)
  EXPECT_NEAR(standard.standard_error, 0.056640516842, 1e-11);
  EXPECT_NEAR(standard.p_value, 0.004863059910, 1e-10);

  const auto three = diebold_mariano(kChampion, kChallenger, {.horizon = 3});
  EXPECT_EQ(three.lags, 2);
  EXPECT_NEAR(three.statistic, 2.924589024997, 1e-10);
  EXPECT_NEAR(three.p_value, 0.016905139415, 1e-10);
}

TEST(DieboldMariano, IntervalHoldsZeroExactlyWhereThePValueSaysSo) {
  const auto result = diebold_mariano(kChampion, kChallenger, {.lags = 0, .level = 1 - 0.033203010878});
  EXPECT_NEAR(result.low, 0, 1e-9);
  EXPECT_NEAR(result.low + result.high, 2 * result.difference, 1e-12);
}

TEST(DieboldMariano, TurnsRoundWithItsModels) {
  const auto there = diebold_mariano(kChampion, kChallenger), back = diebold_mariano(kChallenger, kChampion);
  EXPECT_DOUBLE_EQ(there.statistic, -back.statistic);
  EXPECT_DOUBLE_EQ(there.p_value, back.p_value);
}

/// Share of 500 series without a true difference that are rejected at 5 %; `echo` carries that much of a day's
/// difference into the next.
double false_alarms(double echo, std::int64_t lags) {
  int rejected = 0;
  const std::vector<double> zeros(250, 0.0);
  for (std::uint64_t s = 0; s < 500; ++s) {
    base::Random random(7, s);
    std::vector<double> losses;
    double x = 0;
    for (int t = 0; t < 250; ++t) losses.push_back(x = echo * x + random.normal());
    rejected += diebold_mariano(zeros, losses, {.lags = lags}).p_value < 0.05;
  }
  return rejected / 500.0;
}

TEST(DieboldMariano, RejectsEqualModelsAsOftenAsItSays) {
  EXPECT_NEAR(false_alarms(0, -1), 0.05, 0.03);
  // Losses that follow each other need the long-run variance: without lags the alarm is false a fifth of the time.
  EXPECT_GT(false_alarms(0.5, 0), 0.20);
  EXPECT_LT(false_alarms(0.5, -1), 0.13);
}

TEST(DieboldMariano, ConstantDifferencesHaveNoVariance) {
  const std::vector<double> zeros(10, 0.0), ones(10, 1.0);
  EXPECT_EQ(diebold_mariano(ones, ones).p_value, 1);
  EXPECT_EQ(diebold_mariano(ones, ones).statistic, 0);
  const auto worse = diebold_mariano(zeros, ones);
  EXPECT_EQ(worse.p_value, 0);
  EXPECT_EQ(worse.statistic, std::numeric_limits<double>::infinity());
  EXPECT_EQ(worse.low, 1);
}

TEST(DieboldMariano, RefusesWhatCannotBeCompared) {
  const std::vector<double> nine(9, 1.0), seven(7, 1.0);
  EXPECT_THROW(diebold_mariano(kChampion, nine), base::Error);
  EXPECT_THROW(diebold_mariano(seven, seven), base::Error);
  EXPECT_THROW(diebold_mariano(kChampion, kChallenger, {.horizon = 5}), base::Error);  // needs 12
  EXPECT_THROW(diebold_mariano(kChampion, kChallenger, {.lags = 10}), base::Error);
  EXPECT_THROW(diebold_mariano(kChampion, kChallenger, {.horizon = 0}), base::Error);
  auto holed = kChallenger;
  holed[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(diebold_mariano(kChampion, holed), base::Error);
}

}  // namespace
}  // namespace ballast::tabular
