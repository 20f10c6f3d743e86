// SPDX-License-Identifier: Apache-2.0
// A queue of work with threads of its own. The queue is bounded: who comes when it is full is told so at once, rather
// than after a wait that nobody would sit out.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ballast::serve {

class WorkLane {
 public:
  WorkLane(std::size_t threads, std::size_t most);
  ~WorkLane();  // stop()
  WorkLane(const WorkLane&) = delete;
  WorkLane& operator=(const WorkLane&) = delete;

  /// False where the queue is full or the lane has stopped. The work must not throw.
  bool add(std::function<void()> work);
  std::size_t waiting() const;
  /// Does what is in the queue, then ends the threads.
  void stop();

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::function<void()>> queue_;
  std::size_t most_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ballast::serve
