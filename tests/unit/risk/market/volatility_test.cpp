// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/risk/market_volatility.h"

namespace ballast::risk {
namespace {

/// Student t scaled to variance 1: normal over the root of a chi-squared of `nu` (whole) degrees.
double unit_t(base::Random& random, int nu) {
  double chi = 0;
  const double z = random.normal();
  for (int k = 0; k < nu; ++k) chi += std::pow(random.normal(), 2);
  return z / std::sqrt(chi / nu) * std::sqrt((nu - 2.0) / nu);
}

std::vector<double> simulate(const GarchParameters& p, int n, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<double> out;
  double h = p.long_run_variance();
  for (int i = 0; i < n; ++i) {
    const double e = std::sqrt(h) * (std::isfinite(p.nu) ? unit_t(random, static_cast<int>(p.nu)) : random.normal());
    out.push_back(p.mean + e);
    h = p.omega + (p.alpha + (e < 0 ? p.gamma : 0)) * e * e + p.beta * h;
  }
  return out;
}

TEST(Garch, RecoversKnownParameters) {
  const GarchParameters truth{0.0005, 2e-6, 0.08, 0, 0.90};
  const auto fit = fit_garch(simulate(truth, 20000, 1), {});
  EXPECT_NEAR(fit.alpha, 0.08, 0.012);
  EXPECT_NEAR(fit.beta, 0.90, 0.015);
  EXPECT_NEAR(fit.long_run_variance(), 1e-4, 1e-5);
  EXPECT_TRUE(std::isinf(fit.nu));
  EXPECT_EQ(fit.gamma, 0);
}

TEST(Garch, RecoversTailsAndAsymmetry) {
  const GarchParameters truth{0, 2e-6, 0.03, 0.10, 0.90, 6};
  const auto fit = fit_garch(simulate(truth, 20000, 2), {true, true});
  EXPECT_NEAR(fit.alpha, 0.03, 0.012);
  EXPECT_NEAR(fit.gamma, 0.10, 0.025);
  EXPECT_NEAR(fit.beta, 0.90, 0.015);
  EXPECT_NEAR(fit.nu, 6, 0.8);
}

TEST(Garch, FitIsAMaximum) {
  const GarchParameters truth{0, 2e-6, 0.05, 0.08, 0.88, 5};
  const auto returns = simulate(truth, 2000, 3);
  const auto fit = fit_garch(returns, {true, true});
  EXPECT_NEAR(garch_log_likelihood(returns, fit), fit.log_likelihood, 1e-6 * std::abs(fit.log_likelihood));
  for (double GarchParameters::*parameter : {&GarchParameters::omega, &GarchParameters::alpha, &GarchParameters::gamma,
                                             &GarchParameters::beta, &GarchParameters::nu}) {
    for (const double factor : {0.99, 1.01}) {
      GarchParameters moved = fit;
      moved.*parameter *= factor;
      EXPECT_LT(garch_log_likelihood(returns, moved), fit.log_likelihood + 1e-4);
    }
  }
}

TEST(Garch, LikelihoodMatchesHandComputation) {
  const std::vector<double> r = {0.01, -0.02};
  const GarchParameters p{0, 1e-5, 0.1, 0, 0.8};
  const double h0 = (1e-4 + 0.94 * 4e-4) / 1.94, h1 = 1e-5 + 0.1 * 1e-4 + 0.8 * h0;
  const double expected = -std::log(2 * M_PI) - 0.5 * (std::log(h0) + 1e-4 / h0 + std::log(h1) + 4e-4 / h1);
  EXPECT_NEAR(garch_log_likelihood(r, p), expected, 1e-10);
  const auto h = garch_variances(r, p);
  ASSERT_EQ(h.size(), 3u);
  EXPECT_NEAR(h[2], 1e-5 + 0.1 * 4e-4 + 0.8 * h1, 1e-18);
}

TEST(Garch, NeedsDataAndMeetsConstants) {
  EXPECT_THROW(fit_garch(std::vector<double>(49, 0.01), {}), base::Error);
  const auto flat = fit_garch(std::vector<double>(100, 0.0), {});
  EXPECT_EQ(flat.omega, 0);
}

TEST(Ewma, FollowsItsRecursion) {
  const std::vector<double> r = {0.01, -0.02, 0.03};
  const auto v = ewma_variances(r, 0.94);
  const double start = (1e-4 + 4e-4 + 9e-4) / 3;
  ASSERT_EQ(v.size(), 4u);
  EXPECT_NEAR(v[0], start, 1e-18);
  EXPECT_NEAR(v[1], 0.94 * start + 0.06 * 1e-4, 1e-18);
  EXPECT_NEAR(v[3], 0.94 * v[2] + 0.06 * 9e-4, 1e-18);
}

TEST(Har, RecoversItsRegression) {
  base::Random random(4);
  std::vector<double> v(22, 1.0);
  const auto mean = [&](std::size_t k) {
    double sum = 0;
    for (std::size_t i = v.size() - k; i < v.size(); ++i) sum += v[i];
    return sum / static_cast<double>(k);
  };
  for (int i = 0; i < 5000; ++i)
    v.push_back(0.1 + 0.3 * v.back() + 0.3 * mean(5) + 0.2 * mean(22) + 0.3 * random.uniform());
  const auto fit = fit_har(v);
  EXPECT_NEAR(fit.daily, 0.3, 0.04);
  EXPECT_NEAR(fit.weekly, 0.3, 0.07);
  EXPECT_NEAR(fit.monthly, 0.2, 0.07);
  EXPECT_NEAR(har_variance(v, fit), fit.constant + fit.daily * v.back() + fit.weekly * mean(5) + fit.monthly * mean(22),
              1e-12);
  EXPECT_THROW(fit_har(std::vector<double>(59, 1.0)), base::Error);
}

class Paths : public ::testing::TestWithParam<const char*> {};

TEST_P(Paths, SeeOnlyThePastAndNoThreads) {
  const auto returns = simulate({0, 2e-6, 0.08, 0, 0.90}, 420, 5);
  VolatilityOptions options;
  options.model = volatility_model_named(GetParam());
  base::set_threads(1);
  const auto one = volatility_path(returns, options);
  base::set_threads(2);
  EXPECT_EQ(volatility_path(returns, options), one);
  ASSERT_EQ(one.size(), returns.size() + 1);
  auto changed = returns;
  for (std::size_t i = 300; i < changed.size(); ++i) changed[i] *= -7;
  const auto other = volatility_path(changed, options);
  for (std::size_t i = 0; i <= 300; ++i) ASSERT_EQ(one[i], other[i]) << i;
  EXPECT_NE(one[301], other[301]);
  // A series that ends earlier gives the same forecast for the day after its end.
  EXPECT_EQ(volatility_path(std::span(returns).first(300), options).back(), one[300]);
}
INSTANTIATE_TEST_SUITE_P(Models, Paths, ::testing::Values("ewma", "garch", "garch-t", "gjr", "gjr-t", "har"),
                         [](const auto& i) {
                           std::string name = i.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Qlike, IsZeroForThePerfectForecast) {
  const std::vector<double> v = {1e-4, 4e-4}, perfect = {0.01, 0.02}, off = {0.02, 0.02};
  EXPECT_NEAR(qlike(v, perfect), 0, 1e-12);
  EXPECT_NEAR(qlike(v, off), (0.25 - std::log(0.25) - 1) / 2, 1e-12);
}

}  // namespace
}  // namespace ballast::risk
