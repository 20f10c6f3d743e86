// SPDX-License-Identifier: Apache-2.0
// How much anybody may ask for: sizes, times, and requests a second.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace ballast::serve {

struct Limits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = std::size_t{16} << 20;
  std::size_t bodies_bytes = std::size_t{256} << 20;  // of all requests that are being read or answered
  std::chrono::seconds header_time{10};               // from the first byte of a request to the end of its head
  std::chrono::seconds idle_time{60};                 // between two requests of a connection
  std::chrono::seconds body_time{30};                 // for a whole body
  std::chrono::seconds write_time{30};                // for each piece of an answer that the client must take
  std::size_t connections = 4096;
  std::size_t connections_an_address = 2048;
  std::size_t queue = 1024;  // requests that wait for a thread, each lane, more are turned away with 503; decisions
                             // that wait for a challenger
  double rate = 500;         // requests a second of one key, user or address; 0: no limit
  double burst = 1000;       // that may come at once
  std::chrono::milliseconds webhook_pause{
      5000};                                    // before an event that was not taken is sent again; then twice as long
  std::chrono::milliseconds keep_alive{15000};  // between two signs of life on an event stream
  std::chrono::seconds stop_time{20};           // for what was accepted when the service stops
};

/// How much memory the bodies of all requests hold together. Safe from any thread.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t most) : most_(most) {}

  /// A request's share, given back with it. It must not outlive the budget.
  class Share {
   public:
    Share() = default;
    explicit Share(BodyBudget& budget) : budget_(&budget) {}
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    /// The request holds so many bytes now. False, and the share stays as it was, where all together would be too much.
    bool grow_to(std::size_t bytes);

   private:
    BodyBudget* budget_ = nullptr;
    std::size_t held_ = 0;
  };

  std::size_t held() const { return held_; }
  std::int64_t refused() const { return refused_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> held_{0};
  std::atomic<std::int64_t> refused_{0};
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
