// SPDX-License-Identifier: Apache-2.0
// config.json of BERT, RoBERTa and DistilBERT.
#include "ballast/base/error.h"
#include "ballast/lm/config/fields.h"

namespace ballast::lm::config {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;

namespace {

void read_distilbert(const Json& json, const std::string& where, ModelConfig& c) {
  c.width = positive(json, "dim", where, 1 << 16);
  c.layers = positive(json, "n_layers", where, 1024);
  c.heads = positive(json, "n_heads", where, 1024);
  c.inner = positive(json, "hidden_dim", where, 1 << 18);
  c.norm_eps = 1e-12f;  // the file has no field for it
  c.activation = json_field<std::string>(json, "activation", where, "gelu");
  c.attention_dropout = probability(json, "attention_dropout", where, 0.1f);
  c.hidden_dropout = c.embedding_dropout = probability(json, "dropout", where, 0.1f);
  c.classifier_dropout = probability(json, "seq_classif_dropout", where, 0.2f);
}

/// Positions of RoBERTa start behind the padding token's: the table has rows that no text uses.
void read_offset(const Json& json, const std::string& where, ModelConfig& c) {
  c.position_offset = given(json, "pad_token_id") ? integer(json, "pad_token_id", where) + 1 : 2;
  if (c.position_offset < 1 || c.position_offset >= c.positions) {
    throw Error(ErrorCode::bad_input, "field \"pad_token_id\" leaves no positions", where);
  }
  c.positions -= c.position_offset;
}

}  // namespace

void read_bert(const Json& json, const std::string& where, ModelConfig& c) {
  c.vocabulary = positive(json, "vocab_size", where, kMaxCount);
  c.positions = positive(json, "max_position_embeddings", where, kMaxCount);
  if (c.type == ModelType::distilbert) return read_distilbert(json, where, c);
  c.width = positive(json, "hidden_size", where, 1 << 16);
  c.layers = positive(json, "num_hidden_layers", where, 1024);
  c.heads = positive(json, "num_attention_heads", where, 1024);
  c.inner = positive(json, "intermediate_size", where, 1 << 18);
  c.types = positive(json, "type_vocab_size", where, 1024);
  c.norm_eps = static_cast<float>(small(json, "layer_norm_eps", where, 1e-12, 1));
  c.activation = json_field<std::string>(json, "hidden_act", where, "gelu");
  c.attention_dropout = probability(json, "attention_probs_dropout_prob", where, 0.1f);
  c.hidden_dropout = probability(json, "hidden_dropout_prob", where, 0.1f);
  c.embedding_dropout = c.hidden_dropout;
  c.classifier_dropout = probability(json, "classifier_dropout", where, c.hidden_dropout);
  const auto positions = json_field<std::string>(json, "position_embedding_type", where, "absolute");
  if (positions != "absolute") {
    throw Error(ErrorCode::unsupported, "position_embedding_type \"" + positions + "\" is not known", where,
                "known: absolute");
  }
  refuse_flag(json, "is_decoder", where);
  if (c.type == ModelType::roberta) read_offset(json, where, c);
}

void write_bert(const ModelConfig& c, Json& j) {
  j["max_position_embeddings"] = c.positions + c.position_offset;
  if (c.type == ModelType::distilbert) {
    j["dim"] = c.width;
    j["n_layers"] = c.layers;
    j["n_heads"] = c.heads;
    j["hidden_dim"] = c.inner;
    j["activation"] = c.activation;
    return;
  }
  j["hidden_size"] = c.width;
  j["num_hidden_layers"] = c.layers;
  j["num_attention_heads"] = c.heads;
  j["intermediate_size"] = c.inner;
  j["type_vocab_size"] = c.types;
  j["layer_norm_eps"] = c.raw.value("layer_norm_eps", 1e-12);
  j["hidden_act"] = c.activation;
}

}  // namespace ballast::lm::config
