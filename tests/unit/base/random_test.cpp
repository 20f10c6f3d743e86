// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace ballast::base {
namespace {

// Known answers of SplitMix64 for seed 1234567 (Vigna's splitmix64.c, as printed by Rosetta Code).
TEST(RandomBits, MatchesSplitMix64) {
  constexpr std::array<std::uint64_t, 5> kExpected = {6457827717110365317ull, 3203168211198807973ull,
                                                      9817491932198370423ull, 4593380528125082431ull,
                                                      16408922859458223821ull};
  for (std::size_t i = 0; i < kExpected.size(); ++i) EXPECT_EQ(random_bits(1234567, i), kExpected[i]) << i;
}

// What a seed gives may never change: --seed is stored with what it made.
TEST(Random, KnownAnswers) {
  Random r(42);
  EXPECT_EQ(r.bits(), 6332618229526065668ull);
  EXPECT_EQ(r.below(1000), 317u);
  EXPECT_EQ(r.uniform(), 0.48634953628166855);
}

TEST(Random, SeedsAndStreamsDiffer) {
  Random a(1), b(2), c(1, 1), again(1);
  const auto first = a.bits();
  EXPECT_NE(first, b.bits());
  EXPECT_NE(first, c.bits());
  EXPECT_EQ(first, again.bits());
}

TEST(Random, UniformStaysInsideAndFillsTheRange) {
  Random r(7);
  constexpr int kDraws = 100000;
  double sum = 0, low = 1, high = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = r.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    low = std::min(low, u);
    high = std::max(high, u);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));  // five standard errors
  EXPECT_LT(low, 0.001);
  EXPECT_GT(high, 0.999);
}

TEST(Random, BelowIsFair) {
  Random r(7);
  constexpr int kDraws = 70000;
  std::array<int, 7> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts.at(r.below(7));
  double chi2 = 0;
  for (const int c : counts) chi2 += (c - kDraws / 7.0) * (c - kDraws / 7.0) / (kDraws / 7.0);
  EXPECT_LT(chi2, 22.5);  // chi-square, 6 degrees of freedom: P(> 22.5) = 0.001
  EXPECT_EQ(r.below(1), 0u);
}

TEST(Random, NormalHasTheRightMoments) {
  Random r(7);
  constexpr int kDraws = 100000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = r.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  // Five standard errors; the variances of x, x², x⁴ are 1, 2 and 96.
  EXPECT_NEAR(sum / kDraws, 0, 5 * std::sqrt(1.0 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth / kDraws, 3, 5 * std::sqrt(96.0 / kDraws));
}

TEST(Random, ShuffleIsAPermutationAndRepeatable) {
  std::vector<int> a(100), b(100);
  std::iota(a.begin(), a.end(), 0);
  std::iota(b.begin(), b.end(), 0);
  const std::vector<int> before = a;
  Random(3).shuffle(std::span<int>(a));
  Random(3).shuffle(std::span<int>(b));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, before);
  std::sort(a.begin(), a.end());
  EXPECT_EQ(a, before);
}

}  // namespace
}  // namespace ballast::base
