// SPDX-License-Identifier: Apache-2.0
// config.json of the encoder-decoders: T5, BART, Marian, and Ballast's own `transformer` (Vaswani et al. 2017), whose
// file is BART's with three more fields: "norm_first", "positions" and "final_norm".
#include "ballast/base/error.h"
#include "ballast/lm/config/fields.h"

namespace ballast::lm::config {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;

constexpr std::int64_t kT5Positions = 512;  // of public checkpoints; relative distances have no limit of their own

/// One number that both sides must share.
std::int64_t shared_count(const Json& json, const std::string& what, const std::string& where, std::int64_t limit) {
  const std::int64_t encoder = positive(json, "encoder_" + what, where, limit);
  const std::int64_t decoder = positive(json, "decoder_" + what, where, limit);
  if (encoder != decoder) {
    throw Error(ErrorCode::unsupported, "encoder_" + what + " and decoder_" + what + " differ", where,
                "Ballast needs them equal");
  }
  return encoder;
}

void read_start(const Json& json, const std::string& where, ModelConfig& c) {
  c.seq2seq.start_token = integer(json, "decoder_start_token_id", where);
  if (c.seq2seq.start_token < 0 || c.seq2seq.start_token >= c.vocabulary) {
    throw Error(ErrorCode::bad_input, "field \"decoder_start_token_id\" is not in the vocabulary", where);
  }
}

void read_positions(const Json& json, const std::string& where, ModelConfig& c) {
  using Positions = Seq2SeqConfig::Positions;
  const auto kind = json_field<std::string>(json, "positions", where, "sines");
  if (kind != "sines" && kind != "learned") {
    throw Error(ErrorCode::unsupported, "positions \"" + kind + "\" are not known", where, "known: sines, learned");
  }
  c.seq2seq.positions = kind == "sines" ? Positions::sines_in_turn : Positions::learned;
}

}  // namespace

void read_t5(const Json& json, const std::string& where, ModelConfig& c) {
  c.vocabulary = positive(json, "vocab_size", where, kMaxCount);
  c.width = positive(json, "d_model", where, 1 << 16);
  c.inner = positive(json, "d_ff", where, 1 << 18);
  c.head_size = positive(json, "d_kv", where, 4096);
  c.heads = positive(json, "num_heads", where, 1024);
  c.layers = positive(json, "num_layers", where, 1024);
  Seq2SeqConfig& s = c.seq2seq;
  s.decoder_layers = given(json, "num_decoder_layers") ? positive(json, "num_decoder_layers", where, 1024) : c.layers;
  s.buckets = given(json, "relative_attention_num_buckets")
                  ? positive(json, "relative_attention_num_buckets", where, 4096)
                  : 32;
  s.max_distance = given(json, "relative_attention_max_distance")
                       ? positive(json, "relative_attention_max_distance", where, kMaxCount)
                       : 128;
  if (s.buckets % 4 != 0 || s.max_distance <= s.buckets / 2) {
    throw Error(ErrorCode::bad_input,
                "relative_attention_num_buckets must be a multiple of 4 and less than twice "
                "relative_attention_max_distance",
                where);
  }
  s.positions = Seq2SeqConfig::Positions::relative;
  c.positions = given(json, "n_positions") ? positive(json, "n_positions", where, 1 << 16) : kT5Positions;
  c.norm_eps = static_cast<float>(small(json, "layer_norm_epsilon", where, 1e-6, 1));
  c.hidden_dropout = c.attention_dropout = c.embedding_dropout = probability(json, "dropout_rate", where, 0.1f);
  auto projection = json_field<std::string>(json, "feed_forward_proj", where, "relu");
  s.gated = projection.starts_with("gated-");
  if (s.gated) projection = projection.substr(6);
  // "gated-gelu" has always meant the tanh approximation (transformers' T5Config says so).
  c.activation = s.gated && projection == "gelu" ? "gelu_new" : projection;
  c.tied = json_field<bool>(json, "tie_word_embeddings", where, true);
  read_start(json, where, c);
}

void write_t5(const ModelConfig& c, Json& j) {
  j["d_model"] = c.width;
  j["d_ff"] = c.inner;
  j["d_kv"] = c.head_width();
  j["num_heads"] = c.heads;
  j["num_layers"] = c.layers;
  j["num_decoder_layers"] = c.seq2seq.decoder_layers;
  j["relative_attention_num_buckets"] = c.seq2seq.buckets;
  j["relative_attention_max_distance"] = c.seq2seq.max_distance;
  j["decoder_start_token_id"] = c.seq2seq.start_token;
  j["is_encoder_decoder"] = true;
  if (!c.tied) j["tie_word_embeddings"] = false;
}

void read_bart(const Json& json, const std::string& where, ModelConfig& c) {
  using Positions = Seq2SeqConfig::Positions;
  const bool own = c.type == ModelType::transformer, marian = c.type == ModelType::marian;
  c.vocabulary = positive(json, "vocab_size", where, kMaxCount);
  c.width = positive(json, "d_model", where, 1 << 16);
  c.layers = positive(json, "encoder_layers", where, 1024);
  c.heads = shared_count(json, "attention_heads", where, 1024);
  c.inner = shared_count(json, "ffn_dim", where, 1 << 18);
  c.positions = positive(json, "max_position_embeddings", where, kMaxCount);
  c.activation = json_field<std::string>(json, "activation_function", where, own ? "relu" : "gelu");
  c.hidden_dropout = c.embedding_dropout = probability(json, "dropout", where, 0.1f);
  c.attention_dropout = probability(json, "attention_dropout", where, 0);
  c.norm_eps = 1e-5f;  // torch's LayerNorm; the file has no field for it
  Seq2SeqConfig& s = c.seq2seq;
  s.decoder_layers = positive(json, "decoder_layers", where, 1024);
  s.activation_dropout = probability(json, "activation_dropout", where, 0);
  s.scale_embedding = json_field<bool>(json, "scale_embedding", where, own);
  s.logits_bias = !own;
  if (own) {
    s.pre_norm = json_field<bool>(json, "norm_first", where, false);
    s.final_norm = json_field<bool>(json, "final_norm", where, s.pre_norm);
    read_positions(json, where, c);
  } else if (marian) {
    s.positions = Positions::sines_then_cosines;
    if (!json_field<bool>(json, "share_encoder_decoder_embeddings", where, true)) {
      throw Error(ErrorCode::unsupported, "field \"share_encoder_decoder_embeddings\" is false", where,
                  "Ballast needs one table for both languages");
    }
  } else {
    s.positions = Positions::learned;
    s.embedding_norm = true;
    c.position_offset = 2;  // fairseq's padding index + 1, kept in every BART checkpoint
  }
  read_start(json, where, c);
}

void write_bart(const ModelConfig& c, Json& j) {
  j["d_model"] = c.width;
  j["encoder_layers"] = c.layers;
  j["decoder_layers"] = c.seq2seq.decoder_layers;
  j["encoder_attention_heads"] = j["decoder_attention_heads"] = c.heads;
  j["encoder_ffn_dim"] = j["decoder_ffn_dim"] = c.inner;
  j["max_position_embeddings"] = c.positions;
  j["activation_function"] = c.activation;
  j["scale_embedding"] = c.seq2seq.scale_embedding;
  j["decoder_start_token_id"] = c.seq2seq.start_token;
  j["is_encoder_decoder"] = true;
}

}  // namespace ballast::lm::config
