// SPDX-License-Identifier: Apache-2.0
// Continuous batching (Yu et al. 2022): texts of several threads grow together, one token of each a step; a new one
// joins and a finished one leaves between two steps. Prompts that begin like an earlier one share its pages of keys and
// values. What a text becomes does not depend on the others, bit for bit: it is what generate_tokens() gives.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "ballast/lm/generate/run.h"

namespace ballast::lm {

class Batch {
 public:
  explicit Batch(GeneratingNetwork& network) : network_(network) {}

  /// Grows one text to its end; several threads may call at once. One of those that wait does the steps for all, so
  /// on_token may be called from any of their threads, never from two at once. What it throws ends its own text alone.
  Generation grow(std::span<const std::int32_t> prompt, const GenerateOptions& options, const DecodeOptions& how);

  /// Runs something else on the network while no text grows.
  void alone(const std::function<void()>& work);

  /// Prompt tokens that were read from a shared beginning instead of being computed.
  std::int64_t shared_tokens() const { return shared_tokens_; }

 private:
  struct Text {
    Run run;
    KeyValueCache cache;
    bool finished = false;  // set by the thread that does the steps
    bool done = false;      // the same, under the mutex
    std::exception_ptr error;
  };
  struct Beginning {
    std::vector<std::int32_t> ids;
    KeyValueCache cache;
  };

  void step(std::vector<Text*>& fresh, std::vector<Text*>& growing);
  void read_prompt(Text& text);
  void read_next(std::vector<Text*>& texts);
  void take(Text& text, std::span<float> logits);
  std::size_t share_beginning(Text& text);
  void remember(const Text& text);

  GeneratingNetwork& network_;
  engine::Arena arena_;
  std::list<Beginning> beginnings_;  // the latest first
  std::int64_t shared_tokens_ = 0;

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Text*> waiting_;
  std::vector<Text*> growing_;
  bool led_ = false;  // a thread is doing the steps
};

}  // namespace ballast::lm
