// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/t5.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace ballast::lm {

using engine::Layout;
using engine::Parameter;
using engine::Tape;
using engine::Value;

std::vector<std::int32_t> distance_buckets(std::int64_t reach, std::int64_t buckets, std::int64_t max_distance,
                                           bool bidirectional) {
  const std::int64_t side = bidirectional ? buckets / 2 : buckets, exact = side / 2;
  // In f32, as the reference: at the edges of buckets the rounding decides.
  const auto span = static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(exact)));
  std::vector<std::int32_t> out;
  for (std::int64_t distance = -reach; distance <= reach; ++distance) {
    const std::int64_t away = bidirectional ? std::abs(distance) : std::max<std::int64_t>(0, -distance);
    std::int64_t bucket = away;
    if (away >= exact) {
      const float share = std::log(static_cast<float>(away) / static_cast<float>(exact)) / span;
      bucket = std::min(side - 1, exact + static_cast<std::int64_t>(share * static_cast<float>(side - exact)));
    }
    out.push_back(static_cast<std::int32_t>(bucket + (bidirectional && distance > 0 ? side : 0)));
  }
  return out;
}

T5::T5(ModelConfig config)
    : Seq2SeqNetwork(std::move(config)),
      encoder_buckets_(
          distance_buckets(config_.positions - 1, config_.seq2seq.buckets, config_.seq2seq.max_distance, true)),
      decoder_buckets_(
          distance_buckets(config_.positions - 1, config_.seq2seq.buckets, config_.seq2seq.max_distance, false)) {
  words_ = &parameters_.add_embedding("shared.weight", {config_.vocabulary, config_.width});
  const auto add_bias = [&](const std::string& at) {
    return &parameters_.add(at + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                            {config_.seq2seq.buckets, config_.heads}, true);
  };
  encoder_bias_ = add_bias("encoder");
  decoder_bias_ = add_bias("decoder");
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    encoder_.push_back(add_block("encoder.block." + std::to_string(i) + ".layer.", false));
  }
  encoder_norm_ = &parameters_.add("encoder.final_layer_norm.weight", {config_.width}, false);
  for (std::int64_t i = 0; i < config_.seq2seq.decoder_layers; ++i) {
    decoder_.push_back(add_block("decoder.block." + std::to_string(i) + ".layer.", true));
  }
  decoder_norm_ = &parameters_.add("decoder.final_layer_norm.weight", {config_.width}, false);
  head_ = config_.tied ? words_ : &parameters_.add("lm_head.weight", {config_.vocabulary, config_.width}, true);
}

T5::Attention T5::add_attention(const std::string& at, const std::string& kind) {
  const std::int64_t d = config_.width, inner = config_.heads * config_.head_width();
  const auto matrix = [&](const char* name, std::int64_t out, std::int64_t in) {
    return &parameters_.add(at + "." + kind + "." + name + ".weight", {out, in}, true);
  };
  Attention a{};
  a.q = matrix("q", inner, d);
  a.k = matrix("k", inner, d);
  a.v = matrix("v", inner, d);
  a.out = matrix("o", d, inner);
  a.norm = &parameters_.add(at + ".layer_norm.weight", {d}, false);
  return a;
}

T5::Block T5::add_block(const std::string& at, bool decoder) {
  Block b{};
  b.self = add_attention(at + "0", "SelfAttention");
  if (decoder) b.cross = add_attention(at + "1", "EncDecAttention");
  const std::string last = at + (decoder ? "2" : "1");
  const std::int64_t d = config_.width, inner = config_.inner;
  const auto matrix = [&](const char* name, std::int64_t out, std::int64_t in) {
    return &parameters_.add(last + ".DenseReluDense." + name + ".weight", {out, in}, true);
  };
  if (config_.seq2seq.gated) {
    b.feed_forward.gate = matrix("wi_0", inner, d);
    b.feed_forward.up = matrix("wi_1", inner, d);
  } else {
    b.feed_forward.up = matrix("wi", inner, d);
  }
  b.feed_forward.down = matrix("wo", d, inner);
  b.feed_forward.norm = &parameters_.add(last + ".layer_norm.weight", {d}, false);
  return b;
}

engine::AttentionOptions T5::options(std::int64_t longest, Parameter& table, bool bidirectional) const {
  engine::AttentionOptions o = attention_options();
  o.mask = bidirectional ? engine::AttentionMask::bidirectional : engine::AttentionMask::causal;
  o.scale = 1;
  o.bias.table = &table;
  o.bias.reach = longest - 1;
  const auto& all = bidirectional ? encoder_buckets_ : decoder_buckets_;
  o.bias.buckets = std::span(all).subspan(static_cast<std::size_t>(config_.positions - longest),
                                          static_cast<std::size_t>(2 * longest - 1));
  return o;
}

engine::AttentionOptions T5::encoder_options(std::int64_t longest) const {
  return options(longest, *encoder_bias_, true);
}

engine::AttentionOptions T5::decoder_options(std::int64_t longest) const {
  return options(longest, *decoder_bias_, false);
}

Value T5::project(Tape& tape, Value x, Parameter& w) const {
  return engine::linear(tape, x, w, nullptr, Layout::out_in);
}

Value T5::normed(Tape& tape, Value h, Parameter& norm) const {
  return engine::rms_norm(tape, h, norm, config_.norm_eps);
}

Value T5::joined(Tape& tape, Value h, Value x, Parameter& w) const {
  return engine::linear_residual(tape, h, x, w, nullptr, Layout::out_in, config_.hidden_dropout);
}

Value T5::feed_forward(Tape& tape, Value h, const FeedForward& f) const {
  const Value x = normed(tape, h, *f.norm);
  Value y;
  if (f.gate == nullptr) {
    y = engine::linear(tape, x, *f.up, nullptr, Layout::out_in, activation());
  } else {
    const auto [up, gate] = engine::linear_all(tape, x, {{f.up}, {f.gate}}, Layout::out_in);
    y = engine::gate(tape, gate, up, activation());
  }
  y = engine::dropout(tape, y, config_.hidden_dropout);
  return joined(tape, h, y, *f.down);
}

Value T5::encoder_layer(Tape& tape, Value h, const Block& b, const text::TokenBatch& batch, Capture* capture) {
  const Value x = normed(tape, h, *b.self.norm);
  const auto [q, k, v] = engine::linear_all(tape, x, {{b.self.q}, {b.self.k}, {b.self.v}}, Layout::out_in);
  h = joined(tape, h, attend_source(tape, {{q}, {k}, {v}}, batch, capture), *b.self.out);
  return feed_forward(tape, h, b.feed_forward);
}

Value T5::encode(Tape& tape, const text::TokenBatch& batch, Capture* capture) {
  Value h = engine::dropout(tape, engine::embed(tape, {{words_, batch.ids}}), config_.embedding_dropout);
  for (const Block& b : encoder_) {
    if (capture != nullptr) capture->hidden_states.push_back(h);
    h = pass_encoder(tape, h, capture, [this, &b, &batch](Tape& t, Value in, Capture* look) {
      return encoder_layer(t, in, b, batch, look);
    });
  }
  h = engine::dropout(tape, normed(tape, h, *encoder_norm_), config_.hidden_dropout);
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

Seq2SeqNetwork::Memory T5::memory_keys(Tape& tape, std::size_t layer, Value memory) {
  const Attention& a = decoder_[layer].cross;
  const auto [k, v] = engine::linear_all(tape, memory, {{a.k}, {a.v}}, Layout::out_in);
  return {k, v};
}

Value T5::decoder_layer(Tape& tape, Value h, std::size_t index, AttendSelf self, AttendMemory cross) {
  const Block& b = decoder_[index];
  Value x = normed(tape, h, *b.self.norm), y{};
  const auto [q, k, v] = engine::linear_all(tape, x, {{b.self.q}, {b.self.k}, {b.self.v}}, Layout::out_in);
  self(index, {{q}, {k}, {v}}, y);
  h = joined(tape, h, y, *b.self.out);
  x = normed(tape, h, *b.cross.norm);
  cross(index, project(tape, x, *b.cross.q), y);
  h = joined(tape, h, y, *b.cross.out);
  return feed_forward(tape, h, b.feed_forward);
}

Value T5::run_decoder(Tape& tape, std::span<const std::int32_t> ids, std::span<const std::int32_t>, AttendSelf self,
                      AttendMemory cross, DecoderCapture* capture) {
  Value h = engine::dropout(tape, engine::embed(tape, {{words_, ids}}), config_.embedding_dropout);
  for (std::size_t index = 0; index < decoder_.size(); ++index) {
    if (capture != nullptr) capture->hidden_states.push_back(h);
    h = pass(tape, h, self, cross, capture, [this, index](Tape& t, Value in, AttendSelf own, AttendMemory other) {
      return decoder_layer(t, in, index, own, other);
    });
  }
  h = engine::dropout(tape, normed(tape, h, *decoder_norm_), config_.hidden_dropout);
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

Value T5::language_input(Tape& tape, Value hidden) {
  if (!config_.tied) return hidden;
  return engine::scale(tape, hidden, static_cast<float>(std::pow(static_cast<double>(config_.width), -0.5)));
}

void T5::pack(engine::Precision precision) {
  const auto pack_one = [&](Parameter* p) {
    if (p != nullptr) engine::pack_for_inference(*p, Layout::out_in, precision);
  };
  for (const std::vector<Block>* blocks : {&encoder_, &decoder_}) {
    for (const Block& b : *blocks) {
      for (const Attention* a : {&b.self, &b.cross}) {
        for (Parameter* p : {a->q, a->k, a->v, a->out}) pack_one(p);
      }
      for (Parameter* p : {b.feed_forward.gate, b.feed_forward.up, b.feed_forward.down}) pack_one(p);
    }
  }
  pack_one(head_);
}

bool T5::ignorable(const std::string& tensor) const {
  // Copies of the shared table, and a bias of cross-attention that some early files hold and nothing reads.
  return tensor == "encoder.embed_tokens.weight" || tensor == "decoder.embed_tokens.weight" ||
         tensor.ends_with("EncDecAttention.relative_attention_bias.weight") ||
         (config_.tied && tensor == "lm_head.weight");
}

double T5::initial_scale(const std::string& name) const {
  // As transformers' T5PreTrainedModel._init_weights, times initializer_factor.
  const double width = std::pow(static_cast<double>(config_.width), -0.5);
  if (name == "shared.weight" || name == "lm_head.weight") return 1;
  if (name.ends_with(".q.weight")) return width * std::pow(static_cast<double>(config_.head_width()), -0.5);
  if (name.ends_with(".o.weight")) return std::pow(static_cast<double>(config_.heads * config_.head_width()), -0.5);
  if (name.ends_with(".wo.weight")) return std::pow(static_cast<double>(config_.inner), -0.5);
  return width;
}

}  // namespace ballast::lm
