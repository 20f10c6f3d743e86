// SPDX-License-Identifier: Apache-2.0
// Challengers beside the models in charge, on live decisions. A decision is handed over once it is stored and answered
// by a thread of its own with less claim to the processor: whatever a challenger does, slow or failing, the answer to
// the client is neither changed nor waits for it. What was not answered, because too much waits or the service ended,
// `ballast govern shadow run` makes up for from the store.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

#include "ballast/decide/decision.h"
#include "ballast/serve/app.h"
#include "ballast/serve/shadow.h"

namespace ballast::serve {

class Shadows {
 public:
  explicit Shadows(App& app) : app_(app) {}
  ~Shadows();
  void start();
  /// Ends with the answer that is being made; what waits stays unanswered.
  void stop();

  /// A decision that has just been stored, to every challenger of its kind but the one that made it.
  void offer(const decide::Decision& decided);
  std::size_t waiting() const;

 private:
  struct Question {
    const ShadowModel* challenger;
    decide::Decision decided;
  };
  void run();
  void answer(const Question& question);
  void keep(const Question& question, decide::Decision& answered);
  void failed(const Question& question, const char* why);
  void count(const ShadowModel& challenger, const char* what);

  App& app_;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Question> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ballast::serve
