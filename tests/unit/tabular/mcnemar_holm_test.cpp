// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/tabular/significance.h"

namespace ballast::tabular {
namespace {

std::vector<std::uint8_t> bits(int ones, int zeros, int more_ones, int more_zeros) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(ones), 1);
  out.insert(out.end(), static_cast<std::size_t>(zeros), 0);
  out.insert(out.end(), static_cast<std::size_t>(more_ones), 1);
  out.insert(out.end(), static_cast<std::size_t>(more_zeros), 0);
  return out;
}

// 5 rows that only the first gets right, 15 that only the second does. By hand: Σ C(20, k), k ≤ 5, is 21,700 and
// C(20, 5) 15,504, of 2^20 = 1,048,576.
TEST(McNemarTest, MatchesBinomialByHand) {
  const auto first = bits(5, 15, 7, 3), other = bits(0, 5, 22, 3);
  const McNemar m = mcnemar(first, other);
  EXPECT_EQ(m.only_first, 5);
  EXPECT_EQ(m.only_second, 15);
  EXPECT_NEAR(m.exact, 2 * 21700 / 1048576.0, 1e-12);
  EXPECT_NEAR(m.mid_p, (2 * 21700 - 15504) / 1048576.0, 1e-12);
  EXPECT_DOUBLE_EQ(m.statistic, 81 / 20.0);
}

TEST(McNemarTest, EqualModelsAreNotTold) {
  const auto same = bits(3, 4, 2, 1);
  EXPECT_EQ(mcnemar(same, same).mid_p, 1);
  // As many either way: the exact probability is 1, and so is what is left after half the middle term.
  const std::vector<std::uint8_t> a = {1, 0, 1, 0}, b = {0, 1, 0, 1};
  EXPECT_EQ(mcnemar(a, b).exact, 1);
  EXPECT_NEAR(mcnemar(a, b).mid_p, 1, 1e-12);
  EXPECT_EQ(mcnemar(a, b).statistic, 0);
  EXPECT_THROW(mcnemar({}, {}), base::Error);
}

TEST(McNemarTest, ManyRowsDoNotUnderflow) {
  std::vector<std::uint8_t> a(40'000, 1), b(40'000, 0);
  for (std::size_t i = 0; i < 20'000; ++i) a[i] = 0, b[i] = 1;
  EXPECT_NEAR(mcnemar(a, b).mid_p, 1, 1e-6);
  for (std::size_t i = 0; i < 15'000; ++i) a[i] = 1;
  EXPECT_LT(mcnemar(a, b).mid_p, 1e-100);
}

TEST(HolmTest, AdjustsByHand) {
  const std::vector<double> p = {0.01, 0.04, NAN, 0.03, 0.005};
  const auto adjusted = holm_adjusted(p);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.03);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.06);
  EXPECT_TRUE(std::isnan(adjusted[2]));
  EXPECT_DOUBLE_EQ(adjusted[3], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[4], 0.02);
}

}  // namespace
}  // namespace ballast::tabular
