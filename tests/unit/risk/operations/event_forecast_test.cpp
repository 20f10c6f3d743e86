// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_forecast.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ballast/base/parallel.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

using ::testing::HasSubstr;

const EventModelFit& model_of(const EventForecast& f, const std::string& name) {
  for (const EventModelFit& m : f.models) {
    if (m.name == name) return m;
  }
  throw std::runtime_error("no model " + name);
}

EventQuestion question(EventHistory history, double horizon, double period) {
  EventQuestion q;
  q.history = std::move(history);
  q.horizon_days = horizon;
  q.period_days = period;
  return q;
}

/// SIMULATED counts of periods of 10 days: Poisson with means `mean`, times spread evenly within their period.
EventHistory simulated(const std::vector<double>& means, std::vector<double>& counts, std::uint64_t seed) {
  base::Random random(seed);
  EventHistory h;
  h.days = 10 * static_cast<double>(means.size());
  for (std::size_t t = 0; t < means.size(); ++t) {
    int n = -1;
    for (double p = 1; p > std::exp(-means[t]) || n < 0; p *= random.uniform()) ++n;
    counts.push_back(n);
    for (int i = 0; i < n; ++i) h.times.push_back(10 * static_cast<double>(t) + 10 * (i + 0.5) / n);
  }
  return h;
}

TEST(EventForecast, PoissonByHand) {
  const EventForecast f = forecast_events(question({{10, 20, 30, 40}, 100}, 25, 25));
  const EventModelFit& poisson = model_of(f, "poisson");
  EXPECT_NEAR(poisson.log_likelihood, 4 * std::log(0.04) - 4, 1e-12);
  EXPECT_NEAR(poisson.aic, 2 + 8 - 8 * std::log(0.04), 1e-12);
  EXPECT_NEAR(poisson.probability.value, 1 - std::exp(-1), 1e-12);
  EXPECT_THAT(model_of(f, "hawkes").absent, HasSubstr("4 events are too few"));
  // Three quarters of the time are learnt from, at 4 events in 75 days; none comes in the last 25.
  EXPECT_EQ(f.held_out_periods, 0);  // one period of four would leave three
  EXPECT_THAT(f.notes, ::testing::Contains(HasSubstr("no out-of-sample check")));
}

TEST(EventForecast, HeldOutScoreByHand) {
  // Eight periods of 10 days with one event each but the last: learnt from the first six at a rate of 0.1 a day.
  const EventForecast f = forecast_events(question({{5, 15, 25, 35, 45, 55, 65}, 80}, 10, 10));
  EXPECT_EQ(f.held_out_periods, 2);
  EXPECT_EQ(f.held_out_events, 1);
  const EventModelFit& poisson = model_of(f, "poisson");
  EXPECT_NEAR(poisson.log_score, (std::log(0.1) - 1 - 1) / 2, 1e-12);
  EXPECT_EQ(poisson.gain.value, 0);
  EXPECT_EQ(f.model, "poisson");
}

TEST(EventForecast, AllModelsScoreTheSameThing) {
  // A Hawkes process without excitation, and a negative binomial of a huge size, are the Poisson process: here the log
  // density of counts plus that of the times given the counts must equal the density of the point process.
  const EventHistory h{{1, 2, 12, 33, 34, 38}, 40};
  const EventForecast f = forecast_events(question(h, 10, 10));
  const HawkesParameters flat{6 / 40.0, 0, 1};
  EXPECT_NEAR(model_of(f, "poisson").log_likelihood, hawkes_log_likelihood(h, flat), 1e-12);
  const NegativeBinomialFit nb = fit_negative_binomial(h, 10);
  double times_given_counts = -6 * std::log(10.0);
  for (const double c : {2, 1, 0, 3}) times_given_counts += std::lgamma(c + 1);
  if (std::isinf(nb.size)) {
    EXPECT_THAT(model_of(f, "negative_binomial").absent, HasSubstr("not overdispersed"));
  } else {
    EXPECT_NEAR(model_of(f, "negative_binomial").log_likelihood, nb.log_likelihood + times_given_counts, 1e-9);
  }
}

TEST(EventForecast, FindsExcitationAndItsPartsAddUp) {
  base::Random random(5);
  const EventHistory h = simulate_hawkes({0.05, 0.6, 1}, 1500, random);  // SIMULATED
  const EventForecast f = forecast_events(question(h, 7, 7));
  EXPECT_EQ(f.model, "hawkes");
  EXPECT_THAT(f.why, HasSubstr("lowest AIC"));
  EXPECT_LT(f.probability.low, f.probability.value);
  EXPECT_GT(f.probability.high, f.probability.value);
  EXPECT_GT(model_of(f, "hawkes").gain.value, 0);
  double sum = 0;
  for (const auto& [name, hazard] : f.parts) sum += hazard;
  EXPECT_NEAR(sum, -std::log(1 - f.probability.value), 1e-12);
  EXPECT_NEAR(sum, f.hazard, 1e-12);
}

TEST(EventForecast, EffectsAreThoseOfThePeriodBefore) {
  // SIMULATED: signals of a period raise the events of the next one by 0.7 on the log; noise does nothing.
  base::Random random(11);
  std::vector<double> signals(200), noise(200), means(200), counts;
  for (std::size_t t = 0; t < 200; ++t) {
    signals[t] = static_cast<double>(random.below(4));
    noise[t] = static_cast<double>(random.below(4));
    means[t] = t == 0 ? 1 : 0.5 * std::exp(0.7 * signals[t - 1]);
  }
  EventQuestion q = question(simulated(means, counts, 12), 10, 10);
  q.covariates = {{"signals", signals}, {"noise", noise}, {"nothing", std::vector<double>(200, 3)}};
  const EventForecast f = forecast_events(q);
  EXPECT_EQ(f.model, "regression");
  ASSERT_EQ(f.effects.size(), 3u);
  EXPECT_NEAR(f.effects[1].log_ratio.value, 0.7, 0.15);
  EXPECT_LT(f.effects[1].p_value, 1e-6);
  EXPECT_GT(f.effects[2].p_value, 0.01);
  EXPECT_THAT(f.notes, ::testing::Contains("nothing is the same in all periods and was left out"));
  EXPECT_EQ(f.periods, 199);
  EXPECT_NEAR(f.probability.value, 1 - std::exp(-0.5 * std::exp(0.7 * signals.back())), 0.1);
  EXPECT_GT(model_of(f, "regression").gain.low, 0);
  // What happens in the same period must not help: it is not known when the forecast is made.
  q.covariates = {{"peek", counts}};
  std::vector<double> again;
  q.history = simulated(std::vector<double>(200, 1.0), again, 13);
  q.covariates[0].by_period = again;
  EXPECT_GT(forecast_events(q).effects[1].p_value, 0.01);
}

TEST(EventForecast, TheQuestionSurvivesItsRecord) {
  base::Random random(3);
  EventQuestion q = question(simulate_hawkes({0.1, 0.4, 1}, 300, random), 9, 10);
  q.covariates = {{"signals", {}}};
  for (int i = 0; i < 30; ++i) q.covariates[0].by_period.push_back(static_cast<double>(random.below(5)) / 3);
  q.choose = "score";
  const base::Json stored = base::parse_json(base::dump_json(to_json(q)), "test");
  const EventForecast now = forecast_events(event_question_from(stored, "test")), was = forecast_events(q);
  EXPECT_EQ(base::dump_json(to_json(now)), base::dump_json(to_json(was)));
  EXPECT_THAT(was.why, HasSubstr("held-out log score"));
}

TEST(EventForecast, NoEventAtAllHasAnUpperEnd) {
  const EventForecast f = forecast_events(question({{}, 100}, 10, 10));
  EXPECT_EQ(f.model, "poisson");
  EXPECT_EQ(f.probability.value, 0);
  EXPECT_NEAR(f.probability.high, 1 - std::exp(-0.29957), 1e-4);  // the rule of three
}

TEST(EventForecast, RefusesWhatItCannotUse) {
  EXPECT_THAT(test::problem_of([] {
                forecast_events(question({{1, 2}, 30}, 10, 10));
              }),
              HasSubstr("30 days hold 3 whole periods of 10 days, at least 4 are needed"));
  EventQuestion q = question({{1, 2}, 100}, 10, 10);
  q.covariates = {{"signals", {1, 2, 3}}};
  EXPECT_THAT(test::problem_of([&] { forecast_events(q); }), HasSubstr("signals has 3 values for 10 periods"));
  q = question({{1, 2}, 100}, 10, 10);
  q.choose = "luck";
  EXPECT_THAT(test::problem_of([&] { forecast_events(q); }), HasSubstr("chosen by \"aic\" or \"score\""));
}

TEST(EventNegativeBinomial, TheRateHoldsWithinAPeriod) {
  NegativeBinomialFit fit;
  fit.period_days = 10;
  fit.mean = 2;
  fit.size = 0.5;
  EXPECT_NEAR(event_probability(fit, 5).value, 1 - std::pow(1 + 1 / 0.5, -0.5), 1e-12);
  EXPECT_NEAR(event_probability(fit, 25).value, 1 - std::pow(5, -1.0) * std::pow(3, -0.5), 1e-12);
}

TEST(HawkesProfile, EndsLieWhereTheLikelihoodHasFallenEnough) {
  base::Random random(9);
  const EventHistory h = simulate_hawkes({0.2, 0.4, 1}, 400, random);  // SIMULATED
  const HawkesFit fit = fit_hawkes(h);
  // Independently: the best likelihood on a fine grid of the two other parameters.
  const auto best_with_mu = [&](double mu) {
    double best = -1e300;
    for (double b = 0.02; b < 0.98; b += 0.005) {
      for (double d = 0.1; d < 12; d *= 1.03) best = std::max(best, hawkes_log_likelihood(h, {mu, b, d}));
    }
    return best;
  };
  EXPECT_NEAR(fit.log_likelihood - best_with_mu(fit.mu.low), 1.3528, 0.01);
  EXPECT_NEAR(fit.log_likelihood - best_with_mu(fit.mu.high), 1.3528, 0.01);
}

TEST(HawkesProfile, WithoutExcitationTheProbabilityStillHasAnInterval) {
  EventHistory even;
  even.days = 400;
  for (int i = 0; i < 40; ++i) even.times.push_back(10 * i + 5);
  const HawkesFit fit = fit_hawkes(even);
  EXPECT_FALSE(fit.identified);
  EXPECT_EQ(fit.branching.low, 0);
  const Estimate p = event_probability(fit, even, 7);
  EXPECT_LT(p.low, p.value);
  EXPECT_GT(p.high, p.value);
  EXPECT_NEAR(p.value, 1 - std::exp(-0.7), 0.02);
}

TEST(HawkesStudy, SameBitsAtAnyThreadCountAndCountsAreShares) {
  const int before = base::threads();
  base::set_threads(1);
  const HawkesStudy one = study_hawkes({0.2, 0.5, 1}, 200, 7, 12, 1);
  base::set_threads(2);
  const HawkesStudy two = study_hawkes({0.2, 0.5, 1}, 200, 7, 12, 1);
  base::set_threads(before);
  ASSERT_EQ(one.quantities.size(), 4u);
  for (std::size_t q = 0; q < 4; ++q) {
    EXPECT_EQ(one.quantities[q].mean_estimate, two.quantities[q].mean_estimate);
    EXPECT_EQ(one.quantities[q].covered, two.quantities[q].covered);
    EXPECT_DOUBLE_EQ(one.quantities[q].share.value, static_cast<double>(one.quantities[q].covered) / 12);
  }
  EXPECT_THAT(test::problem_of([] {
                study_hawkes({0.01, 0.1, 1}, 100, 7, 3, 1);
              }),
              HasSubstr("every simulated history has fewer than 10 events"));
}

}  // namespace
}  // namespace ballast::risk
