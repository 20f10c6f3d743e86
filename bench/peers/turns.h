// SPDX-License-Identifier: Apache-2.0
// How a peer written in C++ measures in turn with Ballast; see turns.py.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// `work` does `amount` GFLOP.
template <class Work>
void take_turns(double amount, const Work& work) {
  constexpr double kTurnSeconds = 0.01;
  work();
  work();
  std::puts("ready");
  std::fflush(stdout);
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') continue;
    std::vector<double> seconds;
    const double start = seconds_now();
    while (seconds.empty() || seconds_now() - start < kTurnSeconds) {
      const double before = seconds_now();
      work();
      seconds.push_back(seconds_now() - before);
    }
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::nth_element(seconds.begin(), middle, seconds.end());
    std::printf("%.6g\n", amount / *middle);
    std::fflush(stdout);
  }
  std::puts("{\"unit\": \"GFLOP/s\"}");
}
