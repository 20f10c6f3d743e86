// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_volatility_comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/risk/market_volatility.h"

namespace ballast::risk {
namespace {

/// Returns whose volatility clusters strongly after losses (GJR).
Returns clustered(int n, std::uint64_t seed) {
  base::Random random(seed);
  Returns out;
  double h = 1;
  for (int i = 0; i < n; ++i) {
    const double e = std::sqrt(h) * random.normal();
    out.days.push_back(*parse_day("2000-01-03") + std::chrono::days(i));
    out.values.push_back(0.01 * e);
    h = 0.1 + (0.02 + (e < 0 ? 0.25 : 0)) * e * e + 0.75 * h;
  }
  return out;
}

const VolatilityForecaster& named(const VolatilityComparison& c, const std::string& name) {
  for (const auto& m : c.models) {
    if (m.model == name) return m;
  }
  throw std::runtime_error(name);
}

TEST(VolatilityComparison, JudgesTheForecastsThatTheModelsMake) {
  const Returns r = clustered(1500, 3);
  const auto c = compare_volatility(r);
  ASSERT_EQ(c.days.size(), 1250u);
  EXPECT_EQ(c.days.front(), r.days[250]);
  EXPECT_EQ(c.models[c.champion].model, "gjr");
  VolatilityOptions o;
  o.model = VolatilityModel::gjr;
  const auto path = volatility_path(r.values, o);
  const auto& gjr = named(c, "gjr");
  EXPECT_EQ(gjr.sigma[0], path[250]);
  EXPECT_EQ(gjr.sigma.back(), path[1499]);
  EXPECT_EQ(gjr.next, path.back());
  EXPECT_DOUBLE_EQ(gjr.qlike, qlike(c.squares, gjr.sigma));
  double mse = 0;
  for (std::size_t i = 0; i < c.days.size(); ++i) mse += std::pow(c.squares[i] - std::pow(gjr.sigma[i], 2), 2) / 1250;
  EXPECT_NEAR(gjr.mse, mse, 1e-18);
  const auto& har = named(c, "har");
  EXPECT_NEAR(har.by_qlike.difference, har.qlike - gjr.qlike, 1e-12);
  EXPECT_NEAR(har.by_mse.difference, har.mse - gjr.mse, 1e-18);
  // The true model wins, and symmetric EWMA is known to be worse.
  EXPECT_LT(gjr.qlike, named(c, "ewma").qlike);
  EXPECT_LT(named(c, "ewma").qlike_p_holm, 0.05);
  for (const auto& m : c.models) {
    EXPECT_GE(m.qlike_p_holm, m.by_qlike.p_value) << m.model;
  }
}

TEST(VolatilityComparison, TransformerSeesOnlyThePastAndNoThreads) {
  VolatilityComparisonOptions o;
  o.models = {"ewma", "transformer"};
  o.champion = "ewma";
  const Returns r = clustered(1400, 5);
  base::set_threads(1);
  const auto one = compare_volatility(r, o);
  base::set_threads(2);
  const auto two = compare_volatility(r, o);
  base::set_threads(0);
  ASSERT_EQ(one.days.size(), 400u);
  EXPECT_EQ(one.models[1].sigma, two.models[1].sigma);
  Returns shorter = r;
  shorter.days.resize(1300);
  shorter.values.resize(1300);
  const auto earlier = compare_volatility(shorter, o);
  for (std::size_t i = 0; i < earlier.days.size(); ++i) {
    ASSERT_EQ(earlier.models[1].sigma[i], one.models[1].sigma[i]) << i;
  }
  EXPECT_EQ(earlier.models[1].next, one.models[1].sigma[300]);
  for (const double s : one.models[1].sigma) EXPECT_GT(s, 0);
}

TEST(VolatilityComparison, RefusesWhatCannotBeCompared) {
  const Returns r = clustered(400, 1);
  const auto refused = [&](auto change) {
    VolatilityComparisonOptions o;
    change(o);
    EXPECT_THROW(compare_volatility(r, o), base::Error);
  };
  refused([](auto& o) { o.models.push_back("arch"); });
  refused([](auto& o) { o.models.push_back("gjr"); });
  refused([](auto& o) { o.champion = "transformer"; });
  refused([](auto& o) { o.models = {"gjr", "transformer"}; });  // needs 1060 returns
}

}  // namespace
}  // namespace ballast::risk
