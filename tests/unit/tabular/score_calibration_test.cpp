// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/score_calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {
namespace {

/// Scores that are twice too sure: the true log-odds are half of them.
struct TooSure {
  std::vector<double> scores;
  std::vector<std::uint8_t> truth;
  TooSure() {
    base::Random random(4);
    for (int i = 0; i < 6000; ++i) {
      scores.push_back(3 * random.normal());
      truth.push_back(random.uniform() < 1 / (1 + std::exp(-scores.back() / 2)) ? 1 : 0);
    }
  }
};

class EveryMethod : public ::testing::TestWithParam<CalibrationMethod> {};

TEST_P(EveryMethod, UndoesTooMuchConfidence) {
  const TooSure data;
  const auto fit = ScoreCalibration::fit(GetParam(), data.scores, data.truth, 5, 40);
  for (const double score : {-3.0, -1.0, 0.0, 2.0}) {
    const double expected = 1 / (1 + std::exp(-score / 2));
    EXPECT_NEAR(fit.probability(score), expected, 0.09) << score;
    EXPECT_DOUBLE_EQ(fit.probability(score), 1 / (1 + std::exp(-fit.log_odds(score))));
    const auto [low, high] = fit.interval(score);
    EXPECT_LE(low, high);
    EXPECT_LE(low, fit.probability(score) + 0.02);
    EXPECT_GE(high, fit.probability(score) - 0.02);
  }
  // Finite beyond everything that was seen.
  EXPECT_TRUE(std::isfinite(fit.log_odds(100)) && std::isfinite(fit.log_odds(-100)));
}

TEST_P(EveryMethod, ReadBackItIsTheSameAndDoesNotDependOnThreads) {
  const TooSure data;
  base::set_threads(1);
  const auto one = ScoreCalibration::fit(GetParam(), data.scores, data.truth, 5, 10);
  base::set_threads(4);
  const auto four = ScoreCalibration::fit(GetParam(), data.scores, data.truth, 5, 10);
  base::set_threads(0);
  EXPECT_EQ(one.to_json(), four.to_json());
  const auto again = ScoreCalibration::from_json(base::parse_json(base::dump_json(one.to_json()), "c"), "c");
  for (const double score : {-2.5, 0.3, 7.0}) {
    EXPECT_EQ(again.log_odds(score), one.log_odds(score));
    EXPECT_EQ(again.interval(score), one.interval(score));
  }
  base::Json damaged = one.to_json();
  damaged["drawn"] = base::Json::array();
  EXPECT_THROW(ScoreCalibration::from_json(damaged, "c"), base::Error);
  damaged = one.to_json();
  damaged["fit"] = {"x", 1};
  EXPECT_THROW(ScoreCalibration::from_json(damaged, "c"), base::Error);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod,
                         ::testing::Values(CalibrationMethod::platt, CalibrationMethod::temperature,
                                           CalibrationMethod::isotonic),
                         [](const auto& m) { return std::string(calibration_method_name(m.param)); });

TEST(CrossCalibration, JudgesARowByTheOtherFoldsAlone) {
  TooSure data;
  const auto fold = stratified_folds(data.truth, 5, 1);
  const auto before = cross_calibrate(data.scores, data.truth, fold, CalibrationMethod::isotonic);
  // Other truths in fold 0 move the rows of the other folds only.
  for (std::size_t i = 0; i < fold.size(); ++i) {
    if (fold[i] == 0) data.truth[i] = 1 - data.truth[i];
  }
  const auto after = cross_calibrate(data.scores, data.truth, fold, CalibrationMethod::isotonic);
  int moved = 0;
  for (std::size_t i = 0; i < fold.size(); ++i) {
    if (fold[i] == 0) {
      EXPECT_EQ(before[i], after[i]);
    }
    moved += fold[i] != 0 && before[i] != after[i];
  }
  EXPECT_GT(moved, 4000);
}

}  // namespace
}  // namespace ballast::tabular
