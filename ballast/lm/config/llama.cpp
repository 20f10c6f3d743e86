// SPDX-License-Identifier: Apache-2.0
// config.json of Llama, Qwen2 and Qwen3: one family that differs in biases, norms and defaults.
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/lm/config/fields.h"

namespace ballast::lm::config {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;

/// The rope_scaling object ("rope_type", formerly "type").
void read_scaling(const Json& json, const std::string& where, ModelConfig& c) {
  RotaryConfig& r = c.rotary;
  r.theta = small(json, "rope_theta", where, 10000, 1e12);
  r.original_positions = c.positions;
  if (!given(json, "rope_scaling")) return;
  const Json& s = json.at("rope_scaling");
  const std::string at = where + ": rope_scaling";
  if (!s.is_object()) throw Error(ErrorCode::bad_input, "is no object", at);
  const auto type = json_field<std::string>(s, s.contains("rope_type") ? "rope_type" : "type", at, "default");
  if (type == "default") return;
  r.factor = small(s, "factor", at, 0, 1e6);
  if (given(s, "original_max_position_embeddings")) {
    r.original_positions = positive(s, "original_max_position_embeddings", at, kMaxCount);
  }
  if (type == "linear") {
    r.scaling = RotaryConfig::Scaling::linear;
  } else if (type == "llama3") {
    r.scaling = RotaryConfig::Scaling::llama3;
    r.low_frequency = small(s, "low_freq_factor", at, 0, 1e6);
    r.high_frequency = small(s, "high_freq_factor", at, 0, 1e6);
    if (r.high_frequency <= r.low_frequency) {
      throw Error(ErrorCode::bad_input, "high_freq_factor is not above low_freq_factor", at);
    }
  } else if (type == "yarn") {
    r.scaling = RotaryConfig::Scaling::yarn;
    r.beta_fast = small(s, "beta_fast", at, 32, 1e6);
    r.beta_slow = small(s, "beta_slow", at, 1, 1e6);
    r.attention_factor = small(s, "attention_factor", at, r.factor > 1 ? 0.1 * std::log(r.factor) + 1 : 1, 1e3);
  } else {
    throw Error(ErrorCode::unsupported, "rope_type \"" + type + "\" is not known", at,
                "known: default, linear, llama3, yarn");
  }
}

void read_attention(const Json& json, const std::string& where, ModelConfig& c) {
  c.heads = positive(json, "num_attention_heads", where, 1024);
  c.kv_heads = given(json, "num_key_value_heads") ? positive(json, "num_key_value_heads", where, 1024) : c.heads;
  if (c.heads % c.kv_heads != 0) {
    throw Error(ErrorCode::bad_input,
                "num_attention_heads " + std::to_string(c.heads) + " is not a multiple of num_key_value_heads " +
                    std::to_string(c.kv_heads),
                where);
  }
  if (given(json, "head_dim")) {
    c.head_size = positive(json, "head_dim", where, 4096);
  } else if (c.type == ModelType::qwen3) {
    c.head_size = 128;  // the default of its configuration class
  }
  if (c.head_width() % 2 != 0) {
    throw Error(ErrorCode::bad_input,
                "heads are " + std::to_string(c.head_width()) + " wide, rotary positions need an even number", where);
  }
  if (json_field<bool>(json, "use_sliding_window", where, false)) {
    throw Error(ErrorCode::unsupported, "field \"use_sliding_window\" is true, which Ballast does not support", where);
  }
  const bool bias = json_field<bool>(json, "attention_bias", where, false);
  c.qkv_bias = c.type == ModelType::qwen2 || bias;
  c.output_bias = c.type != ModelType::qwen2 && bias;
  c.qk_norm = c.type == ModelType::qwen3;
  c.inner_bias = json_field<bool>(json, "mlp_bias", where, false);
}

}  // namespace

void read_llama(const Json& json, const std::string& where, ModelConfig& c) {
  c.vocabulary = positive(json, "vocab_size", where, kMaxCount);
  c.width = positive(json, "hidden_size", where, 1 << 16);
  c.layers = positive(json, "num_hidden_layers", where, 1024);
  c.positions = positive(json, "max_position_embeddings", where, kMaxCount);
  c.inner = positive(json, "intermediate_size", where, 1 << 18);
  c.norm_eps = static_cast<float>(small(json, "rms_norm_eps", where, 1e-6, 1));
  c.activation = json_field<std::string>(json, "hidden_act", where, "silu");
  c.attention_dropout = probability(json, "attention_dropout", where, 0);
  c.embedding_dropout = c.hidden_dropout = c.classifier_dropout = 0;
  c.tied = json_field<bool>(json, "tie_word_embeddings", where, false);
  read_attention(json, where, c);
  read_scaling(json, where, c);
}

void write_llama(const ModelConfig& c, Json& j) {
  j["hidden_size"] = c.width;
  j["num_hidden_layers"] = c.layers;
  j["num_attention_heads"] = c.heads;
  j["num_key_value_heads"] = c.key_heads();
  if (c.head_size > 0) j["head_dim"] = c.head_size;
  j["max_position_embeddings"] = c.positions;
  j["intermediate_size"] = c.inner;
  j["rms_norm_eps"] = c.raw.value("rms_norm_eps", 1e-6);
  j["rope_theta"] = c.rotary.theta;
  j["hidden_act"] = c.activation;
  j["tie_word_embeddings"] = c.tied;
}

}  // namespace ballast::lm::config
