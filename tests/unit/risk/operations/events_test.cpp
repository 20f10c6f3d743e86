// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_events.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ballast/base/error.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

using ::testing::HasSubstr;

TEST(EventPoisson, GarwoodIntervalAndProbability) {
  const PoissonFit fit = fit_poisson({{10, 20, 30, 40}, 100});
  EXPECT_DOUBLE_EQ(fit.rate.value, 0.04);
  EXPECT_NEAR(fit.rate.low * 100, 1.3663,
              1e-4);  // chi-squared tables: 5 % point of 8 degrees, 95 % point of 10, halved
  EXPECT_NEAR(fit.rate.high * 100, 9.1535, 1e-4);
  const Estimate p = event_probability(fit, 25);
  EXPECT_NEAR(p.value, 1 - std::exp(-1.0), 1e-12);
  EXPECT_LT(p.low, p.value);
  const PoissonFit none = fit_poisson({{}, 100});
  EXPECT_EQ(none.rate.low, 0);
  EXPECT_NEAR(none.rate.high * 100, 2.9957, 1e-4);  // the rule of three
}

TEST(EventNegativeBinomial, FindsOverdispersionAndItsAbsence) {
  EventHistory even, bursts;
  even.days = bursts.days = 400;
  for (int i = 0; i < 40; ++i) even.times.push_back(i * 10 + 5);
  for (int i = 0; i < 40; ++i) bursts.times.push_back((i / 10) * 100 + 5 + 0.1 * (i % 10));
  EXPECT_TRUE(std::isinf(fit_negative_binomial(even, 10).size));
  const NegativeBinomialFit fit = fit_negative_binomial(bursts, 10);
  EXPECT_DOUBLE_EQ(fit.mean, 1);
  EXPECT_LT(fit.size, 0.2);
  EXPECT_GT(fit.log_likelihood, fit.poisson_log_likelihood + 10);
  const Estimate p = event_probability(fit, 10);
  EXPECT_NEAR(p.value, 1 - std::pow(1 + 1 / fit.size, -fit.size), 1e-12);
  EXPECT_LT(p.low, p.value);
  EXPECT_GT(p.high, p.value);
}

TEST(EventHawkes, LikelihoodEqualsItsDefinition) {
  const EventHistory h{{1, 2.5, 2.7, 6}, 10};
  const HawkesParameters p{0.3, 0.5, 2};
  double direct = 0, integral = p.mu * h.days;
  for (std::size_t i = 0; i < h.times.size(); ++i) {
    double intensity = p.mu;
    for (std::size_t j = 0; j < i; ++j) {
      intensity += p.branching * p.decay * std::exp(-p.decay * (h.times[i] - h.times[j]));
    }
    direct += std::log(intensity);
    integral += p.branching * (1 - std::exp(-p.decay * (h.days - h.times[i])));
  }
  EXPECT_NEAR(hawkes_log_likelihood(h, p), direct - integral, 1e-12);
}

TEST(EventHawkes, ProbabilityAgreesWithSimulationOfTheFuture) {
  // Simulated: from an empty history the first event of a Hawkes process is that of a Poisson process.
  const HawkesParameters p{0.05, 0.6, 0.5};
  EXPECT_NEAR(event_probability(p, {{}, 10}, 7), 1 - std::exp(-0.35), 1e-12);
  // After an event: exp(-mu h - branching (1 - exp(-decay h))).
  EXPECT_NEAR(event_probability(p, {{10}, 10}, 7), 1 - std::exp(-0.35 - 0.6 * (1 - std::exp(-3.5))), 1e-12);
}

TEST(EventHawkes, RecoversSimulatedParametersAndIntervalsCover) {
  const HawkesParameters truth{0.2, 0.5, 1.0};
  const int kRuns = 60;
  int covered[4] = {}, identified = 0;
  double mean[3] = {};
  for (int run = 0; run < kRuns; ++run) {
    base::Random random(7, static_cast<std::uint64_t>(run));
    const EventHistory h = simulate_hawkes(truth, 1000, random);  // simulated: about 400 events
    const HawkesFit fit = fit_hawkes(h);
    if (!fit.identified) continue;
    ++identified;
    const auto inside = [](const Estimate& e, double x) { return e.low <= x && x <= e.high; };
    covered[0] += inside(fit.mu, truth.mu);
    covered[1] += inside(fit.branching, truth.branching);
    covered[2] += inside(fit.decay, truth.decay);
    covered[3] += inside(event_probability(fit, h, 7), event_probability(truth, h, 7));
    mean[0] += fit.mu.value / kRuns;
    mean[1] += fit.branching.value / kRuns;
    mean[2] += fit.decay.value / kRuns;
  }
  EXPECT_EQ(identified, kRuns);
  EXPECT_NEAR(mean[0], truth.mu, 0.02);
  EXPECT_NEAR(mean[1], truth.branching, 0.05);
  EXPECT_NEAR(mean[2], truth.decay, 0.15);
  for (const int c : covered) EXPECT_NEAR(c, 54, 6);  // 90 % of 60; 2.6 standard errors
}

TEST(EventHawkes, RefusesWhatItCannotUse) {
  EXPECT_THAT(test::problem_of([] { fit_hawkes({{1, 2, 3}, 10}); }), HasSubstr("3 events are too few, at least 10"));
  EXPECT_THAT(test::problem_of([] {
                fit_poisson({{2, 1}, 10});
              }),
              HasSubstr("time 1 is out of order or outside 0 … 10"));
  EXPECT_THAT(test::problem_of([] { fit_poisson({{}, 0}); }), HasSubstr("the observed time must be positive"));
  base::Random random(1);
  EXPECT_THAT(test::problem_of([&] { simulate_hawkes({1, 1.2, 1}, 10, random); }), HasSubstr("branching in [0, 1)"));
}

TEST(CountRegression, EffectsOfSimulatedCovariatesAreFound) {
  // Simulated: ln E = -0.5 + 0.8 a + 0 b, Poisson counts.
  base::Random random(3);
  std::vector<double> counts;
  std::vector<std::vector<double>> rows;
  for (int i = 0; i < 600; ++i) {
    const double a = random.normal(), b = random.normal(), limit = std::exp(-std::exp(-0.5 + 0.8 * a));
    int n = -1;
    for (double p = 1; p > limit || n < 0; p *= random.uniform()) ++n;
    counts.push_back(n);
    rows.push_back({a, b});
  }
  const std::vector<std::string> names = {"signals", "anomalies"};
  const CountRegression fit = fit_count_regression(counts, rows, names);
  EXPECT_NEAR(fit.effects[1].log_ratio.value, 0.8, 3 * fit.effects[1].error);
  EXPECT_LT(fit.effects[1].p_value, 1e-6);
  EXPECT_GT(fit.effects[2].p_value, 0.01);
  EXPECT_TRUE(std::isinf(fit.size));
  EXPECT_GT(fit.log_likelihood, fit.null_log_likelihood);
  const Estimate e = expected_count(fit, std::vector<double>{1, 0});
  EXPECT_NEAR(e.value, std::exp(0.3), 0.15);
  EXPECT_LT(e.low, e.value);
}

TEST(CountRegression, TwoGroupsHaveAClosedForm) {
  const CountRegression fit =
      fit_count_regression(std::vector<double>{1, 3, 4, 8}, {{0}, {0}, {1}, {1}}, std::vector<std::string>{"late"});
  EXPECT_NEAR(fit.effects[0].log_ratio.value, std::log(2.0), 1e-9);
  EXPECT_NEAR(fit.effects[1].log_ratio.value, std::log(3.0), 1e-9);
  EXPECT_NEAR(fit.effects[1].error, std::sqrt(1 / 4.0 + 1 / 12.0), 1e-9);
}

TEST(CountRegression, RefusesDependentColumns) {
  const std::vector<std::string> names = {"a"};
  EXPECT_THAT(test::problem_of([&] {
                fit_count_regression(std::vector<double>{1, 0, 2, 1}, {{3}, {3}, {3}, {3}}, names);
              }),
              HasSubstr("a covariate is constant or follows from the others"));
  EXPECT_THAT(test::problem_of([&] {
                fit_count_regression(std::vector<double>{1, 0}, {{3}, {1}}, names);
              }),
              HasSubstr("2 periods are too few for 1 covariates"));
  EXPECT_THAT(test::problem_of([&] {
                fit_count_regression(std::vector<double>{0, 0, 0}, {{3}, {1}, {2}}, names);
              }),
              HasSubstr("no event in any period"));
}

}  // namespace
}  // namespace ballast::risk
