// SPDX-License-Identifier: Apache-2.0
// Repeated timing: what `ballast bench` reports of each measurement.
#pragma once

#include <algorithm>
#include <cstdio>
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

/// When a measurement is repeated: for some seconds, or once for each line on standard input, in turn with another
/// program that measures while this one waits (bench/peers/run).
struct Pace {
  double seconds = 0.3;
  bool turns = false;
};

/// Waits for a line on standard input. False at its end.
inline bool wait_for_turn() {
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF) return false;
  }
  return true;
}

/// `amount` by the seconds that `work` takes.
template <class Work>
double rate_of(double amount, const Work& work) {
  const base::Stopwatch one;
  work();
  return amount / std::max(1e-9, one.seconds());
}

/// Says "ready", then, for each line on standard input, prints a rate: the median of 10 ms, so that short work finds
/// its caches and threads as it does when it is repeated. Returns all rates.
template <class Work>
std::vector<double> rates_in_turns(double amount, const Work& work) {
  constexpr double kTurnSeconds = 0.01;
  std::printf("ready\n");
  std::fflush(stdout);
  std::vector<double> rates;
  while (wait_for_turn()) {
    std::vector<double> within;
    const base::Stopwatch turn;
    while (within.empty() || turn.seconds() < kTurnSeconds) within.push_back(rate_of(amount, work));
    rates.push_back(summary("", "", std::move(within)).median);
    std::printf("%.6g\n", rates.back());
    std::fflush(stdout);
  }
  return rates;
}

/// Calls `work` once to warm up, then again and again at the given pace; without turns at least five times and at most
/// a thousand. `work` is what a repetition does, `amount` how much of `unit` that is. REQUIRES: work takes long enough
/// for the clock.
template <class Work>
Measurement measure(const std::string& name, const std::string& unit, double amount, const Pace& pace, Work work) {
  constexpr std::size_t kLeast = 5, kMost = 1000;
  work();
  if (pace.turns) {
    const std::vector<double> rates = rates_in_turns(amount, work);
    return rates.empty() ? Measurement{name, unit} : summary(name, unit, rates);
  }
  std::vector<double> rates;
  const base::Stopwatch all;
  while (rates.size() < kLeast || (all.seconds() < pace.seconds && rates.size() < kMost))
    rates.push_back(rate_of(amount, work));
  return summary(name, unit, std::move(rates));
}

}  // namespace ballast::apps
