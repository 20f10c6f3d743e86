// SPDX-License-Identifier: Apache-2.0
// Long work: kept in the store with its progress, so that it can be watched, cancelled, and taken up again after a
// restart.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "ballast/base/progress.h"
#include "ballast/serve/app.h"
#include "ballast/store/work.h"

namespace ballast::serve {

class Jobs {
 public:
  /// Does the work. `progress` throws base::Error(cancelled) where the job is to stop: call it between steps.
  using Work = std::function<base::Json(const base::Json& request, const base::ProgressSink& progress)>;

  explicit Jobs(App& app) : app_(app) {}
  ~Jobs();

  /// Kinds are added before start().
  void add_kind(const std::string& kind, Work work) { kinds_[kind] = std::move(work); }
  /// Takes up what an earlier process left.
  void start();
  /// The running job goes back into the queue of the next start.
  void stop();

  store::JobRecord add(const std::string& kind, const base::Json& request, const std::string& by);
  /// Throws Problem 404 or, for a job that has ended, 409.
  store::JobRecord cancel(const std::string& id);
  /// A job that was cancelled or failed, again. Throws Problem 404 or 409.
  store::JobRecord resume(const std::string& id);

 private:
  void run();
  void run_one(store::JobRecord job);
  void keep(const store::JobRecord& job);

  App& app_;
  std::map<std::string, Work> kinds_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<store::JobRecord> queue_;
  std::string running_;
  std::atomic<bool> cancel_{false}, stopping_{false};
  std::thread thread_;
};

}  // namespace ballast::serve
