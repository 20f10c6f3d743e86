// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/config.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;

/// A whole number: the JSON library would cut 2.5 down to 2.
std::int64_t integer(const Json& json, const std::string& key, const std::string& where) {
  const auto value = json_field<Json>(json, key, where);
  if (!value.is_number_integer()) {
    base::json_field_failed(key, where, "has the wrong type: " + base::dump_json(value).substr(0, 60));
  }
  return value.get<std::int64_t>();
}

bool given(const Json& json, const std::string& key) {
  return json.contains(key) && !json.at(key).is_null();
}

std::int64_t positive(const Json& json, const std::string& key, const std::string& where, std::int64_t limit) {
  const std::int64_t value = integer(json, key, where);
  if (value <= 0 || value > limit) {
    throw Error(ErrorCode::bad_input,
                "field \"" + key + "\" is " + std::to_string(value) + ", expected 1 … " + std::to_string(limit), where);
  }
  return value;
}

float probability(const Json& json, const std::string& key, const std::string& where, float otherwise) {
  const auto value = json_field<double>(json, key, where, otherwise);
  if (!(value >= 0 && value < 1)) {
    throw Error(ErrorCode::bad_input, "field \"" + key + "\" is " + std::to_string(value) + ", expected 0 ≤ p < 1",
                where);
  }
  return static_cast<float>(value);
}

double small(const Json& json, const std::string& key, const std::string& where, double otherwise, int limit) {
  const auto value = json_field<double>(json, key, where, otherwise);
  if (!(value > 0 && value <= limit)) {
    throw Error(ErrorCode::bad_input,
                "field \"" + key + "\" is " + std::to_string(value) + ", expected 0 < x ≤ " + std::to_string(limit),
                where);
  }
  return value;
}

/// A special token's id. Configurations made for a smaller vocabulary often keep the defaults of the public model,
/// which then name no token: as good as none.
std::int64_t token_id(const Json& json, const std::string& key, const std::string& where, std::int64_t vocabulary) {
  const std::int64_t id = given(json, key) ? integer(json, key, where) : -1;
  return id >= 0 && id < vocabulary ? id : -1;
}

void refuse_flag(const Json& json, const std::string& key, const std::string& where) {
  if (json_field<bool>(json, key, where, false)) {
    throw Error(ErrorCode::unsupported, "field \"" + key + "\" is true, which Ballast does not support", where);
  }
}

constexpr std::int64_t kMaxCount = std::int64_t{1} << 24;

void read_labels(const Json& json, const std::string& where, ModelConfig& c) {
  if (json.contains("id2label") && json.at("id2label").is_object()) {
    const Json& map = json.at("id2label");
    if (map.empty()) {
      throw Error(ErrorCode::bad_input, "field \"id2label\" must map 0 … n-1 to names, it is empty", where);
    }
    c.labels.assign(map.size(), "");
    for (const auto& [key, value] : map.items()) {
      std::size_t index = c.labels.size();
      if (!key.empty() && key.size() < 8 &&
          std::all_of(key.begin(), key.end(), [](char d) { return d >= '0' && d <= '9'; })) {
        index = std::stoul(key);
      }
      const bool taken = index < c.labels.size() && !c.labels[index].empty();
      if (index >= c.labels.size() || taken || !value.is_string()) {
        throw Error(ErrorCode::bad_input, "field \"id2label\" must map 0 … n-1 to names, found \"" + key + "\"", where);
      }
      c.labels[index] = value.get<std::string>();
    }
  } else {
    const std::int64_t count = given(json, "num_labels") ? positive(json, "num_labels", where, kMaxCount) : 2;
    for (std::int64_t i = 0; i < count; ++i) c.labels.push_back("LABEL_" + std::to_string(i));
  }
}

HeadType head_of(const Json& json, const std::string& where, const std::string& family) {
  const auto names = json_field<std::vector<std::string>>(json, "architectures", where, {});
  if (names.empty()) return HeadType::none;
  const std::string& name = names.front();
  if (name == family + "Model") return HeadType::none;
  if (name == family + "ForSequenceClassification") return HeadType::classification;
  const bool language_model =
      family == "GPT2" ? name == "GPT2LMHeadModel" : name == "BertForMaskedLM" || name == "BertForPreTraining";
  if (language_model) return HeadType::language_model;
  throw Error(ErrorCode::unsupported, "architecture \"" + name + "\" is not known", where,
              "known for " + family + ": " + family + "Model, " +
                  (family == "GPT2" ? "GPT2LMHeadModel" : "BertForMaskedLM, BertForPreTraining") + ", " + family +
                  "ForSequenceClassification");
}

void read_gpt2(const Json& json, const std::string& where, ModelConfig& c) {
  c.type = ModelType::gpt2;
  c.head = head_of(json, where, "GPT2");
  if (c.head == HeadType::none) c.head = HeadType::language_model;  // the head is tied: nothing is missing
  c.vocabulary = positive(json, "vocab_size", where, kMaxCount);
  c.width = positive(json, "n_embd", where, 1 << 16);
  c.layers = positive(json, "n_layer", where, 1024);
  c.heads = positive(json, "n_head", where, 1024);
  c.positions = positive(json, "n_positions", where, kMaxCount);
  c.inner = given(json, "n_inner") ? positive(json, "n_inner", where, 1 << 18) : 4 * c.width;
  c.norm_eps = static_cast<float>(small(json, "layer_norm_epsilon", where, 1e-5, 1));
  c.activation = json_field<std::string>(json, "activation_function", where, "gelu_new");
  c.embedding_dropout = probability(json, "embd_pdrop", where, 0.1f);
  c.attention_dropout = probability(json, "attn_pdrop", where, 0.1f);
  c.hidden_dropout = probability(json, "resid_pdrop", where, 0.1f);
  c.classifier_dropout = 0;
  refuse_flag(json, "scale_attn_by_inverse_layer_idx", where);
  refuse_flag(json, "add_cross_attention", where);
  if (!json_field<bool>(json, "scale_attn_weights", where, true)) {
    throw Error(ErrorCode::unsupported, "field \"scale_attn_weights\" is false, which Ballast does not support", where);
  }
}

void read_bert(const Json& json, const std::string& where, ModelConfig& c) {
  c.type = ModelType::bert;
  c.head = head_of(json, where, "Bert");
  c.vocabulary = positive(json, "vocab_size", where, kMaxCount);
  c.width = positive(json, "hidden_size", where, 1 << 16);
  c.layers = positive(json, "num_hidden_layers", where, 1024);
  c.heads = positive(json, "num_attention_heads", where, 1024);
  c.positions = positive(json, "max_position_embeddings", where, kMaxCount);
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
}

}  // namespace

std::string ModelConfig::architecture() const {
  const std::string family = type == ModelType::gpt2 ? "GPT2" : "Bert";
  if (head == HeadType::classification) return family + "ForSequenceClassification";
  if (head == HeadType::language_model) return type == ModelType::gpt2 ? "GPT2LMHeadModel" : "BertForMaskedLM";
  return family + "Model";
}

ModelConfig parse_config(const Json& json, const std::string& where) {
  ModelConfig c;
  const auto type = json_field<std::string>(json, "model_type", where);
  if (type == "gpt2") {
    read_gpt2(json, where, c);
  } else if (type == "bert") {
    read_bert(json, where, c);
  } else {
    throw Error(ErrorCode::unsupported, "model_type \"" + type + "\" is not known", where, "known: bert, gpt2");
  }
  if (c.width % c.heads != 0) {
    throw Error(ErrorCode::bad_input,
                "width " + std::to_string(c.width) + " is not a multiple of the " + std::to_string(c.heads) + " heads",
                where);
  }
  static const std::vector<std::string> kActivations = {"gelu",      "gelu_new", "gelu_pytorch_tanh",
                                                        "gelu_fast", "relu",     "tanh"};
  if (std::find(kActivations.begin(), kActivations.end(), c.activation) == kActivations.end()) {
    throw Error(ErrorCode::unsupported, "activation \"" + c.activation + "\" is not known", where,
                "known: gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, tanh");
  }
  if (json.contains("tie_word_embeddings") && !json_field<bool>(json, "tie_word_embeddings", where, true)) {
    throw Error(ErrorCode::unsupported, "untied word embeddings are not supported for " + type, where);
  }
  c.initializer_range = small(json, "initializer_range", where, 0.02, 100);
  if (c.head == HeadType::classification) read_labels(json, where, c);
  c.pad_token = token_id(json, "pad_token_id", where, c.vocabulary);
  c.bos_token = token_id(json, "bos_token_id", where, c.vocabulary);
  c.eos_token = token_id(json, "eos_token_id", where, c.vocabulary);
  c.raw = json;
  return c;
}

ModelConfig read_config(const std::filesystem::path& file) {
  return parse_config(base::read_json(file), file.string());
}

Json config_json(const ModelConfig& c) {
  Json j = c.raw.is_object() ? c.raw : Json::object();
  j["architectures"] = {c.architecture()};
  j["model_type"] = c.type == ModelType::gpt2 ? "gpt2" : "bert";
  j["vocab_size"] = c.vocabulary;
  j["initializer_range"] = c.initializer_range;
  if (c.type == ModelType::gpt2) {
    j["n_embd"] = c.width;
    j["n_layer"] = c.layers;
    j["n_head"] = c.heads;
    j["n_positions"] = c.positions;
    j["n_inner"] = c.inner;
    j["layer_norm_epsilon"] = c.raw.value("layer_norm_epsilon", 1e-5);
    j["activation_function"] = c.activation;
  } else {
    j["hidden_size"] = c.width;
    j["num_hidden_layers"] = c.layers;
    j["num_attention_heads"] = c.heads;
    j["max_position_embeddings"] = c.positions;
    j["intermediate_size"] = c.inner;
    j["type_vocab_size"] = c.types;
    j["layer_norm_eps"] = c.raw.value("layer_norm_eps", 1e-12);
    j["hidden_act"] = c.activation;
  }
  const auto token = [&](const char* key, std::int64_t id) {
    if (id >= 0) j[key] = id;
  };
  token("pad_token_id", c.pad_token);
  token("bos_token_id", c.bos_token);
  token("eos_token_id", c.eos_token);
  j.erase("id2label");
  j.erase("label2id");
  j.erase("num_labels");
  if (c.head == HeadType::classification) {
    Json to = Json::object(), from = Json::object();
    for (std::size_t i = 0; i < c.labels.size(); ++i) {
      to[std::to_string(i)] = c.labels[i];
      from[c.labels[i]] = i;
    }
    j["id2label"] = to;
    j["label2id"] = from;
  } else {
    j.erase("problem_type");
  }
  j["torch_dtype"] = j.value("torch_dtype", "float32");
  return j;
}

}  // namespace ballast::lm
