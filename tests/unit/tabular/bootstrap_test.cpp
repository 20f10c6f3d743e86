// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/tabular/metrics.h"

namespace ballast::tabular {
namespace {

/// Share of right answers among rows; row r is right where r % of == 0.
RowMeasure share_right(std::int64_t of) {
  return [of](std::span<const std::int64_t> rows) {
    double right = 0;
    for (const auto r : rows) right += r % of == 0;
    return right / static_cast<double>(rows.size());
  };
}

TEST(Bootstrap, CoversAsTheNormalApproximationSays) {
  const auto i = bootstrap_interval(400, share_right(4));
  EXPECT_DOUBLE_EQ(i.estimate, 0.25);
  EXPECT_EQ(i.replicates, 1000);
  const double half = 1.96 * std::sqrt(0.25 * 0.75 / 400);
  EXPECT_NEAR(i.low, 0.25 - half, 0.006);
  EXPECT_NEAR(i.high, 0.25 + half, 0.006);
}

TEST(Bootstrap, TheSameForAnyThreadCountAndOnlyForTheSeed) {
  base::set_threads(1);
  const auto one = bootstrap_interval(50, share_right(3));
  base::set_threads(4);
  const auto four = bootstrap_interval(50, share_right(3));
  const auto other = bootstrap_interval(5000, share_right(3), {100, 0.95, 43});
  const auto same = bootstrap_interval(5000, share_right(3), {100, 0.95, 42});
  base::set_threads(0);
  EXPECT_EQ(one.low, four.low);
  EXPECT_EQ(one.high, four.high);
  EXPECT_NE(other.low, same.low);
}

TEST(Bootstrap, PairsCancelWhatTheyShare) {
  const auto d = bootstrap_difference(400, share_right(4), share_right(2));  // right wherever the champion is, and more
  EXPECT_DOUBLE_EQ(d.difference.estimate, 0.25);
  EXPECT_GT(d.difference.low, 0);
  EXPECT_EQ(d.better, 1);
  const auto equal = bootstrap_difference(400, share_right(4), share_right(4));
  EXPECT_EQ(equal.difference.low, 0);
  EXPECT_EQ(equal.difference.high, 0);
  EXPECT_EQ(equal.better, 0);
}

TEST(Bootstrap, MeasuresOfSpansSeeTheDrawnRows) {
  const std::vector<std::uint8_t> truth = {0, 1, 1, 0, 1};
  const std::vector<double> scores = {0.1, 0.9, 0.4, 0.5, 0.7};
  const auto measure = measure_rows(std::span(truth), std::span(scores), [](auto t, auto s) { return auc(s, t); });
  const std::vector<std::int64_t> rows = {0, 2, 2, 3};
  EXPECT_DOUBLE_EQ(measure(rows), 0.5);
  const auto i = bootstrap_interval(5, measure);
  EXPECT_LT(i.replicates, 1000) << "draws of one class are left out";
  EXPECT_GT(i.replicates, 800);
  const std::vector<std::int64_t> one_class = {0, 3};
  EXPECT_TRUE(std::isnan(measure(one_class)));
}

TEST(Bootstrap, NoRowsIsAnError) {
  try {
    bootstrap_interval(0, share_right(2));
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(e.problem(), "no rows to draw from");
  }
}

}  // namespace
}  // namespace ballast::tabular
