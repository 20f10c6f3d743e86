// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/bert.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "ballast/base/error.h"

namespace ballast::lm {

using engine::Layout;
using engine::Tape;
using engine::Value;

struct Bert::Names {
  const char *root, *layer, *query, *key, *value, *out, *attention_norm, *up, *down, *output_norm;
  const char *vocabulary_bias, *transform, *transform_norm;  // language model
  const char *pooler, *classifier;                           // classification
};

const Bert::Names& Bert::names_of(ModelType type) {
  static constexpr Names kBert = {"bert",
                                  "encoder.layer.",
                                  "attention.self.query",
                                  "attention.self.key",
                                  "attention.self.value",
                                  "attention.output.dense",
                                  "attention.output.LayerNorm",
                                  "intermediate.dense",
                                  "output.dense",
                                  "output.LayerNorm",
                                  "cls.predictions.bias",
                                  "cls.predictions.transform.dense",
                                  "cls.predictions.transform.LayerNorm",
                                  "bert.pooler.dense",
                                  "classifier"};
  static constexpr Names kRoberta = {"roberta",
                                     kBert.layer,
                                     kBert.query,
                                     kBert.key,
                                     kBert.value,
                                     kBert.out,
                                     kBert.attention_norm,
                                     kBert.up,
                                     kBert.down,
                                     kBert.output_norm,
                                     "lm_head.bias",
                                     "lm_head.dense",
                                     "lm_head.layer_norm",
                                     "classifier.dense",
                                     "classifier.out_proj"};
  static constexpr Names kDistilBert = {
      "distilbert",           "transformer.layer.", "attention.q_lin",  "attention.k_lin", "attention.v_lin",
      "attention.out_lin",    "sa_layer_norm",      "ffn.lin1",         "ffn.lin2",        "output_layer_norm",
      "vocab_projector.bias", "vocab_transform",    "vocab_layer_norm", "pre_classifier",  "classifier"};
  return type == ModelType::roberta ? kRoberta : type == ModelType::distilbert ? kDistilBert : kBert;
}

Bert::Linear Bert::add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
  return {&parameters_.add(name + ".weight", {out, in}, true), &parameters_.add(name + ".bias", {out}, false)};
}

Bert::Norm Bert::add_norm(const std::string& name) {
  return {&parameters_.add(name + ".weight", {config_.width}, false),
          &parameters_.add(name + ".bias", {config_.width}, false)};
}

Bert::Bert(ModelConfig config) : Network(std::move(config)), names_(names_of(config_.type)) {
  const std::int64_t d = config_.width;
  const std::string root = names_.root, embeddings = root + ".embeddings";
  words_ = &parameters_.add_embedding(embeddings + ".word_embeddings.weight", {config_.vocabulary, d});
  positions_ = &parameters_.add_embedding(embeddings + ".position_embeddings.weight",
                                          {config_.positions + config_.position_offset, d});
  if (config_.types > 0)
    types_ = &parameters_.add_embedding(embeddings + ".token_type_embeddings.weight", {config_.types, d});
  embedding_norm_ = add_norm(embeddings + ".LayerNorm");
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const std::string at = root + "." + names_.layer + std::to_string(i) + ".";
    Layer l;
    l.query = add_linear(at + names_.query, d, d);
    l.key = add_linear(at + names_.key, d, d);
    l.value = add_linear(at + names_.value, d, d);
    l.out = add_linear(at + names_.out, d, d);
    l.attention_norm = add_norm(at + names_.attention_norm);
    l.up = add_linear(at + names_.up, config_.inner, d);
    l.down = add_linear(at + names_.down, d, config_.inner);
    l.output_norm = add_norm(at + names_.output_norm);
    layers_.push_back(l);
  }
  if (config_.head == HeadType::language_model) {
    vocabulary_bias_ = &parameters_.add(names_.vocabulary_bias, {config_.vocabulary}, false);
    transform_ = add_linear(names_.transform, d, d);
    transform_norm_ = add_norm(names_.transform_norm);
  }
  if (config_.head == HeadType::classification) {
    pooler_ = add_linear(names_.pooler, d, d);
    classifier_ = add_linear(names_.classifier, static_cast<std::int64_t>(config_.labels.size()), d);
  }
}

Value Bert::norm(Tape& tape, Value x, const Norm& n) {
  return engine::layer_norm(tape, x, *n.gain, *n.bias, config_.norm_eps);
}

Value Bert::joined(Tape& tape, Value h, Value x, const Linear& l, const Norm& n) {
  return norm(tape, engine::linear_residual(tape, h, x, *l.weight, l.bias, Layout::out_in, config_.hidden_dropout), n);
}

Value Bert::embed(Tape& tape, const text::TokenBatch& batch, Capture* capture) {
  const auto positions = shifted_positions(tape, batch.positions, config_.position_offset);
  const auto look_up = [&](std::span<const std::int32_t> ids) {
    return types_ == nullptr ? engine::embed(tape, {{words_, ids}, {positions_, positions}})
                             : engine::embed(tape, {{words_, ids}, {positions_, positions}, {types_, batch.types}});
  };
  Value h = look_up(batch.ids);
  if (capture != nullptr && capture->blend != nullptr) {
    h = blended(tape, h, look_up(capture->blend->reference), *capture);
  }
  return engine::dropout(tape, norm(tape, h, embedding_norm_), config_.embedding_dropout);
}

Value Bert::apply(Tape& tape, Value x, const Linear& l, engine::Activation activation) {
  return engine::linear(tape, x, *l.weight, l.bias, Layout::out_in, activation);
}

Value Bert::after_attention(Tape& tape, const Layer& l, Value attended, Value entry) {
  const Value h = joined(tape, entry, attended, l.out, l.attention_norm);
  return joined(tape, h, apply(tape, h, l.up, activation()), l.down, l.output_norm);
}

Value Bert::run_layer(Tape& tape, const Layer& l, Value h, const text::TokenBatch& batch, Capture* capture) {
  const auto [q, k, v] = engine::linear_all(tape, h, {l.query, l.key, l.value}, Layout::out_in);
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return after_attention(tape, l, attend(tape, {{q}, {k}, {v}}, batch, capture), h);
}

Value Bert::encode(Tape& tape, const text::TokenBatch& batch, Capture* capture) {
  Value h = embed(tape, batch, capture);
  for (const Layer& l : layers_) {
    h = pass_encoder(tape, h, capture,
                     [this, &l, &batch](Tape& t, Value in, Capture* look) { return run_layer(t, l, in, batch, look); });
  }
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

Value Bert::language_input(Tape& tape, Value hidden) {
  BALLAST_CHECK(vocabulary_bias_ != nullptr, hidden.rows);
  // RoBERTa's head is fixed to the exact GELU, whatever its layers use.
  const auto kind = config_.type == ModelType::roberta ? engine::Activation::gelu_erf : activation();
  const Value x = engine::linear(tape, hidden, *transform_.weight, transform_.bias, Layout::out_in, kind);
  return norm(tape, x, transform_norm_);
}

Value Bert::classify(Tape& tape, Value hidden, const text::TokenBatch& batch) {
  return classify_rows(tape,
                       engine::select_rows(tape, hidden, std::span(batch.offsets).first(batch.offsets.size() - 1)));
}

Value Bert::classify_only(Tape& tape, const text::TokenBatch& batch, LastLayer* last) {
  if (layers_.empty()) return Network::classify_only(tape, batch, last);
  BALLAST_CHECK(!tape.training(), batch.sequences());
  Value h = embed(tape, batch, nullptr);
  for (const Layer& l : std::span(layers_).first(layers_.size() - 1)) {
    h = engine::in_place(tape, h, [&](Tape& t, Value in) { return run_layer(t, l, in, batch, nullptr); });
  }
  const Layer& l = layers_.back();
  const Value entry = engine::select_rows(tape, h, std::span(batch.offsets).first(batch.offsets.size() - 1));
  const auto [k, v] = engine::linear_all(tape, h, {l.key, l.value}, Layout::out_in);
  const Capture::Attention in{{apply(tape, entry, l.query)}, {k}, {v}};
  auto* each = static_cast<std::int32_t*>(tape.arena().allocate(batch.offsets.size() * sizeof(std::int32_t)));
  std::iota(each, each + batch.offsets.size(), 0);  // one query a sequence
  const Value attended =
      engine::attention(tape, in.q, in.k, in.v, {each, batch.offsets.size()}, batch.offsets, attention_options());
  if (last != nullptr) *last = {in, attended, entry};
  return finish_last_layer(tape, attended, entry);
}

Value Bert::finish_last_layer(Tape& tape, Value attended, Value entry) {
  return classify_rows(tape, after_attention(tape, layers_.back(), attended, entry));
}

Value Bert::classify_rows(Tape& tape, Value x) {
  BALLAST_CHECK(classifier_.weight != nullptr, x.rows);
  // BERT drops behind its pooler alone, RoBERTa before it too; DistilBERT's rectifies.
  if (config_.type == ModelType::roberta) x = engine::dropout(tape, x, config_.classifier_dropout);
  const auto kind = config_.type == ModelType::distilbert ? engine::Activation::relu : engine::Activation::tanh;
  x = engine::dropout(tape, apply(tape, x, pooler_, kind), config_.classifier_dropout);
  return apply(tape, x, classifier_);
}

void Bert::pack(engine::Precision precision) {
  const auto pack = [&](const Linear& l) {
    if (l.weight != nullptr) engine::pack_for_inference(*l.weight, Layout::out_in, precision);
  };
  for (const Layer& l : layers_) {
    for (const Linear& w : {l.query, l.key, l.value, l.out, l.up, l.down}) pack(w);
  }
  for (const Linear& w : {transform_, pooler_, classifier_}) pack(w);
  if (config_.head == HeadType::language_model) engine::pack_for_inference(*words_, Layout::out_in, precision);
}

std::vector<std::string> Bert::aliases(const std::string& name) const {
  const std::string root = std::string(names_.root) + ".";
  std::vector<std::string> names = {name};
  if (name.starts_with(root)) names.push_back(name.substr(root.size()));  // the encoder saved alone
  const std::size_t at = name.find("LayerNorm.");
  if (at != std::string::npos) {  // files of the first years say gamma and beta
    const std::string old = name.substr(0, at + 10) + (name.ends_with("weight") ? "gamma" : "beta");
    names.push_back(old);
    if (old.starts_with(root)) names.push_back(old.substr(root.size()));
  }
  return names;
}

bool Bert::ignorable(const std::string& tensor) const {
  // Buffers, tied copies, and heads that this task does not use.
  static constexpr std::string_view kOther[] = {"cls.",   "classifier.",     "lm_head.",
                                                "vocab_", "pre_classifier.", "pooler."};
  const std::string root = std::string(names_.root) + ".";
  const std::string_view inner = std::string_view(tensor).substr(tensor.starts_with(root) ? root.size() : 0);
  return tensor.ends_with("embeddings.position_ids") ||
         std::any_of(std::begin(kOther), std::end(kOther),
                     [&](std::string_view other) { return inner.starts_with(other); });
}

bool Bert::belongs_to_head(const std::string& name) const {
  return !name.starts_with(std::string(names_.root) + ".") || name.starts_with(std::string(names_.root) + ".pooler.");
}

}  // namespace ballast::lm
