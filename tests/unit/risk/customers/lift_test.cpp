// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers_lift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/random.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

TEST(Lift, CountsTenthsFromTheTop) {
  std::vector<double> scores;
  std::vector<std::uint8_t> truth;
  for (int i = 0; i < 100; ++i) {
    scores.push_back(i);
    truth.push_back(i >= 80 ? 1 : 0);
  }
  EXPECT_THAT(lift_by_decile(scores, truth), testing::ElementsAre(5, 5, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(test::problem_of([&] { lift_by_decile(scores, std::vector<std::uint8_t>(100, 0)); }),
              testing::HasSubstr("lift needs ten rows and a positive one"));
}

TEST(Lift, IntervalsHoldTheEstimateAndPairedOnesAreNarrower) {
  base::Random random(3);
  std::vector<double> good, noisy;
  std::vector<std::uint8_t> truth;
  for (int i = 0; i < 2000; ++i) {
    const double x = random.normal();
    truth.push_back(random.uniform() < 1 / (1 + std::exp(2 - 1.5 * x)) ? 1 : 0);
    good.push_back(x);
    noisy.push_back(x + 1e-9 * random.normal());  // nearly the same order
  }
  const DecileLift lift = lift_with_intervals(good, truth);
  const auto plain = lift_by_decile(good, truth);
  ASSERT_EQ(lift.size(), 10u);
  for (std::size_t d = 0; d < 10; ++d) {
    EXPECT_DOUBLE_EQ(lift[d].estimate, plain[d]);
    EXPECT_LE(lift[d].low, plain[d]);
    EXPECT_GE(lift[d].high, plain[d]);
  }
  // The first tenth holds about 35 % of 2,000 / 10 rows: the binomial error of the lift gives a width near 4 · 0.19.
  EXPECT_NEAR(lift[0].high - lift[0].low, 0.75, 0.25);
  const LiftDifference same = lift_difference(good, noisy, truth);
  EXPECT_LT(same[0].high - same[0].low, 0.05);
  const LiftDifference worse = lift_difference(good, std::vector<double>(2000, 0.0), truth);
  EXPECT_LT(worse[0].high, 0);
}

TEST(Lift, ReadsBack) {
  const DecileLift lift = {{1.5, 1.25, 1.75, 10}, {0.5, 0.25, 0.75, 10}};
  const DecileLift again = lift_from_json(to_json(lift), "here");
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[1].low, 0.25);
  EXPECT_THAT(test::problem_of([] {
                lift_from_json(base::Json::array({{{"lift", 1}}}), "here");
              }),
              testing::HasSubstr("interval_95"));
}

}  // namespace
}  // namespace ballast::risk
