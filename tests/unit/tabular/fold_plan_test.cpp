// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/fold_plan.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/support/errors.h"
#include "tests/unit/tabular/synthetic.h"

namespace ballast::tabular {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FoldPlan, ForwardNeverLearnsFromTheFuture) {
  // Twelve moments out of order: every training row of a split lies before all rows that the split predicts.
  const std::vector<double> times = {3, 1, 2, 4, 6, 5, 7, 9, 8, 12, 10, 11};
  const FoldPlan plan = forward_plan(times, 3);
  ASSERT_EQ(plan.splits.size(), 3u);
  for (const Split& split : plan.splits) {
    for (const auto a : split.train) {
      for (const auto b : split.test) EXPECT_LT(times[static_cast<std::size_t>(a)], times[static_cast<std::size_t>(b)]);
    }
  }
  EXPECT_THAT(plan.fold, ElementsAre(-1, -1, -1, 0, 0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_THAT(plan.judged(), ElementsAre(6, 7, 8, 9, 10, 11));  // the first split only calibrates
}

TEST(FoldPlan, ForwardCalibrationUsesEarlierFoldsOnly) {
  const auto s = test::synthetic(900, 3);
  std::vector<double> times(900), scores(900);
  for (std::size_t i = 0; i < times.size(); ++i) {
    times[i] = static_cast<double>(i);
    scores[i] = s.table.columns[0].numbers[i];
  }
  const FoldPlan plan = forward_plan(times, 5);
  const auto before = cross_calibrate(scores, s.truth, plan);
  EXPECT_TRUE(std::isnan(before[0]));                                                 // never predicted
  EXPECT_TRUE(std::isnan(before[static_cast<std::size_t>(plan.splits[0].test[0])]));  // calibrates only
  // Another future leaves the past as it was.
  auto truth = s.truth;
  for (const auto row : plan.splits[4].test) truth[static_cast<std::size_t>(row)] ^= 1;
  const auto after = cross_calibrate(scores, truth, plan);
  for (const auto row : plan.judged()) {
    EXPECT_EQ(before[static_cast<std::size_t>(row)], after[static_cast<std::size_t>(row)]);
  }
}

TEST(FoldPlan, StratifiedIsTheSameAsWithoutAPlan) {
  const auto s = test::synthetic(400, 5);
  FitOptions options;
  options.kind = ModelKind::logistic;
  const FoldPlan plan = stratified_plan(s.truth, 4, 1);
  const std::vector<int> fold = stratified_folds(s.truth, 4, 1);
  const auto scores = cross_fit(s.table, s.truth, plan, options);
  EXPECT_EQ(scores, cross_fit(s.table, s.truth, {}, fold, options));
  EXPECT_EQ(cross_calibrate(scores, s.truth, plan), cross_calibrate(scores, s.truth, fold));
  EXPECT_EQ(plan.judged().size(), 400u);
}

TEST(FoldPlan, OneMomentCannotBeCut) {
  const std::vector<double> times(30, 7.0);
  EXPECT_THAT(test::problem_of([&] { forward_plan(times, 3); }), HasSubstr("a chronological split at 7 leaves 0"));
}

}  // namespace
}  // namespace ballast::tabular
