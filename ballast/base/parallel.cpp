// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/parallel.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>

#include "ballast/base/error.h"
#include "ballast/base/serial.h"

namespace ballast::base {
namespace {

int g_threads = 0;
thread_local int g_serial_scopes = 0;

/// Keeps the exception of the lowest index, so that the error a user sees does not depend on timing.
class FirstError {
 public:
  void keep(std::int64_t index) {
    const std::lock_guard lock(mutex_);
    if (!error_ || index < index_) {
      error_ = std::current_exception();
      index_ = index;
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_;
  std::int64_t index_ = 0;
};

/// The indices of a loop, a stretch of them for every thread. A thread takes those of its own stretch first, so that
/// what one loop has written is in the cache of the core that goes on with it in the next, then helps out with the
/// others.
class Stretches {
 public:
  Stretches(std::int64_t count, int team) : used_(std::min<std::int64_t>({team, count, kMost})) {
    for (std::int64_t s = 0; s < used_; ++s) {
      all_[static_cast<std::size_t>(s)].next = s * count / used_;
      all_[static_cast<std::size_t>(s)].end = (s + 1) * count / used_;
    }
  }

  template <class Body>
  void run(int thread, int team, const Body& body) {
    const std::int64_t own = thread * used_ / team;
    for (std::int64_t s = 0; s < used_; ++s) {
      Stretch& stretch = all_[static_cast<std::size_t>((own + s) % used_)];
      for (std::int64_t i = stretch.next++; i < stretch.end; i = stretch.next++) body(i);
    }
  }

 private:
  static constexpr std::int64_t kMost = 64;  // threads beyond share them
  struct alignas(64) Stretch {
    std::atomic<std::int64_t> next = 0;
    std::int64_t end = 0;
  };

  std::int64_t used_;
  std::array<Stretch, kMost> all_;
};

}  // namespace

SerialScope::SerialScope() {
  ++g_serial_scopes;
}
SerialScope::~SerialScope() {
  --g_serial_scopes;
}

void set_threads(int count) {
  if (count < 0 || count > 1024) {
    throw Error(ErrorCode::usage, "thread count must lie in 0 … 1024, not " + std::to_string(count), "--threads");
  }
  g_threads = count;
}

int threads() {
  return g_threads > 0 ? g_threads : std::max(1, omp_get_num_procs());
}

int thread_index() {
  return omp_get_thread_num();
}

void parallel_for(std::int64_t count, BodyRef<std::int64_t> body) {
  if (count <= 0) return;
  // Always the whole team: libgomp ends the threads that a smaller team leaves over, and with them their thread_local
  // buffers, only to start them again for the next loop.
  const int team = count == 1 ? 1 : threads();
  if (team == 1 || g_serial_scopes > 0 || omp_in_parallel()) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  FirstError first;
  Stretches stretches(count, team);
#pragma omp parallel num_threads(team)
  stretches.run(omp_get_thread_num(), omp_get_num_threads(), [&](std::int64_t i) {
    try {
      body(i);
    } catch (...) {
      first.keep(i);
    }
  });
  first.rethrow();
}

void parallel_ranges(std::int64_t count, std::int64_t piece, BodyRef<std::int64_t, std::int64_t> body) {
  BALLAST_CHECK(piece > 0, piece);
  parallel_for((count + piece - 1) / piece, [&](std::int64_t i) { body(i * piece, std::min(count, (i + 1) * piece)); });
}

}  // namespace ballast::base
