// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/roc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/tabular/metrics.h"

namespace ballast::tabular {
namespace {

// By hand: positives 0.9 0.6 0.4, negatives 0.7 0.3 0.2 0.4. Placements of the positives 1, 3/4, 5/8 (a tie counts
// half), of the negatives 1/3, 1, 1, (1 + 1 + 1/2) / 3.
TEST(DeLong, IsThatOfTheHandComputedTable) {
  const std::vector<double> s = {0.9, 0.6, 0.4, 0.7, 0.3, 0.2, 0.4};
  const std::vector<std::uint8_t> t = {1, 1, 1, 0, 0, 0, 0};
  const AucEstimate e = auc_with_interval(s, t);
  const double a = (1 + 0.75 + 0.625) / 3;
  EXPECT_NEAR(e.auc, a, 1e-14);
  EXPECT_NEAR(e.auc, auc(s, t), 1e-14);
  double v10 = 0, v01 = 0;
  for (const double x : {1.0, 0.75, 0.625}) v10 += (x - a) * (x - a) / 2;
  for (const double x : {1.0 / 3, 1.0, 1.0, 2.5 / 3}) v01 += (x - a) * (x - a) / 3;
  EXPECT_NEAR(e.standard_error, std::sqrt(v10 / 3 + v01 / 4), 1e-14);
  EXPECT_EQ(e.high, 1);
}

TEST(DeLong, IntervalsCoverTheTruthAndThePairedTestKeepsItsSize) {
  base::Random random(11);
  int covered = 0, rejected = 0;
  const double expected = 0.5 * std::erfc(-1 / 2.0);  // AUC of normals one sigma apart
  for (int run = 0; run < 400; ++run) {
    std::vector<double> a, b;
    std::vector<std::uint8_t> t;
    for (int i = 0; i < 200; ++i) {
      t.push_back(i % 3 == 0 ? 1 : 0);
      const double shared = random.normal() * std::sqrt(0.5), shift = t.back() != 0 ? 1 : 0;
      a.push_back(shift + shared + random.normal() * std::sqrt(0.5));
      b.push_back(shift + shared + random.normal() * std::sqrt(0.5));
    }
    const AucComparison c = compare_auc(a, b, t);
    covered += c.champion.low <= expected && expected <= c.champion.high ? 1 : 0;
    rejected += c.p_value < 0.05 ? 1 : 0;
  }
  EXPECT_NEAR(covered / 400.0, 0.95, 0.035);
  EXPECT_NEAR(rejected / 400.0, 0.05, 0.035);
}

TEST(DeLong, TheSameModelTwiceIsNoDifference) {
  const std::vector<double> s = {1, 2, 3, 4};
  const std::vector<std::uint8_t> t = {0, 1, 0, 1};
  EXPECT_EQ(compare_auc(s, s, t).p_value, 1);
  EXPECT_THROW(auc_with_interval(s, std::vector<std::uint8_t>(4, 1)), base::Error);
}

TEST(Ks, IsTheLargestGap) {
  const std::vector<double> s = {1, 2, 2, 3, 4};
  const std::vector<std::uint8_t> t = {0, 0, 1, 1, 1};
  EXPECT_NEAR(ks_distance(s, t), 2.0 / 3, 1e-14);  // at 2: all negatives, one of three positives
  EXPECT_TRUE(std::isnan(ks_distance(s, std::vector<std::uint8_t>(5, 0))));
}

TEST(NormalQuantile, KnownValues) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, 1e-13);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-16);
}

}  // namespace
}  // namespace ballast::tabular
