// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/network.h"

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/lm/arch/bert.h"
#include "ballast/lm/arch/encoder_decoder.h"
#include "ballast/lm/arch/gpt2.h"
#include "ballast/lm/arch/llama.h"
#include "ballast/lm/arch/padded_attention.h"
#include "ballast/lm/arch/t5.h"

namespace ballast::lm {

std::unique_ptr<Network> make_network(const ModelConfig& config) {
  if (config.type == ModelType::gpt2) return std::make_unique<Gpt2>(config);
  if (config.is_causal()) return std::make_unique<Llama>(config);
  if (config.type == ModelType::t5) return std::make_unique<T5>(config);
  if (config.is_seq2seq()) return std::make_unique<EncoderDecoder>(config);
  return std::make_unique<Bert>(config);
}

std::span<const std::int32_t> Network::shifted_positions(engine::Tape& tape, std::span<const std::int32_t> positions,
                                                         std::int64_t offset) {
  if (offset == 0) return positions;
  auto* shifted = static_cast<std::int32_t*>(tape.arena().allocate(positions.size() * sizeof(std::int32_t)));
  for (std::size_t i = 0; i < positions.size(); ++i) shifted[i] = positions[i] + static_cast<std::int32_t>(offset);
  return {shifted, positions.size()};
}

engine::Value Network::blended(engine::Tape& tape, engine::Value own, engine::Value reference, Capture& capture) {
  BALLAST_CHECK(static_cast<std::int64_t>(capture.blend->share.size()) == own.rows && reference.rows == own.rows,
                own.rows);
  engine::Value mixed = tape.make(own.rows, own.cols);
  float* direction = tape.arena().floats(own.size());
  for (std::int64_t i = 0; i < own.rows; ++i) {
    const float share = capture.blend->share[static_cast<std::size_t>(i)];
    for (std::int64_t j = i * own.cols; j < (i + 1) * own.cols; ++j) {
      mixed.data[j] = share * own.data[j] + (1 - share) * reference.data[j];
      direction[j] = own.data[j] - reference.data[j];
    }
  }
  capture.blended = mixed;
  capture.direction = direction;
  return mixed;
}

engine::Activation Network::activation() const {
  if (config_.activation == "gelu") return engine::Activation::gelu_erf;
  if (config_.activation == "relu") return engine::Activation::relu;
  if (config_.activation == "tanh") return engine::Activation::tanh;
  if (config_.activation == "silu" || config_.activation == "swish") return engine::Activation::silu;
  return engine::Activation::gelu_tanh;
}

engine::AttentionOptions Network::attention_options() const {
  engine::AttentionOptions options;
  options.heads = config_.heads;
  options.kv_heads = config_.key_heads();
  options.head_width = config_.head_width();
  options.mask = mask();
  options.dropout = config_.attention_dropout;
  return options;
}

engine::Value Network::attend(engine::Tape& tape, const Capture::Attention& in, const text::TokenBatch& batch,
                              Capture* capture) {
  if (capture != nullptr) capture->attentions.push_back(in);
  if (capture != nullptr && !capture->padding.empty()) {
    return padded_attention(tape, in.q, in.k, in.v, attention_options(), batch.offsets,
                            {capture->padding, config_.type == ModelType::gpt2});
  }
  return engine::attention(tape, in.q, in.k, in.v, batch.offsets, batch.offsets, attention_options());
}

engine::Value Network::classify_only(engine::Tape& tape, const text::TokenBatch& batch, LastLayer* last) {
  BALLAST_CHECK(last == nullptr, batch.sequences());
  return classify(tape, encode(tape, batch), batch);
}

engine::Value Network::finish_last_layer(engine::Tape&, engine::Value attended, engine::Value) {
  BALLAST_CHECK(shows_last_layer(), attended.rows);
  return {};
}

engine::Value Network::attended_gradients(engine::Arena& arena, const LastLayer& last,
                                          std::span<const LogitOf> wanted) {
  engine::Tape tape(arena, true);
  const auto rows_of = [&](engine::Value from) {
    engine::Value rows = tape.make(static_cast<std::int64_t>(wanted.size()), from.cols);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::copy_n(from.data + wanted[i].sequence * from.cols, from.cols,
                  rows.data + static_cast<std::int64_t>(i) * from.cols);
    }
    return rows;
  };
  const engine::Value attended = rows_of(last.attended);
  const engine::Value logits = finish_last_layer(tape, attended, rows_of(last.entry));
  float* gradient = tape.gradient(logits);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    gradient[static_cast<std::int64_t>(i) * logits.cols + wanted[i].output] = 1;
  }
  tape.backward();
  return {tape.gradient(attended), nullptr, attended.rows, attended.cols};
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
    // The only vectors called "weight" are the gains of norms.
    std::fill_n(p.value, p.size, p.name.ends_with(".weight") ? 1.0f : 0.0f);
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
