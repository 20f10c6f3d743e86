// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/network.h"

#include <algorithm>

#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/lm/arch/bert.h"
#include "ballast/lm/arch/gpt2.h"
#include "ballast/lm/arch/padded_attention.h"

namespace ballast::lm {

std::unique_ptr<Network> make_network(const ModelConfig& config) {
  if (config.type == ModelType::gpt2) return std::make_unique<Gpt2>(config);
  return std::make_unique<Bert>(config);
}

engine::Activation Network::activation() const {
  if (config_.activation == "gelu") return engine::Activation::gelu_erf;
  if (config_.activation == "relu") return engine::Activation::relu;
  if (config_.activation == "tanh") return engine::Activation::tanh;
  return engine::Activation::gelu_tanh;
}

engine::Value Network::attend(engine::Tape& tape, const Capture::Attention& in, const text::TokenBatch& batch,
                              Capture* capture) {
  if (capture != nullptr) capture->attentions.push_back(in);
  const std::int64_t heads = config_.heads, head_width = config_.head_width();
  if (capture != nullptr && !capture->padding.empty()) {
    return padded_attention(tape, in.q, in.k, in.v, heads, head_width, batch.offsets, capture->padding, mask());
  }
  return engine::attention(tape, in.q, in.k, in.v, heads, head_width, batch.offsets, mask(), config_.attention_dropout);
}

engine::Value Network::language_logits(engine::Tape& tape, engine::Value hidden) {
  return engine::linear(tape, language_input(tape, hidden), vocabulary_table(), vocabulary_bias(),
                        engine::Layout::out_in);
}

void Network::initialize(std::uint64_t seed) {
  parameters_.allocate_values();
  for (engine::Parameter& p : parameters_.all()) initialize(p, seed);
}

void Network::initialize(engine::Parameter& p, std::uint64_t seed) {
  if (p.shape.size() == 1) {
    const bool gain = p.name.ends_with("LayerNorm.weight") || p.name.find("ln_") != std::string::npos;
    std::fill_n(p.value, p.size, gain && p.name.ends_with(".weight") ? 1.0f : 0.0f);
    return;
  }
  base::Random random(seed, base::hash64(p.name));
  const double deviation = config_.initializer_range * initial_scale(p.name);
  for (std::int64_t i = 0; i < p.size; ++i) p.value[i] = static_cast<float>(deviation * random.normal());
}

void Network::set_dropout(double p) {
  if (p < 0) return;
  config_.embedding_dropout = config_.attention_dropout = config_.hidden_dropout = config_.classifier_dropout =
      static_cast<float>(p);
}

}  // namespace ballast::lm
