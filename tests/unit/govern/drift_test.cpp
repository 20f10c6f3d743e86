// SPDX-License-Identifier: Apache-2.0
// Values by hand where a formula is short; KS and Spiegelhalter's p-values by their formulas,
// computed apart in another program.
#include "ballast/govern/drift.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/random.h"

namespace ballast::govern {
namespace {

std::vector<double> normals(int count, double mean, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(mean + random.normal());
  return values;
}

TEST(Drift, TheStabilityIndexOfCountsIsItsFormula) {
  // Shares with half a case added: 10.5/31 and 20.5/31 before, 20.5/31 and 10.5/31 late.
  const double shift = 10.0 / 31 * std::log(20.5 / 10.5) * 2;
  EXPECT_NEAR(stability_index_of_counts(std::vector<std::int64_t>{10, 20}, std::vector<std::int64_t>{20, 10}), shift,
              1e-12);
  EXPECT_EQ(stability_index_of_counts(std::vector<std::int64_t>{5, 7}, std::vector<std::int64_t>{5, 7}), 0);
}

TEST(Drift, TheStabilityIndexKnowsCustomsOfStableAndShifted) {
  const auto before = normals(5000, 0, 1);
  EXPECT_LT(stability_index(before, normals(5000, 0, 2)), 0.01);
  EXPECT_GT(stability_index(before, normals(5000, 1, 3)), 0.25);
  auto gaps = normals(5000, 0, 4);
  for (std::size_t i = 0; i < gaps.size(); i += 2) gaps[i] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_GT(stability_index(before, gaps), 0.25);  // half of the values are gone: that is a shift too
  EXPECT_THROW(stability_index(before, {}), base::Error);
}

TEST(Drift, KolmogorovAndSmirnovsDistanceIsTheWidestGap) {
  const KsTest test = ks_test(std::vector<double>{1, 2, 3, 4}, std::vector<double>{3, 4, 5, 6});
  EXPECT_DOUBLE_EQ(test.distance, 0.5);  // after 2: 2/4 against 0/4
  const KsTest same = ks_test(normals(500, 0, 1), normals(500, 0, 2)),
               moved = ks_test(normals(500, 0, 1), normals(500, 0.5, 2));
  EXPECT_GT(same.p_value, 0.05);
  EXPECT_LT(moved.p_value, 1e-6);
  // lambda = (sqrt(5) + 0.12 + 0.11/sqrt(5)) * 0.6 = 1.4431; 2 (exp(-2 lambda^2) - exp(-8 lambda^2) + ...) = 0.03105
  std::vector<double> a, b;
  for (int i = 0; i < 10; ++i) a.push_back(i), b.push_back(i + 6);
  EXPECT_NEAR(ks_test(a, b).p_value, 0.031047, 1e-5);
}

TEST(Drift, ThePValuesOfKsAreUniformWhereNothingMoved) {
  int below = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    below += ks_test(normals(80, 0, 2 * seed), normals(60, 0, 2 * seed + 1)).p_value < 0.1;
  }
  EXPECT_GT(below, 20);
  EXPECT_LT(below, 60);  // 40 expected
}

TEST(Drift, CloudsOfVectorsThatMovedAreToldApart) {
  const auto cloud = [](double mean, std::uint64_t seed) {
    std::vector<float> out;
    for (const double v : normals(60 * 4, mean, seed)) out.push_back(static_cast<float>(v));
    return out;
  };
  const MmdTest same = mmd_test(cloud(0, 1), cloud(0, 2), 4, 199, 42),
                moved = mmd_test(cloud(0, 1), cloud(1, 2), 4, 199, 42);
  EXPECT_GT(same.p_value, 0.05);
  EXPECT_DOUBLE_EQ(moved.p_value, 1.0 / 200);
  EXPECT_EQ(moved.p_value, mmd_test(cloud(0, 1), cloud(1, 2), 4, 199, 42).p_value);
  EXPECT_THROW(mmd_test(std::vector<float>(4), cloud(0, 1), 4, 9, 42), base::Error);
}

TEST(Drift, MmdOfFourPointsIsItsFormula) {
  // Points 0, 1 | 2, 3 in one dimension. Squared distances 1 4 9 1 4 1, median (upper middle) 4: kernel exp(-d/8).
  const auto k = [](double d) { return std::exp(-d / 8); };
  const double expected = k(1) + k(1) - 2 * (k(4) + k(9) + k(1) + k(4)) / 4;
  EXPECT_NEAR(mmd_test(std::vector<float>{0, 1}, std::vector<float>{2, 3}, 1, 0, 1).squared, expected, 1e-12);
}

TEST(Drift, CalibrationIsTestedInTheLargeAndBySpiegelhalter) {
  // Ten times p = 0.2 with five events: z = (5 - 2)/sqrt(1.6) = 2.3717, p = 0.01771. All weights are 0.6: the same z.
  const std::vector<double> p(10, 0.2);
  const CalibrationDrift d = calibration_drift(p, std::vector<std::uint8_t>{1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, 42);
  EXPECT_NEAR(d.p_large, 0.017706, 1e-5);
  EXPECT_NEAR(d.p_spiegelhalter, 0.017706, 1e-5);
  EXPECT_DOUBLE_EQ(d.observed, 0.5);
  EXPECT_THROW(calibration_drift({}, {}, 42), base::Error);
}

TEST(Drift, FewRowsReachAHighIndexByChance) {
  // chi-squared with 9 degrees of freedom: 99 % lie below 21.666; Wilson and Hilferty's is within a tenth.
  EXPECT_NEAR(stability_by_chance(10, 100, 100), 21.666 * 0.02, 0.002);
  EXPECT_EQ(stability_by_chance(1, 100, 100), 0);
  int above = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    above +=
        stability_index(normals(200, 0, 2 * seed), normals(50, 0, 2 * seed + 1)) > stability_by_chance(10, 200, 50);
  }
  EXPECT_LT(above, 15);  // 5 expected; the half cases added make it fewer
  DriftReport report;
  report.findings = {{"age", "psi", 0.3, {}, {}, false, 0.4}};
  judge_drift(report, {});
  EXPECT_EQ(report.alerts(), 0);
  EXPECT_EQ(describe(report.findings[0], {}), "age: PSI 0.300, above 0.25, but so few rows reach 0.400 by chance");
}

TEST(Drift, AlertsFollowTheLimitsAndTheCorrection) {
  DriftReport report;
  report.findings = {{"age", "psi", 0.3, {}, {}, false},
                     {"age", "ks", 0.2, 1e-9, {}, false},
                     {"score", "calibration", 0.1, 0.006, {}, false},
                     {"score", "spiegelhalter", 0.1, 0.5, {}, false}};
  judge_drift(report, {});
  EXPECT_EQ(report.alerts(), 1);  // 0.006 is 0.012 after Holm over two; KS is not judged
  judge_drift(report, {0.35, 0.02, true});
  EXPECT_EQ(report.alerts(), 2);  // KS and, 0.006 · 2 < 0.02, calibration
  EXPECT_FALSE(report.findings[0].alert);
}

}  // namespace
}  // namespace ballast::govern
