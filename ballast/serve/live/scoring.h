// SPDX-License-Identifier: Apache-2.0
// Texts of many requests through the model together: a batch costs the model little more than one text does, and a
// text's result does not depend on what else is in its batch. Nothing is stored.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "ballast/ingest/document.h"
#include "ballast/risk/signals.h"
#include "ballast/serve/app.h"

namespace ballast::serve {

class Scoring {
 public:
  explicit Scoring(App& app) : app_(app) {}
  ~Scoring();
  void start();
  /// Answers what was taken.
  void stop();

  using Then = std::function<void(std::exception_ptr failed, const std::vector<risk::DocumentRisk>& risks)>;
  /// One answer a document, in their order, on the scoring's thread. False: too much waits.
  bool ask(std::vector<ingest::Document> documents, Then then);
  /// Documents that somebody waits for.
  std::size_t waiting() const;

 private:
  struct Parcel {
    std::vector<ingest::Document> documents;
    Then then;
  };
  void run();
  void score(const std::vector<Parcel>& parcels);

  App& app_;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Parcel> queue_;
  std::size_t waiting_ = 0;  // documents
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ballast::serve
