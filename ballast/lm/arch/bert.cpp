// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/bert.h"

#include "ballast/base/error.h"

namespace ballast::lm {

using engine::Layout;
using engine::Tape;
using engine::Value;

Bert::Linear Bert::add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
  return {&parameters_.add(name + ".weight", {out, in}, true), &parameters_.add(name + ".bias", {out}, false)};
}

Bert::Norm Bert::add_norm(const std::string& name) {
  return {&parameters_.add(name + ".LayerNorm.weight", {config_.width}, false),
          &parameters_.add(name + ".LayerNorm.bias", {config_.width}, false)};
}

Bert::Bert(ModelConfig config) : Network(std::move(config)) {
  const std::int64_t d = config_.width;
  const std::string embeddings = "bert.embeddings";
  words_ = &parameters_.add(embeddings + ".word_embeddings.weight", {config_.vocabulary, d}, true);
  positions_ = &parameters_.add(embeddings + ".position_embeddings.weight", {config_.positions, d}, true);
  types_ = &parameters_.add(embeddings + ".token_type_embeddings.weight", {config_.types, d}, true);
  embedding_norm_ = add_norm(embeddings);
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const std::string at = "bert.encoder.layer." + std::to_string(i) + ".";
    Layer l;
    l.query = add_linear(at + "attention.self.query", d, d);
    l.key = add_linear(at + "attention.self.key", d, d);
    l.value = add_linear(at + "attention.self.value", d, d);
    l.out = add_linear(at + "attention.output.dense", d, d);
    l.attention_norm = add_norm(at + "attention.output");
    l.up = add_linear(at + "intermediate.dense", config_.inner, d);
    l.down = add_linear(at + "output.dense", d, config_.inner);
    l.output_norm = add_norm(at + "output");
    layers_.push_back(l);
  }
  if (config_.head == HeadType::language_model) {
    vocabulary_bias_ = &parameters_.add("cls.predictions.bias", {config_.vocabulary}, false);
    transform_ = add_linear("cls.predictions.transform.dense", d, d);
    transform_norm_ = add_norm("cls.predictions.transform");
  }
  if (config_.head == HeadType::classification) {
    pooler_ = add_linear("bert.pooler.dense", d, d);
    classifier_ = add_linear("classifier", static_cast<std::int64_t>(config_.labels.size()), d);
  }
}

Value Bert::norm(Tape& tape, Value x, const Norm& n) {
  return engine::layer_norm(tape, x, *n.gain, *n.bias, config_.norm_eps);
}

Value Bert::residual(Tape& tape, Value branch, Value skip, const Norm& n) {
  return norm(tape, engine::add(tape, engine::dropout(tape, branch, config_.hidden_dropout), skip), n);
}

Value Bert::encode(Tape& tape, const text::TokenBatch& batch, Capture* capture) {
  Value h = engine::embed(tape, {{words_, batch.ids}, {positions_, batch.positions}, {types_, batch.types}});
  h = engine::dropout(tape, norm(tape, h, embedding_norm_), config_.embedding_dropout);
  const auto linear = [&](Value x, const Linear& l, engine::Activation a = engine::Activation::none) {
    return engine::linear(tape, x, *l.weight, l.bias, Layout::out_in, a);
  };
  for (const Layer& l : layers_) {
    const Value q = linear(h, l.query), k = linear(h, l.key), v = linear(h, l.value);
    if (capture != nullptr) capture->hidden_states.push_back(h);
    const Value a = attend(tape, {{q}, {k}, {v}}, batch, capture);
    h = residual(tape, linear(a, l.out), h, l.attention_norm);
    h = residual(tape, linear(linear(h, l.up, activation()), l.down), h, l.output_norm);
  }
  if (capture != nullptr) capture->hidden_states.push_back(h);
  return h;
}

Value Bert::language_input(Tape& tape, Value hidden) {
  BALLAST_CHECK(vocabulary_bias_ != nullptr, hidden.rows);
  const Value x = engine::linear(tape, hidden, *transform_.weight, transform_.bias, Layout::out_in, activation());
  return norm(tape, x, transform_norm_);
}

Value Bert::classify(Tape& tape, Value hidden, const text::TokenBatch& batch) {
  BALLAST_CHECK(classifier_.weight != nullptr, batch.sequences());
  first_rows_.assign(batch.offsets.begin(), batch.offsets.end() - 1);
  Value x = engine::select_rows(tape, hidden, first_rows_);
  x = engine::linear(tape, x, *pooler_.weight, pooler_.bias, Layout::out_in, engine::Activation::tanh);
  x = engine::dropout(tape, x, config_.classifier_dropout);
  return engine::linear(tape, x, *classifier_.weight, classifier_.bias, Layout::out_in);
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
  std::vector<std::string> names = {name};
  if (name.starts_with("bert.")) names.push_back(name.substr(5));  // BertModel saved alone
  const std::size_t at = name.find("LayerNorm.");
  if (at != std::string::npos) {  // files of the first years say gamma and beta
    const std::string old = name.substr(0, at + 10) + (name.ends_with("weight") ? "gamma" : "beta");
    names.push_back(old);
    if (old.starts_with("bert.")) names.push_back(old.substr(5));
  }
  return names;
}

bool Bert::ignorable(const std::string& tensor) const {
  static constexpr std::string_view kOther[] = {"cls.", "classifier.", "bert.pooler.", "pooler."};
  if (tensor.ends_with("embeddings.position_ids") || tensor.starts_with("cls.predictions.decoder.") ||
      tensor.starts_with("cls.seq_relationship.")) {
    return true;
  }
  for (const std::string_view other : kOther) {
    if (tensor.starts_with(other)) return true;  // a head that this task does not use
  }
  return false;
}

bool Bert::belongs_to_head(const std::string& name) const {
  return name.starts_with("cls.") || name.starts_with("classifier.") || name.starts_with("bert.pooler.");
}

}  // namespace ballast::lm
