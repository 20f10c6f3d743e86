// SPDX-License-Identifier: Apache-2.0
// Documents come in from many requests at once. One thread writes them, many in a transaction (a flush to the disk
// costs the same for one and for a thousand), and only then are they acknowledged. Another scans what the store holds
// and the model has not assessed, whoever stored it: so nothing is forgotten when the process is killed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "ballast/risk/signals.h"
#include "ballast/serve/app.h"
#include "ballast/store/store.h"

namespace ballast::serve {

class Intake {
 public:
  explicit Intake(App& app);
  ~Intake();
  void start();
  /// Stores what was taken and scans what somebody waits for; the rest is scanned after the next start.
  void stop();

  struct Done {
    std::exception_ptr failed;              // nothing was stored, or the scan failed
    std::vector<store::Put> puts;           // one a document
    std::vector<risk::DocumentRisk> risks;  // the same, where they were to be scanned
  };
  using Then = std::function<void(const Done&)>;
  /// `then` is called on a thread of the intake once all is durable and, with `scan`, assessed. False: too much waits.
  bool put(std::vector<store::DocumentRecord> documents, bool scan, Then then);
  std::size_t waiting() const;

 private:
  struct Parcel {
    std::vector<store::DocumentRecord> documents;
    bool scan = false;
    Then then;
    Done done;
  };
  void write_all();
  void write(std::deque<Parcel>& parcels);
  void scan_all();
  void scan_parcels(std::deque<Parcel>& parcels);
  void scan_page(std::int64_t& after);

  App& app_;
  mutable std::mutex mutex_;
  std::condition_variable to_write_, to_scan_;
  std::deque<Parcel> writing_, scanning_;
  std::size_t waiting_ = 0;  // documents not yet acknowledged
  std::atomic<bool> stopping_{false};
  bool written_ = false, scan_again_ = false;
  std::thread writer_, scanner_;
};

}  // namespace ballast::serve
