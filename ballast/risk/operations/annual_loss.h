// SPDX-License-Identifier: Apache-2.0
// Simulated years: what the capital of one type and that of all types together share.
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/base/random.h"
#include "ballast/risk/operations_losses.h"

namespace ballast::risk {

/// Throws usage for too few years beyond the level, bad_input for a frequency that cannot be simulated.
void check_simulation(const Frequency& frequency, std::int64_t years, double level);

/// The loss of each simulated year; year i draws from a stream of its own.
std::vector<double> simulate_years(const Frequency& frequency, const SeverityFit& severity, std::int64_t years,
                                   std::uint64_t seed);

AnnualLoss summarise_years(std::vector<double> totals, double level);

/// A number of events with this mean, negative binomial of this size (infinite: Poisson).
double count_of_time(double mean, double size, base::Random& random);

}  // namespace ballast::risk
