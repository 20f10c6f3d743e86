// SPDX-License-Identifier: Apache-2.0
// What the models of event counts and times share.
#pragma once

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

}  // namespace ballast::risk
