// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/llama.h"

namespace ballast::lm {

using engine::Layout;
using engine::Parameter;
using engine::Tape;
using engine::Value;

Llama::Llama(ModelConfig config) : CausalNetwork(std::move(config)), rotary_(config_.rotary, config_.head_width()) {
  words_ = &parameters_.add_embedding("model.embed_tokens.weight", {config_.vocabulary, config_.width});
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    blocks_.push_back(add_block("model.layers." + std::to_string(i) + "."));
  }
  final_norm_ = &parameters_.add("model.norm.weight", {config_.width}, false);
  head_ = words_;
  if (config_.head == HeadType::classification) {
    score_ = &parameters_.add("score.weight", {static_cast<std::int64_t>(config_.labels.size()), config_.width}, true);
  } else if (config_.head == HeadType::language_model && !config_.tied) {
    head_ = &parameters_.add("lm_head.weight", {config_.vocabulary, config_.width}, true);
  }
}

Llama::Linear Llama::add_linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias) {
  Linear l;
  l.weight = &parameters_.add(name + ".weight", {out, in}, true);
  if (bias) l.bias = &parameters_.add(name + ".bias", {out}, false);
  return l;
}

Llama::Block Llama::add_block(const std::string& at) {
  const std::int64_t d = config_.width, head = config_.head_width();
  const std::int64_t q = config_.heads * head, kv = config_.key_heads() * head;
  Block b{};
  b.norm1 = &parameters_.add(at + "input_layernorm.weight", {d}, false);
  b.q = add_linear(at + "self_attn.q_proj", q, d, config_.qkv_bias);
  b.k = add_linear(at + "self_attn.k_proj", kv, d, config_.qkv_bias);
  b.v = add_linear(at + "self_attn.v_proj", kv, d, config_.qkv_bias);
  b.out = add_linear(at + "self_attn.o_proj", d, q, config_.output_bias);
  if (config_.qk_norm) {
    b.q_norm = &parameters_.add(at + "self_attn.q_norm.weight", {head}, false);
    b.k_norm = &parameters_.add(at + "self_attn.k_norm.weight", {head}, false);
  }
  b.norm2 = &parameters_.add(at + "post_attention_layernorm.weight", {d}, false);
  b.gate = add_linear(at + "mlp.gate_proj", config_.inner, d, config_.inner_bias);
  b.up = add_linear(at + "mlp.up_proj", config_.inner, d, config_.inner_bias);
  b.down = add_linear(at + "mlp.down_proj", d, config_.inner, config_.inner_bias);
  return b;
}

Value Llama::joined(Tape& tape, Value h, Value x, const Linear& l) const {
  return engine::linear_residual(tape, h, x, *l.weight, l.bias, Layout::out_in, 0.0f);
}

/// Queries or keys: normed where the family does, turned.
Value Llama::turned(Tape& tape, Value x, Parameter* norm, engine::Rotation rotation) const {
  if (norm != nullptr) x = engine::rms_norm(tape, x, *norm, config_.norm_eps);
  return engine::rotate(tape, x, config_.head_width(), rotation);
}

Value Llama::layer(Tape& tape, Value h, std::size_t index, engine::Rotation rotation, Attend attend) {
  const Block& b = blocks_[index];
  Value x = engine::rms_norm(tape, h, *b.norm1, config_.norm_eps);
  auto [q, k, v] = engine::linear_all(tape, x, {b.q, b.k, b.v}, Layout::out_in);
  q = turned(tape, q, b.q_norm, rotation);
  k = turned(tape, k, b.k_norm, rotation);
  attend(index, {{q}, {k}, {v}}, x);
  h = joined(tape, h, x, b.out);
  x = engine::rms_norm(tape, h, *b.norm2, config_.norm_eps);
  const auto [up, gate] = engine::linear_all(tape, x, {b.up, b.gate}, Layout::out_in);
  x = engine::gate(tape, gate, up, activation());
  return joined(tape, h, x, b.down);
}

Value Llama::run(Tape& tape, std::span<const std::int32_t> ids, std::span<const std::int32_t> positions, Attend attend,
                 Capture* capture) {
  const engine::Rotation rotation = rotary_.at(tape.arena(), positions);
  Value h = engine::embed(tape, {{words_, ids}});
  if (capture != nullptr && capture->blend != nullptr) {
    h = blended(tape, h, engine::embed(tape, {{words_, capture->blend->reference}}), *capture);
  }
  for (std::size_t index = 0; index < blocks_.size(); ++index) {
    if (capture != nullptr) capture->hidden_states.push_back(h);
    h = pass(tape, h, attend, capture,
             [this, index, rotation](Tape& t, Value in, Attend read) { return layer(t, in, index, rotation, read); });
  }
  h = engine::rms_norm(tape, h, *final_norm_, config_.norm_eps);
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

void Llama::pack(engine::Precision precision) {
  const auto pack_one = [&](Parameter& p) { engine::pack_for_inference(p, Layout::out_in, precision); };
  for (Block& b : blocks_) {
    for (const Linear* l : {&b.q, &b.k, &b.v, &b.out, &b.gate, &b.up, &b.down}) pack_one(*l->weight);
  }
  if (config_.head == HeadType::language_model) pack_one(*head_);
  if (score_ != nullptr) pack_one(*score_);
}

std::vector<std::string> Llama::aliases(const std::string& name) const {
  if (name.starts_with("model.")) return {name, name.substr(6)};
  return {name};
}

bool Llama::ignorable(const std::string& tensor) const {
  if (tensor.ends_with("rotary_emb.inv_freq")) return true;  // a buffer of older checkpoints
  return (tensor == "lm_head.weight" && (config_.tied || score_ != nullptr)) ||
         (tensor == "score.weight" && score_ == nullptr);
}

bool Llama::belongs_to_head(const std::string& name) const {
  return name == "score.weight" || name == "lm_head.weight";
}

}  // namespace ballast::lm
