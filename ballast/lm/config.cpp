// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/config.h"

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/lm/config/fields.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;
using namespace config;  // NOLINT(google-build-using-namespace): its own helpers

/// A special token's id. Configurations made for a smaller vocabulary often keep the defaults of the public model,
/// which then name no token: as good as none.
std::int64_t token_id(const Json& json, const std::string& key, const std::string& where, std::int64_t vocabulary) {
  const std::int64_t id = given(json, key) ? integer(json, key, where) : -1;
  return id >= 0 && id < vocabulary ? id : -1;
}

void read_config_labels(const Json& json, const std::string& where, ModelConfig& c) {
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

/// How the deviation of fresh weights is called and what it is where the file does not say.
const char* range_field(ModelType type) {
  if (type == ModelType::t5) return "initializer_factor";
  const bool bart = type == ModelType::bart || type == ModelType::marian || type == ModelType::transformer;
  return bart ? "init_std" : "initializer_range";
}
double default_range(ModelType type) {
  return type == ModelType::t5 || type == ModelType::transformer ? 1 : 0.02;
}

void read_gpt2(const Json& json, const std::string& where, ModelConfig& c) {
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

void write_gpt2(const ModelConfig& c, Json& j) {
  j["n_embd"] = c.width;
  j["n_layer"] = c.layers;
  j["n_head"] = c.heads;
  j["n_positions"] = c.positions;
  j["n_inner"] = c.inner;
  j["layer_norm_epsilon"] = c.raw.value("layer_norm_epsilon", 1e-5);
  j["activation_function"] = c.activation;
}

/// A family: how it is called in class names, its class with a language-model head, and its fields of config.json.
struct Family {
  ModelType type;
  const char *name, *classes;
  std::vector<std::string> language_models;  // the first is what Ballast writes
  void (*read)(const Json&, const std::string&, ModelConfig&);
  void (*write)(const ModelConfig&, Json&);
  bool may_untie = false;
};
const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies = {
      {ModelType::bert, "bert", "Bert", {"BertForMaskedLM", "BertForPreTraining"}, read_bert, write_bert},
      {ModelType::roberta, "roberta", "Roberta", {"RobertaForMaskedLM"}, read_bert, write_bert},
      {ModelType::distilbert, "distilbert", "DistilBert", {"DistilBertForMaskedLM"}, read_bert, write_bert},
      {ModelType::gpt2, "gpt2", "GPT2", {"GPT2LMHeadModel"}, read_gpt2, write_gpt2},
      {ModelType::llama, "llama", "Llama", {"LlamaForCausalLM"}, read_llama, write_llama, true},
      {ModelType::qwen2, "qwen2", "Qwen2", {"Qwen2ForCausalLM"}, read_llama, write_llama, true},
      {ModelType::qwen3, "qwen3", "Qwen3", {"Qwen3ForCausalLM"}, read_llama, write_llama, true},
      {ModelType::t5, "t5", "T5", {"T5ForConditionalGeneration"}, read_t5, write_t5, true},
      {ModelType::bart, "bart", "Bart", {"BartForConditionalGeneration"}, read_bart, write_bart},
      {ModelType::marian, "marian", "Marian", {"MarianMTModel"}, read_bart, write_bart},
      {ModelType::transformer,
       "transformer",
       "Transformer",
       {"TransformerForConditionalGeneration"},
       read_bart,
       write_bart}};
  return kFamilies;
}

const Family& family_of(ModelType type) {
  return *std::find_if(families().begin(), families().end(), [&](const Family& f) { return f.type == type; });
}

std::string known_families() {
  std::string names;
  for (const Family& f : families()) names += (names.empty() ? "" : ", ") + std::string(f.name);
  return names;
}

}  // namespace

const char* model_type_name(ModelType type) {
  return family_of(type).name;
}

bool ModelConfig::is_causal() const {
  return type == ModelType::gpt2 || type == ModelType::llama || type == ModelType::qwen2 || type == ModelType::qwen3;
}

bool ModelConfig::is_seq2seq() const {
  return type == ModelType::t5 || type == ModelType::bart || type == ModelType::marian ||
         type == ModelType::transformer;
}

std::string ModelConfig::architecture() const {
  const Family& family = family_of(type);
  if (head == HeadType::classification) return std::string(family.classes) + "ForSequenceClassification";
  if (head == HeadType::language_model) return family.language_models.front();
  return std::string(family.classes) + "Model";
}

ModelConfig parse_config(const Json& json, const std::string& where) {
  ModelConfig c;
  const auto type = json_field<std::string>(json, "model_type", where);
  const auto family =
      std::find_if(families().begin(), families().end(), [&](const Family& f) { return type == f.name; });
  if (family == families().end()) {
    throw Error(ErrorCode::unsupported, "model_type \"" + type + "\" is not known", where,
                "known: " + known_families());
  }
  c.type = family->type;
  c.head = head_of(json, where, family->classes, family->language_models);
  // Their head is tied: nothing is missing.
  if (c.head == HeadType::none && (c.type == ModelType::gpt2 || c.is_seq2seq())) c.head = HeadType::language_model;
  if (c.head == HeadType::classification && c.is_seq2seq()) {
    throw Error(ErrorCode::unsupported, "encoder-decoders have no classification head", where,
                std::string("expected ") + family->language_models.front());
  }
  family->read(json, where, c);
  if (c.head_size == 0 && c.width % c.heads != 0) {
    throw Error(ErrorCode::bad_input,
                "width " + std::to_string(c.width) + " is not a multiple of the " + std::to_string(c.heads) + " heads",
                where);
  }
  static const std::vector<std::string> kActivations = {
      "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "relu", "tanh", "silu", "swish"};
  if (std::find(kActivations.begin(), kActivations.end(), c.activation) == kActivations.end()) {
    throw Error(ErrorCode::unsupported, "activation \"" + c.activation + "\" is not known", where,
                "known: gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, silu, swish, tanh");
  }
  if (!family->may_untie && json.contains("tie_word_embeddings") &&
      !json_field<bool>(json, "tie_word_embeddings", where, true)) {
    throw Error(ErrorCode::unsupported, "untied word embeddings are not supported for " + type, where);
  }
  c.initializer_range = small(json, range_field(c.type), where, default_range(c.type), 100);
  if (c.head == HeadType::classification) read_config_labels(json, where, c);
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
  j["model_type"] = model_type_name(c.type);
  j["vocab_size"] = c.vocabulary;
  j[range_field(c.type)] = c.initializer_range;
  family_of(c.type).write(c, j);
  const auto token = [&](const char* key, std::int64_t id) {
    if (id >= 0) j[key] = id;
  };
  token("pad_token_id", c.pad_token);
  token("bos_token_id", c.bos_token);
  token("eos_token_id", c.eos_token);
  if (!c.is_seq2seq()) {
    for (const char* key : {"id2label", "label2id", "num_labels"}) j.erase(key);
  }
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
