// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace ballast::base {

/// Now in UTC as RFC 3339 with milliseconds, e.g. "2026-11-22T08:30:00.123Z".
std::string utc_now();

/// Seconds since construction, on the monotonic clock.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace ballast::base
