// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/risk/market_language.h"

namespace ballast::risk {
namespace {

/// Calm and stormy stretches of 50 days.
std::vector<double> returns_of(int days) {
  base::Random random(9);
  std::vector<double> out;
  for (int i = 0; i < days; ++i) out.push_back(random.normal() * ((i / 50) % 2 == 0 ? 0.004 : 0.03));
  return out;
}

ReturnLanguageOptions options() {
  ReturnLanguageOptions o;
  o.context = 12;
  o.epochs = 30;
  return o;
}

const ReturnLanguageModel& model() {
  static const ReturnLanguageModel kModel = ReturnLanguageModel::train(returns_of(700), options());
  return kModel;
}

TEST(ReturnLanguageModel, ExpectsStormsAfterStorms) {
  const auto returns = returns_of(1500);
  const auto calm = model().expect(returns, 1040, 1041).front(), storm = model().expect(returns, 1090, 1091).front();
  EXPECT_NEAR(std::accumulate(calm.begin(), calm.end(), 0.0), 1, 1e-9);
  EXPECT_GT(model().sigma(storm), 1.5 * model().sigma(calm));
  EXPECT_LT(model().quantile(storm, 0.05), model().quantile(calm, 0.05));
  EXPECT_LT(model().quantile(storm, 0.05), 0);
  EXPECT_GT(model().quantile(storm, 0.95), 0);
}

TEST(ReturnLanguageModel, ReadsNoLaterDay) {
  auto returns = returns_of(1500);
  const auto before = model().expect(returns, 1000, 1003);
  for (std::size_t i = 1002; i < returns.size(); ++i) returns[i] = 0.5;
  const auto after = model().expect(std::span(returns).first(1100), 1000, 1003);
  EXPECT_EQ(before, after);
  EXPECT_NE(before.back(), model().expect(returns, 1003, 1004).front());
}

TEST(ReturnLanguageModel, NeedsEnoughReturns) {
  EXPECT_THROW(ReturnLanguageModel::train(returns_of(499)), base::Error);
}

}  // namespace
}  // namespace ballast::risk
