// SPDX-License-Identifier: Apache-2.0
// Scores in log-odds whose parts add up exactly: as whole millionths they have six decimals, and a sum of them is one
// too.
#pragma once

#include <cmath>
#include <cstdint>

namespace ballast::risk {

inline constexpr double kMicro = 1e6;

/// Millionths of log-odds, rounded to nearest.
inline std::int64_t micro(double log_odds) {
  return std::llround(log_odds * kMicro);
}

/// Probability of a score, without overflow: 1 / (1 + exp(−x)).
inline double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

}  // namespace ballast::risk
