// SPDX-License-Identifier: Apache-2.0
// BERT (Devlin et al. 2019): post-norm encoder, learned positions and token types; and two that share its layers:
// RoBERTa (Liu et al. 2019: positions behind the padding token's, other heads) and DistilBERT (Sanh et al. 2019: no
// token types, other names). Names as transformers' BertForMaskedLM, RobertaForSequenceClassification and so on;
// weights are Linear [out, in].
#pragma once

#include "ballast/lm/arch/network.h"

namespace ballast::lm {

class Bert : public Network {
 public:
  explicit Bert(ModelConfig config);

  engine::AttentionMask mask() const override { return engine::AttentionMask::bidirectional; }
  engine::Value encode(engine::Tape& tape, const text::TokenBatch& batch, Capture* capture) override;
  engine::Value language_input(engine::Tape& tape, engine::Value hidden) override;
  engine::Parameter& vocabulary_table() override { return *words_; }
  engine::Parameter* vocabulary_bias() override { return vocabulary_bias_; }
  engine::Value classify(engine::Tape& tape, engine::Value hidden, const text::TokenBatch& batch) override;
  engine::Value classify_only(engine::Tape& tape, const text::TokenBatch& batch, LastLayer* last) override;
  bool shows_last_layer() const override { return !layers_.empty(); }
  engine::Value finish_last_layer(engine::Tape& tape, engine::Value attended, engine::Value entry) override;
  bool reentrant() const override { return true; }
  void pack(engine::Precision precision) override;
  std::vector<std::string> aliases(const std::string& name) const override;
  bool ignorable(const std::string& tensor) const override;
  bool belongs_to_head(const std::string& name) const override;

 private:
  using Linear = engine::Projection;
  struct Norm {
    engine::Parameter *gain = nullptr, *bias = nullptr;
  };
  struct Layer {
    Linear query, key, value, out, up, down;
    Norm attention_norm, output_norm;
  };
  struct Names;  // of one family's parameters
  static const Names& names_of(ModelType type);
  Linear add_linear(const std::string& name, std::int64_t out, std::int64_t in);
  Norm add_norm(const std::string& name);
  engine::Value norm(engine::Tape& tape, engine::Value x, const Norm& n);
  static engine::Value apply(engine::Tape& tape, engine::Value x, const Linear& l,
                             engine::Activation activation = engine::Activation::none);
  /// norm(h + dropout(x · W + b))
  engine::Value joined(engine::Tape& tape, engine::Value h, engine::Value x, const Linear& l, const Norm& n);
  engine::Value embed(engine::Tape& tape, const text::TokenBatch& batch, Capture* capture);
  engine::Value run_layer(engine::Tape& tape, const Layer& l, engine::Value h, const text::TokenBatch& batch,
                          Capture* capture);
  /// The rest of a layer, from what attention gave to the rows that entered it.
  engine::Value after_attention(engine::Tape& tape, const Layer& l, engine::Value attended, engine::Value entry);
  /// Logits of the classified rows.
  engine::Value classify_rows(engine::Tape& tape, engine::Value rows);

  engine::Parameter *words_, *positions_, *types_ = nullptr, *vocabulary_bias_ = nullptr;
  const Names& names_;
  Norm embedding_norm_, transform_norm_;
  std::vector<Layer> layers_;
  Linear transform_, pooler_, classifier_;
};

}  // namespace ballast::lm
