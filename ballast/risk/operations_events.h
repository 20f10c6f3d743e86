// SPDX-License-Identifier: Apache-2.0
// How likely is an operational event within a horizon? Times of past events in; rate models by maximum likelihood and
// probabilities with 90 % intervals out. Times are days since the start of observation. Effects of covariates (text
// signals, log anomalies) are estimated by count regression, never assumed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/progress.h"
#include "ballast/base/random.h"

namespace ballast::risk {

/// The Basel level-1 event types in the order of the standard (OPE25): internal_fraud, external_fraud, employment,
/// clients_products, physical_assets, systems, execution.
std::span<const std::string> basel_event_types();

struct Estimate {
  double value = 0, low = 0, high = 0;  // 90 % interval
};

/// Events of one kind, observed from day 0 until `days`.
struct EventHistory {
  std::vector<double> times;  // rising, in [0, days]
  double days = 0;
};

/// Homogeneous Poisson: the rate with Garwood's exact interval (1936).
struct PoissonFit {
  Estimate rate;  // events a day
  double log_likelihood = 0;
};
PoissonFit fit_poisson(const EventHistory& history);

/// Counts of periods of `period_days` with variance mean + mean²/size. `size` is infinite where the counts are not
/// overdispersed, which makes it the Poisson model.
struct NegativeBinomialFit {
  double period_days = 0, mean = 0, size = 0;
  std::int64_t periods = 0;
  double log_likelihood = 0;                      // of the counts
  double poisson_log_likelihood = 0;              // the Poisson model's, of the same counts
  double mean_log_error = 0, size_log_error = 0;  // standard errors of ln mean and ln size
};
NegativeBinomialFit fit_negative_binomial(const EventHistory& history, double period_days);

/// Self-exciting process (Hawkes 1971): intensity(t) = mu + Σ branching · decay · exp(-decay (t - t_i)). `branching` is
/// the mean number of events that one event brings about.
struct HawkesParameters {
  double mu = 0, branching = 0, decay = 0;  // a day, -, a day
};
struct HawkesFit {
  HawkesParameters parameters;
  /// Profile likelihood intervals (Venzon & Moolgavkar 1988): all values whose best likelihood lies within 1.353 of the
  /// maximum. An end that the data do not give is 0, 1 (branching) or infinite.
  Estimate mu, branching, decay;
  double log_likelihood = 0;
  bool identified = false;  // the interval of branching excludes 0: there is excitation that could be measured
};
/// Ogata's (1978) likelihood with the recursion of Ozaki (1979); several starts, deterministic. Without `intervals`
/// only the estimates are filled in. Throws bad_input with fewer than 10 events.
HawkesFit fit_hawkes(const EventHistory& history, bool intervals = true);
double hawkes_log_likelihood(const EventHistory& history, const HawkesParameters& parameters);

/// A SIMULATED history by Ogata's thinning (1981). branching must be below 1.
EventHistory simulate_hawkes(const HawkesParameters& parameters, double days, base::Random& random);

/// Probability of at least one event within `horizon_days` after the end of the history.
Estimate event_probability(const PoissonFit& fit, double horizon_days);
Estimate event_probability(const NegativeBinomialFit& fit, double horizon_days, std::uint64_t seed = 42);
/// Closed form: without an event the intensity after the end of the history is known.
double event_probability(const HawkesParameters& parameters, const EventHistory& history, double horizon_days);
/// With its profile likelihood interval.
Estimate event_probability(const HawkesFit& fit, const EventHistory& history, double horizon_days);

/// What a SIMULATED study of the Hawkes process says of one quantity: how often its 90 % interval held the truth.
struct Coverage {
  std::string name;                     // mu, branching, decay, event_probability
  double truth = 0, mean_estimate = 0;  // over the replications; the probability's truth is its mean
  double root_mean_square_error = 0;
  std::int64_t covered = 0;
  Estimate share;  // covered of the replications, with the exact 90 % interval of a binomial (Clopper & Pearson 1934)
};
struct HawkesStudy {
  std::int64_t replications = 0, too_few = 0, identified = 0;  // too_few: fewer than 10 events, not counted
  double mean_events = 0;
  std::vector<Coverage> quantities;
};
/// Simulates, fits and counts. The same bits at any thread count. Throws usage for parameters that cannot be simulated,
/// bad_input where every replication has too few events.
HawkesStudy study_hawkes(const HawkesParameters& truth, double days, double horizon_days, std::int64_t replications,
                         std::uint64_t seed, const base::ProgressSink& progress = {});

struct Effect {
  std::string name;
  Estimate log_ratio;             // change of ln E[count] a unit of the covariate
  double error = 0, p_value = 0;  // standard error, two-sided Wald test
};
struct CountRegression {
  std::vector<Effect> effects;                         // "(base)" first, then the covariates in their order
  double size = 0;                                     // of the negative binomial; infinite: Poisson
  double log_likelihood = 0, null_log_likelihood = 0;  // with and without covariates
  std::vector<double> fitted;                          // expected counts
  std::vector<double> covariance;                      // of the effects, row by row
};
/// ln E[count] = base + Σ effect · covariate; Poisson, or negative binomial where the counts are overdispersed (its
/// likelihood gains more than the 5 % point of the boundary test, 1.353). Covariates are [periods][columns]. Throws
/// bad_input with fewer periods than columns + 2, a constant or dependent column, or no event.
CountRegression fit_count_regression(std::span<const double> counts, const std::vector<std::vector<double>>& covariates,
                                     std::span<const std::string> names);
/// Expected count of one period with these covariates, with the 90 % interval of its mean.
Estimate expected_count(const CountRegression& fit, std::span<const double> covariates);

}  // namespace ballast::risk
