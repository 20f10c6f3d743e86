// SPDX-License-Identifier: Apache-2.0
// GPT-2 (Radford et al. 2019): pre-norm decoder, learned positions, tied head. Names as transformers' GPT2LMHeadModel
// and GPT2ForSequenceClassification; weights are Conv1D [in, out].
#pragma once

#include "ballast/lm/arch/network.h"

namespace ballast::lm {

class Gpt2 : public Network {
 public:
  explicit Gpt2(ModelConfig config);

  engine::AttentionMask mask() const override { return engine::AttentionMask::causal; }
  engine::Value encode(engine::Tape& tape, const text::TokenBatch& batch, Capture* capture) override;
  /// encode() for what is no word: row i enters as inputs[i, 0…vocabulary) · word table, a sum of words by weight, at
  /// position batch.positions[i]. The batch's ids are not read.
  engine::Value encode_weighted(engine::Tape& tape, engine::Value inputs, const text::TokenBatch& batch);
  engine::Value language_input(engine::Tape& tape, engine::Value hidden) override;
  engine::Parameter& vocabulary_table() override { return *words_; }
  engine::Parameter* vocabulary_bias() override { return nullptr; }
  engine::Value classify(engine::Tape& tape, engine::Value hidden, const text::TokenBatch& batch) override;
  /// The classification head on any rows of the hidden states. `rows` must live until backward().
  engine::Value classify_rows(engine::Tape& tape, engine::Value hidden, std::span<const std::int32_t> rows);
  void pack(engine::Precision precision) override;
  std::vector<std::string> aliases(const std::string& name) const override;
  bool ignorable(const std::string& tensor) const override;
  bool belongs_to_head(const std::string& name) const override { return name == "score.weight"; }
  double initial_scale(const std::string& name) const override;

  /// Keys and values of one sequence, layer by layer, for generation.
  struct Cache {
    std::vector<std::vector<float>> keys, values;  // a layer: [capacity, width]
    std::int64_t length = 0;
  };
  Cache make_cache() const;
  /// Reads tokens into an empty cache at once; returns the hidden state of the last.
  engine::Value prefill(engine::Tape& tape, std::span<const std::int32_t> ids, Cache& cache);
  /// Reads one more token; returns its hidden state [1, width].
  engine::Value decode(engine::Tape& tape, std::int32_t id, Cache& cache);

 private:
  struct Block {
    engine::Parameter *norm1_gain, *norm1_bias, *qkv, *qkv_bias, *out, *out_bias;
    engine::Parameter *norm2_gain, *norm2_bias, *up, *up_bias, *down, *down_bias;
  };
  engine::Value layers(engine::Tape& tape, engine::Value h, const text::TokenBatch& batch, Capture* capture);
  engine::Value feed_forward(engine::Tape& tape, const Block& block, engine::Value h);
  engine::Columns third(engine::Value qkv, int which) const { return {qkv, which * config_.width}; }

  engine::Parameter *words_, *positions_, *final_gain_, *final_bias_, *score_ = nullptr;
  std::vector<Block> blocks_;
  std::vector<std::int32_t> last_rows_;  // of the batch being classified
};

}  // namespace ballast::lm
