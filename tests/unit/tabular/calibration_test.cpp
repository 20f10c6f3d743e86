// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/tabular/metrics.h"

namespace ballast::tabular {
namespace {

using ::testing::ElementsAre;

TEST(Temperature, OfTwoClassesByHand) {
  // Margin 2, right 3 times of 4: the best fit says 3/4, so 2 / T = ln 3.
  const std::vector<float> logits = {2, 0, 2, 0, 2, 0, 2, 0};
  const std::vector<int> labels = {0, 0, 0, 1};
  EXPECT_NEAR(fit_temperature(logits, labels, 2), 2 / std::log(3.0), 1e-8);
}

TEST(Temperature, IsFoundAgainAndBoundedWhereThereIsNoMinimum) {
  base::Random random(5);
  std::vector<float> logits;
  std::vector<int> labels;
  for (int r = 0; r < 20000; ++r) {
    std::vector<float> z(3);
    for (float& v : z) v = static_cast<float>(3 * random.normal());
    const auto p = softmax_at(z, 2.5);
    const double u = random.uniform();
    labels.push_back(u < p[0] ? 0 : u < p[0] + p[1] ? 1 : 2);
    logits.insert(logits.end(), z.begin(), z.end());
  }
  EXPECT_NEAR(fit_temperature(logits, labels, 3), 2.5, 0.1);
  const std::vector<float> sure = {5, 0};
  EXPECT_LT(fit_temperature(sure, std::vector<int>{0}, 2), 0.1);
  EXPECT_NEAR(fit_temperature(sure, std::vector<int>{1}, 2), 64, 1);
  const std::vector<float> flat = {1, 1};
  const double any = fit_temperature(flat, std::vector<int>{1}, 2);
  EXPECT_TRUE(any >= 1.0 / 64 && any <= 64);
}

TEST(Temperature, BootstrapSpreadsAroundTheFit) {
  std::vector<float> logits;
  std::vector<int> labels;
  for (int r = 0; r < 200; ++r) {
    logits.insert(logits.end(), {2.0f, 0.0f});
    labels.push_back(r % 4 == 3);
  }
  const auto fits = bootstrap_temperatures(logits, labels, 2, 100);
  EXPECT_LT(*std::min_element(fits.begin(), fits.end()), 2 / std::log(3.0));
  EXPECT_GT(*std::max_element(fits.begin(), fits.end()), 2 / std::log(3.0));
}

TEST(Platt, SolvesItsEquations) {
  // With one score for both classes only b is fitted: sigmoid(f) = mean target = (3·4/5 + 1/3) / 4.
  const std::vector<double> flat = {1, 1, 1, 1};
  const std::vector<std::uint8_t> truth = {1, 1, 1, 0};
  EXPECT_NEAR(fit_platt(flat, truth)(1), (3 * 0.8 + 1.0 / 3) / 4, 1e-4);
  // Two scores, two rows: each probability is its target, (1 + 1) / (1 + 2) and 1 / (1 + 2).
  const auto two = fit_platt(std::vector<double>{-1, 1}, std::vector<std::uint8_t>{0, 1});
  EXPECT_NEAR(two(1), 2.0 / 3, 1e-4);
  EXPECT_NEAR(two(-1), 1.0 / 3, 1e-4);
  EXPECT_NEAR(two.a, std::log(2.0), 1e-4);
  EXPECT_NEAR(two.b, 0, 1e-4);
}

TEST(Platt, StaysFiniteWithOneClassOnly) {
  const std::vector<double> scores = {-2, 0, 3};
  const auto none = fit_platt(scores, std::vector<std::uint8_t>{0, 0, 0});
  EXPECT_TRUE(std::isfinite(none.a) && std::isfinite(none.b));
  EXPECT_NEAR(none(0), 0.2, 0.02);
  const auto all = fit_platt(scores, std::vector<std::uint8_t>{1, 1, 1});
  EXPECT_NEAR(all(0), 0.8, 0.02);
  EXPECT_EQ(PlattScaling({1, 0})(-800), 0);
  EXPECT_EQ(PlattScaling({1, 0})(800), 1);
}

TEST(Platt, FindsTheTruthAndItsIntervalCoversIt) {
  base::Random random(9);
  const PlattScaling truth_curve{1.5, -0.5};
  std::vector<double> scores;
  std::vector<std::uint8_t> truth;
  for (int i = 0; i < 1000; ++i) {
    scores.push_back(2 * random.normal());
    truth.push_back(random.uniform() < truth_curve(scores.back()));
  }
  const auto fit = fit_platt(scores, truth);
  EXPECT_NEAR(fit.a, 1.5, 0.2);
  base::set_threads(1);
  const auto fits = bootstrap_platt(scores, truth, 100);
  base::set_threads(3);
  const auto again = bootstrap_platt(scores, truth, 100);
  base::set_threads(0);
  for (std::size_t i = 0; i < fits.size(); ++i) {
    EXPECT_EQ(fits[i].a, again[i].a);
    EXPECT_EQ(fits[i].b, again[i].b);
  }
  for (const double s : {-2.0, 0.0, 1.0}) {
    const auto [low, high] = platt_interval(fits, s);
    EXPECT_LT(low, fit(s));
    EXPECT_GT(high, fit(s));
    EXPECT_LT(high - low, 0.15);
  }
}

TEST(Isotonic, PoolsViolatorsByHand) {
  const std::vector<double> scores = {1, 2, 3, 4, 5};
  const auto fit = IsotonicScaling::fit(scores, std::vector<std::uint8_t>{0, 1, 0, 1, 1});
  EXPECT_EQ(fit(0), 0);
  EXPECT_DOUBLE_EQ(fit(2), 0.5);
  EXPECT_DOUBLE_EQ(fit(2.5), 0.5);
  EXPECT_DOUBLE_EQ(fit(3), 0.5);
  EXPECT_DOUBLE_EQ(fit(3.5), 0.75);
  EXPECT_EQ(fit(9), 1);
  const auto tied = IsotonicScaling::fit(std::vector<double>{1, 1, 2}, std::vector<std::uint8_t>{1, 0, 1});
  EXPECT_THAT(tied.probabilities(), ElementsAre(0.5, 1));
}

TEST(F1Threshold, ByHandWithTiesAndWithoutPositives) {
  const std::vector<double> scores = {0.9, 0.8, 0.7, 0.3};
  const auto best = best_f1_threshold(scores, std::vector<std::uint8_t>{1, 0, 1, 0});
  EXPECT_EQ(best.threshold, 0.7);
  EXPECT_DOUBLE_EQ(best.f1, 0.8);
  // At 0.9 and at 0.7 F1 is 2/3: the higher one.
  const std::vector<double> four = {0.9, 0.8, 0.75, 0.7};
  const auto tie = best_f1_threshold(four, std::vector<std::uint8_t>{1, 0, 0, 1});
  EXPECT_EQ(tie.threshold, 0.9);
  EXPECT_DOUBLE_EQ(tie.f1, 2.0 / 3);
  const auto equal = best_f1_threshold(std::vector<double>{0.5, 0.5}, std::vector<std::uint8_t>{1, 0});
  EXPECT_EQ(equal.threshold, 0.5);
  EXPECT_DOUBLE_EQ(equal.f1, 2.0 / 3);
  const auto none = best_f1_threshold(scores, std::vector<std::uint8_t>(4, 0));
  EXPECT_GT(none.threshold, 0.9);
  EXPECT_LT(none.threshold, 0.9001);
  EXPECT_EQ(none.f1, 0);
}

TEST(Calibration, NoRowsIsAnError) {
  for (const auto& act :
       std::vector<std::function<void()>>{[] { fit_platt({}, {}); }, [] { fit_temperature({}, {}, 2); },
                                          [] { IsotonicScaling::fit({}, {}); }, [] { best_f1_threshold({}, {}); }}) {
    try {
      act();
      FAIL();
    } catch (const base::Error& e) {
      EXPECT_EQ(e.problem(), "no rows to fit on");
    }
  }
}

}  // namespace
}  // namespace ballast::tabular
