// SPDX-License-Identifier: Apache-2.0
// How much anybody may ask for: sizes, times, and requests a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace ballast::serve {

struct Limits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = std::size_t{16} << 20;
  std::chrono::seconds header_time{10};  // from the first byte of a request to the end of its head
  std::chrono::seconds idle_time{60};    // between two requests of a connection
  std::chrono::seconds body_time{30};    // for a whole body
  std::chrono::seconds write_time{30};   // for each piece of an answer that the client must take
  std::size_t connections = 4096;
  std::size_t connections_an_address = 2048;
  std::size_t queue = 1024;  // requests that wait for a thread, each lane; more are turned away with 503
  double rate = 500;         // requests a second of one key, user or address; 0: no limit
  double burst = 1000;       // that may come at once
  std::chrono::milliseconds webhook_pause{
      5000};                           // before an event that was not taken is sent again; then twice as long
  std::chrono::seconds stop_time{20};  // for what was accepted when the service stops
};

/// A token bucket a client. Clients that were quiet long enough to have a full bucket are forgotten.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  RateLimiter(double rate, double burst) : rate_(rate), burst_(burst) {}

  /// Seconds to wait; 0: go on.
  double take(const std::string& client, Clock::time_point now = Clock::now());

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point at;
  };
  void forget(Clock::time_point now);

  double rate_, burst_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace ballast::serve
