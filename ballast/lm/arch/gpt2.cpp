// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/gpt2.h"

#include <cmath>

#include "ballast/base/error.h"

namespace ballast::lm {

using engine::Layout;
using engine::Parameter;
using engine::Tape;
using engine::Value;

Gpt2::Gpt2(ModelConfig config) : CausalNetwork(std::move(config)) {
  const std::int64_t d = config_.width;
  const std::string root = "transformer.";
  words_ = &parameters_.add_embedding(root + "wte.weight", {config_.vocabulary, d});
  positions_ = &parameters_.add_embedding(root + "wpe.weight", {config_.positions, d});
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const std::string at = root + "h." + std::to_string(i) + ".";
    const auto vector = [&](const std::string& name, std::int64_t n) {
      return &parameters_.add(at + name, {n}, false);
    };
    const auto matrix = [&](const std::string& name, std::int64_t in, std::int64_t out) {
      return &parameters_.add(at + name, {in, out}, true);
    };
    Block b{};
    b.norm1_gain = vector("ln_1.weight", d);
    b.norm1_bias = vector("ln_1.bias", d);
    b.qkv = matrix("attn.c_attn.weight", d, 3 * d);
    b.qkv_bias = vector("attn.c_attn.bias", 3 * d);
    b.out = matrix("attn.c_proj.weight", d, d);
    b.out_bias = vector("attn.c_proj.bias", d);
    b.norm2_gain = vector("ln_2.weight", d);
    b.norm2_bias = vector("ln_2.bias", d);
    b.up = matrix("mlp.c_fc.weight", d, config_.inner);
    b.up_bias = vector("mlp.c_fc.bias", config_.inner);
    b.down = matrix("mlp.c_proj.weight", config_.inner, d);
    b.down_bias = vector("mlp.c_proj.bias", d);
    blocks_.push_back(b);
  }
  final_gain_ = &parameters_.add(root + "ln_f.weight", {d}, false);
  final_bias_ = &parameters_.add(root + "ln_f.bias", {d}, false);
  if (config_.head == HeadType::classification) {
    score_ = &parameters_.add("score.weight", {static_cast<std::int64_t>(config_.labels.size()), d}, true);
  }
}

Value Gpt2::feed_forward(Tape& tape, const Block& b, Value h) {
  Value x = engine::layer_norm(tape, h, *b.norm2_gain, *b.norm2_bias, config_.norm_eps);
  x = engine::linear(tape, x, *b.up, b.up_bias, Layout::in_out, activation());
  return engine::linear_residual(tape, h, x, *b.down, b.down_bias, Layout::in_out, config_.hidden_dropout);
}

Value Gpt2::run(Tape& tape, std::span<const std::int32_t> ids, std::span<const std::int32_t> positions, Attend attend,
                Capture* capture) {
  const auto embed = [&](std::span<const std::int32_t> of) {
    return engine::embed(tape, {{words_, of}, {positions_, positions}});
  };
  Value h = embed(ids);
  if (capture != nullptr && capture->blend != nullptr) {
    h = blended(tape, h, embed(capture->blend->reference), *capture);
  }
  return layers(tape, h, attend, capture);
}

Value Gpt2::encode_weighted(Tape& tape, Value inputs, const text::TokenBatch& batch) {
  const auto over_batch = [&](std::size_t, const Capture::Attention& in, Value& y) {
    y = Network::attend(tape, in, batch, nullptr);
  };
  const Value h = engine::linear(tape, inputs, *words_, nullptr, Layout::in_out);
  return layers(tape, engine::add(tape, h, engine::embed(tape, {{positions_, batch.positions}})), over_batch, nullptr);
}

Value Gpt2::layer(Tape& tape, Value h, std::size_t index, Attend attend) {
  const Block& b = blocks_[index];
  Value x = engine::layer_norm(tape, h, *b.norm1_gain, *b.norm1_bias, config_.norm_eps);
  const Value qkv = engine::linear(tape, x, *b.qkv, b.qkv_bias, Layout::in_out);
  attend(index, {third(qkv, 0), third(qkv, 1), third(qkv, 2)}, x);
  h = engine::linear_residual(tape, h, x, *b.out, b.out_bias, Layout::in_out, config_.hidden_dropout);
  return feed_forward(tape, b, h);
}

Value Gpt2::layers(Tape& tape, Value h, Attend attend, Capture* capture) {
  h = engine::dropout(tape, h, config_.embedding_dropout);
  for (std::size_t index = 0; index < blocks_.size(); ++index) {
    if (capture != nullptr) capture->hidden_states.push_back(h);
    h = pass(tape, h, attend, capture,
             [this, index](Tape& t, Value in, Attend read) { return layer(t, in, index, read); });
  }
  h = engine::layer_norm(tape, h, *final_gain_, *final_bias_, config_.norm_eps);
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

Value Gpt2::classify_rows(Tape& tape, Value hidden, std::span<const std::int32_t> rows) {
  BALLAST_CHECK(score_ != nullptr, static_cast<std::int64_t>(rows.size()));
  return engine::linear(tape, engine::select_rows(tape, hidden, rows), *score_, nullptr, Layout::out_in);
}

void Gpt2::pack(engine::Precision precision) {
  for (Block& b : blocks_) {
    for (Parameter* w : {b.qkv, b.out, b.up, b.down}) engine::pack_for_inference(*w, Layout::in_out, precision);
  }
  if (config_.head == HeadType::language_model) engine::pack_for_inference(*words_, Layout::out_in, precision);
  if (score_ != nullptr) engine::pack_for_inference(*score_, Layout::out_in, precision);
}

std::vector<std::string> Gpt2::aliases(const std::string& name) const {
  if (name.starts_with("transformer.")) return {name, name.substr(12)};
  return {name};
}

bool Gpt2::ignorable(const std::string& tensor) const {
  if (tensor.ends_with(".attn.bias") || tensor.ends_with(".attn.masked_bias")) return true;  // mask buffers
  return tensor == "lm_head.weight" || (score_ == nullptr && tensor == "score.weight");
}

double Gpt2::initial_scale(const std::string& name) const {
  // Residual projections are scaled down by the number of residual additions (Radford et al. 2019, section 2.3).
  return name.ends_with("c_proj.weight") ? 1.0 / std::sqrt(2.0 * static_cast<double>(config_.layers)) : 1.0;
}

}  // namespace ballast::lm
