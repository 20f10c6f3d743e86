// SPDX-License-Identifier: Apache-2.0
// A decoder-only transformer: one list of layers, run over whole sequences (training, scoring, the prompt) or over one
// new token of each of many sequences with their key/value caches. Both give the same bits.
#pragma once

#include <span>
#include <vector>

#include "ballast/base/parallel.h"
#include "ballast/lm/arch/generating.h"

namespace ballast::lm {

class CausalNetwork : public GeneratingNetwork {
 public:
  engine::AttentionMask mask() const override { return engine::AttentionMask::causal; }
  engine::Value encode(engine::Tape& tape, const text::TokenBatch& batch, Capture* capture) override;
  engine::Value language_input(engine::Tape&, engine::Value hidden) override { return hidden; }
  engine::Parameter* vocabulary_bias() override { return nullptr; }
  /// The last token has read the whole text.
  engine::Value classify(engine::Tape& tape, engine::Value hidden, const text::TokenBatch& batch) override;

  engine::Value prefill(engine::Tape& tape, std::span<const std::int32_t> ids, KeyValueCache& cache) override;
  engine::Value decode(engine::Tape& tape, std::span<const Next> rows) override;

 protected:
  using GeneratingNetwork::GeneratingNetwork;

  /// What a layer's attention reads: the batch itself, or a cache.
  using Attend = base::BodyRef<std::size_t, const Capture::Attention&, engine::Value&>;
  /// Embeddings, layers and final norm. `capture` receives hidden states.
  virtual engine::Value run(engine::Tape& tape, std::span<const std::int32_t> ids,
                            std::span<const std::int32_t> positions, Attend attend, Capture* capture) = 0;

  /// layer(tape, h, attend), or a checkpoint of it; h is not read any more. `layer` is plain data.
  template <class F>
  engine::Value pass(engine::Tape& tape, engine::Value h, Attend attend, const Capture* capture, F layer) {
    if (capture != nullptr) return layer(tape, h, attend);
    if (!tape.training() || !checkpointing_ || encoding_ == nullptr) {
      return engine::in_place(tape, h, [&](engine::Tape& t, engine::Value in) { return layer(t, in, attend); });
    }
    // What is called again in the backward pass must not point at this one's stack.
    return engine::checkpoint(tape, h, [this, layer, batch = encoding_](engine::Tape& again, engine::Value in) {
      const auto over_batch = [&](std::size_t, const Capture::Attention& a, engine::Value& y) {
        y = Network::attend(again, a, *batch, nullptr);
      };
      return layer(again, in, over_batch);
    });
  }

  engine::Parameter* score_ = nullptr;  // [labels, width], where the head classifies

 private:
  const text::TokenBatch* encoding_ = nullptr;  // the batch that encode() runs over
  std::vector<std::int32_t> last_rows_;         // of the batch being classified
};

}  // namespace ballast::lm
