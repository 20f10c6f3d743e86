// SPDX-License-Identifier: Apache-2.0
// Events to other systems: each is kept in the store until the receiver has said that it has it, and sent again, ever
// more rarely, where it has not.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "ballast/base/json.h"
#include "ballast/serve/app.h"
#include "ballast/store/work.h"

namespace ballast::serve {

class Webhooks {
 public:
  explicit Webhooks(App& app) : app_(app) {}
  ~Webhooks();
  void start();
  void stop();

  /// Keeps the event for every webhook of this topic. `key` names it: the same event is sent to a receiver once.
  void enqueue(store::Store& store, const std::string& topic, const std::string& event, const std::string& key,
               const base::Json& data);

 private:
  void run();
  void deliver(store::Store& store, store::DeliveryRecord delivery);

  App& app_;
  std::mutex mutex_;
  std::condition_variable news_;
  bool stopping_ = false, some_ = true;
  std::thread thread_;
};

/// What a receiver checks: "sha256=" and the HMAC-SHA-256 of "TIMESTAMP.BODY" with the webhook's secret.
std::string webhook_signature(const std::string& secret, const std::string& timestamp, const std::string& body);

/// Time until a delivery that failed for the n-th time is tried again: twice as long each time, at most six hours.
std::chrono::milliseconds webhook_pause(std::int64_t attempts, std::chrono::milliseconds first);

}  // namespace ballast::serve
