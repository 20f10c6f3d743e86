// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/convert/names.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/lm/arch/rotary.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::array<std::array<const char*, 2>, 11> kLayer = {{{"self_attn.q_proj", "attn_q"},
                                                                {"self_attn.k_proj", "attn_k"},
                                                                {"self_attn.v_proj", "attn_v"},
                                                                {"self_attn.o_proj", "attn_output"},
                                                                {"self_attn.q_norm", "attn_q_norm"},
                                                                {"self_attn.k_norm", "attn_k_norm"},
                                                                {"input_layernorm", "attn_norm"},
                                                                {"post_attention_layernorm", "ffn_norm"},
                                                                {"mlp.gate_proj", "ffn_gate"},
                                                                {"mlp.up_proj", "ffn_up"},
                                                                {"mlp.down_proj", "ffn_down"}}};

/// The scaling of Llama 3.1 from the factors that llama.cpp stores instead of it: only the published values of the
/// other fields are tried.
Json llama3_scaling(const GgufFile& file, double theta, std::int64_t head_width) {
  const std::vector<float> factors = file.read("rope_freqs.weight");
  RotaryConfig c;
  c.theta = theta;
  c.scaling = RotaryConfig::Scaling::llama3;
  c.factor = *std::max_element(factors.begin(), factors.end());
  c.low_frequency = 1;
  c.high_frequency = 4;
  c.original_positions = 8192;
  const std::vector<double> scaled = rotary_frequencies(c, head_width);
  bool same = scaled.size() == factors.size();
  for (std::size_t j = 0; same && j < scaled.size(); ++j) {
    const double plain = std::pow(theta, -2.0 * static_cast<double>(j) / static_cast<double>(head_width));
    same = std::abs(plain / scaled[j] - factors[j]) <= 1e-3 * factors[j];
  }
  if (!same) {
    throw Error(ErrorCode::unsupported, "the factors in rope_freqs.weight are not those of Llama 3.1",
                file.path().string());
  }
  return {{"rope_type", "llama3"},
          {"factor", c.factor},
          {"low_freq_factor", 1.0},
          {"high_freq_factor", 4.0},
          {"original_max_position_embeddings", 8192}};
}

Json scaling_from(const GgufFile& file, const std::string& arch, double theta, std::int64_t head_width) {
  const Json& m = file.metadata();
  const std::string where = file.path().string();
  if (file.has("rope_freqs.weight")) return llama3_scaling(file, theta, head_width);
  const auto type = base::json_field<std::string>(m, arch + ".rope.scaling.type", where, "none");
  if (type == "none") return nullptr;
  Json scaling = {{"rope_type", type}, {"factor", base::json_field<double>(m, arch + ".rope.scaling.factor", where)}};
  const std::string original = arch + ".rope.scaling.original_context_length";
  if (m.contains(original)) scaling["original_max_position_embeddings"] = m.at(original);
  return scaling;
}

}  // namespace

std::string gguf_name(const std::string& parameter) {
  if (parameter == "model.embed_tokens.weight") return "token_embd.weight";
  if (parameter == "model.norm.weight") return "output_norm.weight";
  if (parameter == "lm_head.weight") return "output.weight";
  constexpr std::string_view kRoot = "model.layers.";
  if (!parameter.starts_with(kRoot)) return {};
  const std::string rest = parameter.substr(kRoot.size());
  const std::size_t dot = rest.find('.'), last = rest.rfind('.');
  if (dot == std::string::npos || last <= dot) return {};
  const std::string module = rest.substr(dot + 1, last - dot - 1);
  for (const auto& [ours, theirs] : kLayer) {
    if (module == ours) return "blk." + rest.substr(0, dot) + "." + theirs + rest.substr(last);
  }
  return {};
}

void reorder_pairs(std::span<float> rows, std::int64_t heads, std::int64_t head_width, std::int64_t columns,
                   bool to_gguf) {
  const std::vector<float> before(rows.begin(), rows.end());
  const std::int64_t half = head_width / 2;
  for (std::int64_t h = 0; h < heads; ++h) {
    for (std::int64_t j = 0; j < half; ++j) {
      for (std::int64_t s = 0; s < 2; ++s) {
        const std::int64_t halves = h * head_width + s * half + j, pairs = h * head_width + 2 * j + s;
        const std::int64_t from = to_gguf ? halves : pairs, to = to_gguf ? pairs : halves;
        std::copy_n(before.begin() + from * columns, columns, rows.begin() + to * columns);
      }
    }
  }
}

Json config_from_gguf(const GgufFile& file) {
  const Json& m = file.metadata();
  const std::string where = file.path().string();
  const auto arch = base::json_field<std::string>(m, "general.architecture", where);
  if (arch != "llama" && arch != "qwen2" && arch != "qwen3") {
    throw Error(ErrorCode::unsupported, "general.architecture \"" + arch + "\" is not known", where,
                "known: llama, qwen2, qwen3");
  }
  const auto number = [&](const std::string& key) {
    return base::json_field<std::int64_t>(m, arch + "." + key, where);
  };
  const std::int64_t width = number("embedding_length"), heads = number("attention.head_count");
  Json json;
  json["model_type"] = arch;
  json["architectures"] = {arch == "llama"   ? "LlamaForCausalLM"
                           : arch == "qwen2" ? "Qwen2ForCausalLM"
                                             : "Qwen3ForCausalLM"};
  json["vocab_size"] = file.info("token_embd.weight").shape.front();
  json["hidden_size"] = width;
  json["num_hidden_layers"] = number("block_count");
  json["num_attention_heads"] = heads;
  json["num_key_value_heads"] = base::json_field<std::int64_t>(m, arch + ".attention.head_count_kv", where, heads);
  json["intermediate_size"] = number("feed_forward_length");
  json["max_position_embeddings"] = number("context_length");
  json["rms_norm_eps"] = base::json_field<double>(m, arch + ".attention.layer_norm_rms_epsilon", where);
  const auto theta = base::json_field<double>(m, arch + ".rope.freq_base", where, 10000.0);
  json["rope_theta"] = theta;
  json["hidden_act"] = "silu";
  json["tie_word_embeddings"] = !file.has("output.weight");
  if (arch == "llama") json["attention_bias"] = file.has("blk.0.attn_q.bias");
  if (heads < 1 || width < heads) throw Error(ErrorCode::bad_input, "has no heads or no width", where);
  const auto head_width = base::json_field<std::int64_t>(m, arch + ".attention.key_length", where, width / heads);
  if (head_width != width / heads || arch == "qwen3") json["head_dim"] = head_width;
  if (const Json scaling = scaling_from(file, arch, theta, head_width); !scaling.is_null())
    json["rope_scaling"] = scaling;
  for (const char* role : {"bos", "eos"}) {
    const std::string key = std::string("tokenizer.ggml.") + role + "_token_id";
    if (m.contains(key)) json[std::string(role) + "_token_id"] = m.at(key);
  }
  return json;
}

std::vector<std::pair<std::string, Json>> metadata_of(const ModelConfig& c, const std::string& name) {
  const std::string arch = model_type_name(c.type);
  std::vector<std::pair<std::string, Json>> m = {{"general.architecture", arch}, {"general.name", name}};
  const auto add = [&](const std::string& key, Json value) { m.emplace_back(arch + "." + key, std::move(value)); };
  add("context_length", c.positions);
  add("embedding_length", c.width);
  add("block_count", c.layers);
  add("feed_forward_length", c.inner);
  add("attention.head_count", c.heads);
  add("attention.head_count_kv", c.key_heads());
  add("attention.layer_norm_rms_epsilon", c.raw.value("rms_norm_eps", 1e-6));
  add("attention.key_length", c.head_width());
  add("attention.value_length", c.head_width());
  add("rope.dimension_count", c.head_width());
  add("rope.freq_base", c.rotary.theta);
  using Scaling = RotaryConfig::Scaling;
  if (c.rotary.scaling == Scaling::linear || c.rotary.scaling == Scaling::yarn) {
    add("rope.scaling.type", c.rotary.scaling == Scaling::linear ? "linear" : "yarn");
    add("rope.scaling.factor", c.rotary.factor);
    add("rope.scaling.original_context_length", c.rotary.original_positions);
  }
  return m;
}

}  // namespace ballast::lm
