// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/lane.h"

namespace ballast::serve {

WorkLane::WorkLane(std::size_t threads, std::size_t most) : most_(most) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkLane::~WorkLane() {
  stop();
}

bool WorkLane::add(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= most_) return false;
    queue_.push_back(std::move(work));
  }
  news_.notify_one();
  return true;
}

std::size_t WorkLane::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void WorkLane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkLane::run() {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace ballast::serve
