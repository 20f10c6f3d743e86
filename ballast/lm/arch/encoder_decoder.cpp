// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/encoder_decoder.h"

#include <algorithm>
#include <cmath>

namespace ballast::lm {

using engine::Layout;
using engine::Parameter;
using engine::Tape;
using engine::Value;
using Positions = Seq2SeqConfig::Positions;

std::vector<float> sine_positions(std::int64_t positions, std::int64_t width, bool in_turn) {
  std::vector<float> table(static_cast<std::size_t>(positions * width));
  const std::int64_t sines = (width + 1) / 2;
  for (std::int64_t t = 0; t < positions; ++t) {
    for (std::int64_t i = 0; i < width; ++i) {
      const bool sine = in_turn ? i % 2 == 0 : i < sines;
      const std::int64_t pair = in_turn ? i / 2 : i - (sine ? 0 : sines);
      const double angle =
          static_cast<double>(t) / std::pow(10000.0, 2.0 * static_cast<double>(pair) / static_cast<double>(width));
      table[static_cast<std::size_t>(t * width + i)] = static_cast<float>(sine ? std::sin(angle) : std::cos(angle));
    }
  }
  return table;
}

EncoderDecoder::EncoderDecoder(ModelConfig config) : Seq2SeqNetwork(std::move(config)) {
  const Seq2SeqConfig& s = config_.seq2seq;
  words_ = &parameters_.add_embedding("model.shared.weight", {config_.vocabulary, config_.width});
  if (s.positions != Positions::learned) {
    sines_ = sine_positions(config_.positions, config_.width, s.positions == Positions::sines_in_turn);
  }
  encoder_ = add_side("model.encoder", config_.layers, false);
  decoder_ = add_side("model.decoder", s.decoder_layers, true);
  if (s.logits_bias) {
    logits_bias_ = &parameters_.add("final_logits_bias", {1, config_.vocabulary}, false);
    logits_bias_->frozen = true;  // a constant of the checkpoint, which the reference does not train either
  }
}

EncoderDecoder::Linear EncoderDecoder::add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
  return {&parameters_.add(name + ".weight", {out, in}, true), &parameters_.add(name + ".bias", {out}, false)};
}

EncoderDecoder::Norm EncoderDecoder::add_norm(const std::string& name) {
  return {&parameters_.add(name + ".weight", {config_.width}, false),
          &parameters_.add(name + ".bias", {config_.width}, false)};
}

EncoderDecoder::Attention EncoderDecoder::add_attention(const std::string& at, const std::string& name) {
  const std::int64_t d = config_.width;
  Attention a;
  a.k = add_linear(at + name + ".k_proj", d, d);
  a.v = add_linear(at + name + ".v_proj", d, d);
  a.q = add_linear(at + name + ".q_proj", d, d);
  a.out = add_linear(at + name + ".out_proj", d, d);
  a.norm = add_norm(at + name + "_layer_norm");
  return a;
}

EncoderDecoder::Side EncoderDecoder::add_side(const std::string& name, std::int64_t layers, bool decoder) {
  const Seq2SeqConfig& s = config_.seq2seq;
  Side side;
  if (s.positions == Positions::learned) {
    side.positions = &parameters_.add_embedding(name + ".embed_positions.weight",
                                                {config_.positions + config_.position_offset, config_.width});
  }
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string at = name + ".layers." + std::to_string(i) + ".";
    Layer l;
    l.self = add_attention(at, "self_attn");
    if (decoder) l.cross = add_attention(at, "encoder_attn");
    l.up = add_linear(at + "fc1", config_.inner, config_.width);
    l.down = add_linear(at + "fc2", config_.width, config_.inner);
    l.norm = add_norm(at + "final_layer_norm");
    side.layers.push_back(l);
  }
  if (s.embedding_norm) side.embedding_norm = add_norm(name + ".layernorm_embedding");
  if (s.final_norm) side.final_norm = add_norm(name + ".layer_norm");
  return side;
}

engine::AttentionOptions EncoderDecoder::encoder_options(std::int64_t) const {
  return attention_options();
}

engine::AttentionOptions EncoderDecoder::decoder_options(std::int64_t) const {
  engine::AttentionOptions options = attention_options();
  options.mask = engine::AttentionMask::causal;
  return options;
}

Value EncoderDecoder::project(Tape& tape, Value x, const Linear& l) const {
  return engine::linear(tape, x, *l.weight, l.bias, Layout::out_in);
}

Value EncoderDecoder::norm(Tape& tape, Value x, const Norm& n) const {
  return n.gain == nullptr ? x : engine::layer_norm(tape, x, *n.gain, *n.bias, config_.norm_eps);
}

Value EncoderDecoder::entering(Tape& tape, Value h, const Norm& n) const {
  return config_.seq2seq.pre_norm ? norm(tape, h, n) : h;
}

Value EncoderDecoder::joined(Tape& tape, Value h, Value x, const Linear& l, const Norm& n) const {
  const Value sum = engine::linear_residual(tape, h, x, *l.weight, l.bias, Layout::out_in, config_.hidden_dropout);
  return config_.seq2seq.pre_norm ? sum : norm(tape, sum, n);
}

Value EncoderDecoder::feed_forward(Tape& tape, Value h, const Layer& l) const {
  Value x = entering(tape, h, l.norm);
  x = engine::linear(tape, x, *l.up.weight, l.up.bias, Layout::out_in, activation());
  x = engine::dropout(tape, x, config_.seq2seq.activation_dropout);
  return joined(tape, h, x, l.down, l.norm);
}

Value EncoderDecoder::position_rows(Tape& tape, std::span<const std::int32_t> positions, const Side& side) {
  if (side.positions != nullptr) {
    return engine::embed(tape, {{side.positions, shifted_positions(tape, positions, config_.position_offset)}});
  }
  Value y = tape.make(static_cast<std::int64_t>(positions.size()), config_.width);
  for (std::int64_t i = 0; i < y.rows; ++i) {
    std::copy_n(sines_.data() + positions[static_cast<std::size_t>(i)] * y.cols, y.cols, y.data + i * y.cols);
  }
  return y;
}

Value EncoderDecoder::embedded(Tape& tape, std::span<const std::int32_t> ids, std::span<const std::int32_t> positions,
                               const Side& side) {
  Value h = engine::embed(tape, {{words_, ids, static_cast<std::int32_t>(config_.pad_token)}});
  if (config_.seq2seq.scale_embedding) {
    h = engine::scale(tape, h, static_cast<float>(std::sqrt(static_cast<double>(config_.width))));
  }
  h = engine::add(tape, h, position_rows(tape, positions, side));
  return engine::dropout(tape, norm(tape, h, side.embedding_norm), config_.embedding_dropout);
}

Value EncoderDecoder::encoder_layer(Tape& tape, Value h, const Layer& l, const text::TokenBatch& batch,
                                    Capture* capture) {
  const Value x = entering(tape, h, l.self.norm);
  const auto [q, k, v] = engine::linear_all(tape, x, {l.self.q, l.self.k, l.self.v}, Layout::out_in);
  h = joined(tape, h, attend_source(tape, {{q}, {k}, {v}}, batch, capture), l.self.out, l.self.norm);
  return feed_forward(tape, h, l);
}

Value EncoderDecoder::encode(Tape& tape, const text::TokenBatch& batch, Capture* capture) {
  Value h = embedded(tape, batch.ids, batch.positions, encoder_);
  for (const Layer& l : encoder_.layers) {
    if (capture != nullptr) capture->hidden_states.push_back(h);
    h = pass_encoder(tape, h, capture, [this, &l, &batch](Tape& t, Value in, Capture* look) {
      return encoder_layer(t, in, l, batch, look);
    });
  }
  h = norm(tape, h, encoder_.final_norm);
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

Seq2SeqNetwork::Memory EncoderDecoder::memory_keys(Tape& tape, std::size_t layer, Value memory) {
  const Attention& a = decoder_.layers[layer].cross;
  const auto [k, v] = engine::linear_all(tape, memory, {a.k, a.v}, Layout::out_in);
  return {k, v};
}

Value EncoderDecoder::decoder_layer(Tape& tape, Value h, std::size_t index, AttendSelf self, AttendMemory cross) {
  const Layer& l = decoder_.layers[index];
  Value x = entering(tape, h, l.self.norm), y{};
  const auto [q, k, v] = engine::linear_all(tape, x, {l.self.q, l.self.k, l.self.v}, Layout::out_in);
  self(index, {{q}, {k}, {v}}, y);
  h = joined(tape, h, y, l.self.out, l.self.norm);
  x = entering(tape, h, l.cross.norm);
  cross(index, project(tape, x, l.cross.q), y);
  h = joined(tape, h, y, l.cross.out, l.cross.norm);
  return feed_forward(tape, h, l);
}

Value EncoderDecoder::run_decoder(Tape& tape, std::span<const std::int32_t> ids,
                                  std::span<const std::int32_t> positions, AttendSelf self, AttendMemory cross,
                                  DecoderCapture* capture) {
  Value h = embedded(tape, ids, positions, decoder_);
  for (std::size_t index = 0; index < decoder_.layers.size(); ++index) {
    if (capture != nullptr) capture->hidden_states.push_back(h);
    h = pass(tape, h, self, cross, capture, [this, index](Tape& t, Value in, AttendSelf own, AttendMemory other) {
      return decoder_layer(t, in, index, own, other);
    });
  }
  h = norm(tape, h, decoder_.final_norm);
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

void EncoderDecoder::pack(engine::Precision precision) {
  const auto pack_one = [&](const Linear& l) {
    if (l.weight != nullptr) engine::pack_for_inference(*l.weight, Layout::out_in, precision);
  };
  for (const Side* side : {&encoder_, &decoder_}) {
    for (const Layer& l : side->layers) {
      for (const Attention* a : {&l.self, &l.cross}) {
        for (const Linear* w : {&a->q, &a->k, &a->v, &a->out}) pack_one(*w);
      }
      pack_one(l.up);
      pack_one(l.down);
    }
  }
  engine::pack_for_inference(*words_, Layout::out_in, precision);
}

std::vector<std::string> EncoderDecoder::aliases(const std::string& name) const {
  if (name.starts_with("model.")) return {name, name.substr(6)};
  return {name};
}

bool EncoderDecoder::ignorable(const std::string& tensor) const {
  // Copies of the shared table and of computed positions; heads of other tasks.
  return tensor.ends_with("embed_tokens.weight") || tensor == "lm_head.weight" ||
         (config_.seq2seq.positions != Positions::learned && tensor.ends_with("embed_positions.weight")) ||
         tensor.starts_with("classification_head.") || (logits_bias_ == nullptr && tensor == "final_logits_bias");
}

double EncoderDecoder::initial_scale(const std::string& name) const {
  if (config_.type != ModelType::transformer) return 1;
  // Glorot & Bengio 2010, as the tensor2tensor original; the shared table is multiplied by √width on its way in.
  const double width = static_cast<double>(config_.width), inner = static_cast<double>(config_.inner);
  if (name == "model.shared.weight" || name.ends_with("embed_positions.weight")) return std::sqrt(1 / width);
  const bool feed_forward = name.find(".fc") != std::string::npos;
  return std::sqrt(2 / (width + (feed_forward ? inner : width)));
}

}  // namespace ballast::lm
