// SPDX-License-Identifier: Apache-2.0
// Llama (Touvron et al. 2023) and its kin: pre-norm decoder with RMSNorm, rotary positions, grouped-query attention and
// a gated feed-forward layer. Qwen2 adds biases to q, k and v; Qwen3 norms each head of q and k. Names as transformers'
// LlamaForCausalLM and so on; weights are Linear [out, in].
#pragma once

#include "ballast/lm/arch/causal.h"
#include "ballast/lm/arch/rotary.h"

namespace ballast::lm {

class Llama : public CausalNetwork {
 public:
  explicit Llama(ModelConfig config);

  engine::Parameter& vocabulary_table() override { return *head_; }
  void pack(engine::Precision precision) override;
  std::vector<std::string> aliases(const std::string& name) const override;
  bool ignorable(const std::string& tensor) const override;
  bool belongs_to_head(const std::string& name) const override;

 protected:
  engine::Value run(engine::Tape& tape, std::span<const std::int32_t> ids, std::span<const std::int32_t> positions,
                    Attend attend, Capture* capture) override;

 private:
  using Linear = engine::Projection;
  struct Block {
    engine::Parameter *norm1, *norm2, *q_norm = nullptr, *k_norm = nullptr;
    Linear q, k, v, out, gate, up, down;
  };
  Linear add_linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias);
  Block add_block(const std::string& at);
  engine::Value joined(engine::Tape& tape, engine::Value h, engine::Value x, const Linear& l) const;
  engine::Value layer(engine::Tape& tape, engine::Value h, std::size_t index, engine::Rotation rotation, Attend attend);
  engine::Value turned(engine::Tape& tape, engine::Value x, engine::Parameter* norm, engine::Rotation rotation) const;

  engine::Parameter *words_, *final_norm_, *head_;
  std::vector<Block> blocks_;
  RotaryTable rotary_;
};

}  // namespace ballast::lm
