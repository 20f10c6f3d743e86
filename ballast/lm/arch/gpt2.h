// SPDX-License-Identifier: Apache-2.0
// GPT-2 (Radford et al. 2019): pre-norm decoder, learned positions, tied head. Names as transformers' GPT2LMHeadModel
// and GPT2ForSequenceClassification; weights are Conv1D [in, out].
#pragma once

#include "ballast/lm/arch/causal.h"

namespace ballast::lm {

class Gpt2 : public CausalNetwork {
 public:
  explicit Gpt2(ModelConfig config);

  engine::Parameter& vocabulary_table() override { return *words_; }
  /// encode() for what is no word: row i enters as inputs[i, 0…vocabulary) · word table, a sum of words by weight, at
  /// position batch.positions[i]. The batch's ids are not read.
  engine::Value encode_weighted(engine::Tape& tape, engine::Value inputs, const text::TokenBatch& batch);
  /// The classification head on any rows of the hidden states. `rows` must live until backward().
  engine::Value classify_rows(engine::Tape& tape, engine::Value hidden, std::span<const std::int32_t> rows);
  void pack(engine::Precision precision) override;
  std::vector<std::string> aliases(const std::string& name) const override;
  bool ignorable(const std::string& tensor) const override;
  bool belongs_to_head(const std::string& name) const override { return name == "score.weight"; }
  double initial_scale(const std::string& name) const override;

 protected:
  engine::Value run(engine::Tape& tape, std::span<const std::int32_t> ids, std::span<const std::int32_t> positions,
                    Attend attend, Capture* capture) override;

 private:
  struct Block {
    engine::Parameter *norm1_gain, *norm1_bias, *qkv, *qkv_bias, *out, *out_bias;
    engine::Parameter *norm2_gain, *norm2_bias, *up, *up_bias, *down, *down_bias;
  };
  engine::Value layers(engine::Tape& tape, engine::Value h, Attend attend, Capture* capture);
  engine::Value layer(engine::Tape& tape, engine::Value h, std::size_t index, Attend attend);
  engine::Value feed_forward(engine::Tape& tape, const Block& block, engine::Value h);
  engine::Columns third(engine::Value qkv, int which) const { return {qkv, which * config_.width}; }

  engine::Parameter *words_, *positions_, *final_gain_, *final_bias_;
  std::vector<Block> blocks_;
};

}  // namespace ballast::lm
