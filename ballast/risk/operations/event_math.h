// SPDX-License-Identifier: Apache-2.0
// What the models of event counts and times share.
#pragma once

#include <array>
#include <span>

#include "ballast/risk/operations_events.h"

namespace ballast::risk {

inline constexpr int kProbabilityDraws = 4000;           // from the estimates' distribution, for intervals
inline constexpr double kNormal95 = 1.6448536269514722;  // 95 % point of the standard normal: 90 % two-sided

/// Throws bad_input unless times rise within the observed time.
void check_history(const EventHistory& history);

/// Log-likelihood of counts with these means; an infinite size is the Poisson distribution.
double negative_binomial_log_likelihood(std::span<const double> counts, std::span<const double> means, double size);

/// The size with the highest likelihood; infinite where none beats Poisson visibly.
double best_size(std::span<const double> counts, std::span<const double> means);

/// Log of the probability of no event in `periods` periods of a count model; the gamma distributed rate of the negative
/// binomial is drawn anew for each period and holds within it.
double log_no_event(double mean, double size, double periods);

using HawkesPoint = std::array<double, 3>;  // ln mu, logit branching, ln decay
struct HawkesBounds {
  HawkesPoint low, high;
};
HawkesParameters parameters_at(const HawkesPoint& x);
HawkesBounds hawkes_bounds(const EventHistory& history);
/// Expected children within the horizon of the events so far, a unit of branching.
double hawkes_echo(double decay, const EventHistory& history, double horizon_days);
/// Fills in the profile intervals of the three parameters.
void add_hawkes_intervals(const EventHistory& history, HawkesFit& fit);

}  // namespace ballast::risk
