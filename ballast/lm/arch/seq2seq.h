// SPDX-License-Identifier: Apache-2.0
// An encoder-decoder: the encoder reads a source text, the decoder writes another while it reads the encoder's states
// (cross-attention). One list of decoder layers, run over whole targets (training, scoring) or over one new token of
// each of many texts with their caches. Both give the same bits.
#pragma once

#include <span>
#include <vector>

#include "ballast/base/parallel.h"
#include "ballast/lm/arch/generating.h"

namespace ballast::lm {

/// Inner values of a decoder that a caller may ask for.
struct DecoderCapture {
  std::vector<engine::Value> hidden_states;
  std::vector<Capture::Attention> self, cross;  // inputs of each layer's attentions
};

class Seq2SeqNetwork : public GeneratingNetwork {
 public:
  engine::AttentionMask mask() const override { return engine::AttentionMask::bidirectional; }
  /// Options of the attentions over sequences of at most `longest` tokens.
  virtual engine::AttentionOptions encoder_options(std::int64_t longest) const = 0;
  virtual engine::AttentionOptions decoder_options(std::int64_t longest) const = 0;
  engine::AttentionOptions cross_options() const;

  /// Hidden states of the decoder [target tokens, width]: target sequence s reads source sequence s, whose encoder
  /// states are rows of `memory` (encode() of the source). Both batches must live until backward().
  engine::Value decode_targets(engine::Tape& tape, engine::Value memory, const text::TokenBatch& source,
                               const text::TokenBatch& target, DecoderCapture* capture = nullptr);

  /// Decoder inputs of a target text: the start token, then all but its last token; what is ignored becomes padding.
  std::vector<std::int32_t> shifted_right(std::span<const std::int32_t> labels) const;

  engine::Value prefill(engine::Tape& tape, std::span<const std::int32_t> source, KeyValueCache& cache) override;
  engine::Value decode(engine::Tape& tape, std::span<const Next> rows) override;
  /// Seq2seq models have no classification head here; throws internal.
  engine::Value classify(engine::Tape& tape, engine::Value hidden, const text::TokenBatch& batch) override;
  bool belongs_to_head(const std::string&) const override { return false; }

 protected:
  using GeneratingNetwork::GeneratingNetwork;

  /// What a layer's attentions read: whole batches, or caches. The second takes queries alone.
  using AttendSelf = base::BodyRef<std::size_t, const Capture::Attention&, engine::Value&>;
  using AttendMemory = base::BodyRef<std::size_t, engine::Value, engine::Value&>;
  virtual engine::Value run_decoder(engine::Tape& tape, std::span<const std::int32_t> ids,
                                    std::span<const std::int32_t> positions, AttendSelf self, AttendMemory cross,
                                    DecoderCapture* capture) = 0;
  /// Keys and values of the encoder's states for one decoder layer.
  struct Memory {
    engine::Value k, v;
  };
  virtual Memory memory_keys(engine::Tape& tape, std::size_t layer, engine::Value memory) = 0;
  /// What the decoder's attentions read of whole batches; in the arena, since checkpoints read it in the backward pass.
  struct Reading {
    engine::Value memory;
    const text::TokenBatch *source, *target;
    engine::AttentionOptions own, other;
  };
  engine::Value attend_targets(engine::Tape& tape, const Reading& reading, const Capture::Attention& in,
                               DecoderCapture* capture);
  engine::Value attend_memory(engine::Tape& tape, const Reading& reading, std::size_t layer, engine::Value q,
                              DecoderCapture* capture);
  /// layer(tape, h, self, cross), or a checkpoint of it; h is not read any more. `layer` is plain data.
  template <class F>
  engine::Value pass(engine::Tape& tape, engine::Value h, AttendSelf self, AttendMemory cross,
                     const DecoderCapture* capture, F layer) {
    if (capture != nullptr) return layer(tape, h, self, cross);
    if (!tape.training() || !checkpointing_ || reading_ == nullptr) {
      return engine::in_place(tape, h, [&](engine::Tape& t, engine::Value in) { return layer(t, in, self, cross); });
    }
    return engine::checkpoint(
        tape, h,
        [this, layer, reading = reading_](engine::Tape& again, engine::Value in) {
          const auto own = [&](std::size_t, const Capture::Attention& a, engine::Value& y) {
            y = attend_targets(again, *reading, a, nullptr);
          };
          const auto other = [&](std::size_t index, engine::Value q, engine::Value& y) {
            y = attend_memory(again, *reading, index, q, nullptr);
          };
          return layer(again, in, own, other);
        },
        reading_->memory);
  }

  /// Self-attention of the encoder over a batch.
  engine::Value attend_source(engine::Tape& tape, const Capture::Attention& in, const text::TokenBatch& batch,
                              Capture* capture);

 private:
  const Reading* reading_ = nullptr;  // what decode_targets() runs over
};

/// Tokens of the longest sequence.
std::int64_t longest_sequence(const text::TokenBatch& batch);

}  // namespace ballast::lm
