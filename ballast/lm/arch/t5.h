// SPDX-License-Identifier: Apache-2.0
// T5 (Raffel et al. 2020) and its version 1.1: pre-norm encoder-decoder with RMSNorm, scores that are not scaled but
// have a learned bias by distance (the first layer's serves all), no biases, and plain or gated feed-forward layers.
// Names as transformers' T5ForConditionalGeneration; weights are Linear [out, in].
#pragma once

#include "ballast/lm/arch/seq2seq.h"

namespace ballast::lm {

/// T5's buckets of the distances (key - query) from -reach to reach: exact near by, logarithmic up to
/// `max_distance`, one beyond. A causal decoder knows no positive distance.
std::vector<std::int32_t> distance_buckets(std::int64_t reach, std::int64_t buckets, std::int64_t max_distance,
                                           bool bidirectional);

class T5 : public Seq2SeqNetwork {
 public:
  explicit T5(ModelConfig config);

  engine::AttentionOptions encoder_options(std::int64_t longest) const override;
  engine::AttentionOptions decoder_options(std::int64_t longest) const override;
  engine::Value encode(engine::Tape& tape, const text::TokenBatch& batch, Capture* capture) override;
  /// A tied vocabulary table meets states scaled by width^-1/2.
  engine::Value language_input(engine::Tape& tape, engine::Value hidden) override;
  engine::Parameter& vocabulary_table() override { return *head_; }
  engine::Parameter* vocabulary_bias() override { return nullptr; }
  void pack(engine::Precision precision) override;
  std::vector<std::string> aliases(const std::string& name) const override { return {name}; }
  bool ignorable(const std::string& tensor) const override;
  double initial_scale(const std::string& name) const override;

 protected:
  engine::Value run_decoder(engine::Tape& tape, std::span<const std::int32_t> ids,
                            std::span<const std::int32_t> positions, AttendSelf self, AttendMemory cross,
                            DecoderCapture* capture) override;
  Memory memory_keys(engine::Tape& tape, std::size_t layer, engine::Value memory) override;

 private:
  struct Attention {
    engine::Parameter *norm, *q, *k, *v, *out;
  };
  struct FeedForward {
    engine::Parameter *norm, *gate = nullptr, *up, *down;
  };
  struct Block {
    Attention self, cross;  // an encoder's has no cross
    FeedForward feed_forward;
  };
  Attention add_attention(const std::string& at, const std::string& kind);
  Block add_block(const std::string& at, bool decoder);
  engine::Value project(engine::Tape& tape, engine::Value x, engine::Parameter& w) const;
  engine::Value normed(engine::Tape& tape, engine::Value h, engine::Parameter& norm) const;
  engine::Value joined(engine::Tape& tape, engine::Value h, engine::Value x, engine::Parameter& w) const;
  engine::Value feed_forward(engine::Tape& tape, engine::Value h, const FeedForward& f) const;
  engine::Value encoder_layer(engine::Tape& tape, engine::Value h, const Block& b, const text::TokenBatch& batch,
                              Capture* capture);
  engine::Value decoder_layer(engine::Tape& tape, engine::Value h, std::size_t index, AttendSelf self,
                              AttendMemory cross);
  engine::AttentionOptions options(std::int64_t longest, engine::Parameter& table, bool bidirectional) const;

  engine::Parameter *words_, *head_, *encoder_bias_, *decoder_bias_, *encoder_norm_, *decoder_norm_;
  std::vector<Block> encoder_, decoder_;
  std::vector<std::int32_t> encoder_buckets_, decoder_buckets_;  // of all distances that positions allow
};

}  // namespace ballast::lm
