// SPDX-License-Identifier: Apache-2.0
// Repeated timing: what `ballast bench` reports of each measurement.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ballast/base/clock.h"

namespace ballast::apps {

struct Measurement {
  std::string name;  // "gemm.f32.packed.256x768x768.all_threads"
  std::string unit;  // "GFLOP/s"
  double median = 0, low = 0, high = 0;
  int repetitions = 0;
  double share = 0;  // of what the machine can do at most, measured in the same run; 0: not known
};

/// Of one or more repetitions.
inline Measurement summary(const std::string& name, const std::string& unit, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  const double median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  return {name, unit, median, values.front(), values.back(), static_cast<int>(n), 0};
}

/// Calls `work` once to warm up, then again and again for about `seconds`, at least five times and at most a thousand.
/// `work` is what a repetition does, `amount` how much of `unit` that is. REQUIRES: work takes long enough for the
/// clock.
template <class Work>
Measurement measure(const std::string& name, const std::string& unit, double amount, double seconds, Work work) {
  constexpr std::size_t kLeast = 5, kMost = 1000;
  work();
  std::vector<double> rates;
  const base::Stopwatch all;
  while (rates.size() < kLeast || (all.seconds() < seconds && rates.size() < kMost)) {
    const base::Stopwatch one;
    work();
    rates.push_back(amount / std::max(1e-9, one.seconds()));
  }
  return summary(name, unit, std::move(rates));
}

}  // namespace ballast::apps
