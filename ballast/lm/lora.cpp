// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/lora.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"
#include "ballast/base/random.h"
#include "ballast/lm/arch/network.h"
#include "ballast/lm/checkpoint/safetensors.h"
#include "ballast/lm/gguf_model.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using engine::Parameter;
namespace fs = std::filesystem;

constexpr const char* kRoot = "base_model.model.";  // of PEFT's names
constexpr const char* kDown = ".lora_A.weight";
constexpr const char* kUp = ".lora_B.weight";

std::string module_of(const Parameter& p) {
  return p.name.substr(0, p.name.size() - std::string_view(".weight").size());
}

/// A weight that linear() multiplies with: not a table, not the vocabulary's.
bool is_linear(Network& network, const Parameter& p) {
  if (p.shape.size() != 2 || !p.name.ends_with(".weight") || &p == &network.vocabulary_table()) return false;
  for (const char* table : {"embed", "wte.weight", "wpe.weight", "shared.weight", "relative_attention_bias"}) {
    if (p.name.find(table) != std::string::npos) return false;
  }
  return p.name.find(".lora_") == std::string::npos;
}

bool is_target(const std::string& module, const std::vector<std::string>& targets, bool output) {
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& t) {
    if (t == "all-linear") return !output;  // PEFT leaves the head's last layer
    return module == t || module.ends_with("." + t);
  });
}

std::vector<std::string> usual_targets(ModelType type) {
  switch (type) {
    case ModelType::gpt2:
      return {"c_attn"};
    case ModelType::bert:
    case ModelType::roberta:
      return {"query", "value"};
    case ModelType::distilbert:
      return {"q_lin", "v_lin"};
    case ModelType::t5:
      return {"q", "v"};
    default:
      return {"q_proj", "v_proj"};
  }
}

bool stored_in_out(const Network& network) {
  return network.config().type == ModelType::gpt2;  // Conv1D
}

float scale_of(const LoraOptions& o) {
  const auto rank = static_cast<double>(o.rank);
  return static_cast<float>(o.alpha / (o.rank_stabilised ? std::sqrt(rank) : rank));
}

/// Corrections without values beside every target; the targets that had a module are counted off.
void attach(Network& network, const LoraOptions& o) {
  std::vector<Parameter*> linear;
  for (Parameter& p : network.parameters().all()) {
    p.frozen = true;
    if (is_linear(network, p) && is_target(module_of(p), o.targets, network.is_output(p.name))) linear.push_back(&p);
  }
  for (const std::string& t : o.targets) {
    if (std::any_of(linear.begin(), linear.end(),
                    [&](const Parameter* p) { return is_target(module_of(*p), {t}, network.is_output(p->name)); })) {
      continue;
    }
    throw Error(ErrorCode::usage, "no linear layer is called \"" + t + "\"", "--lora-targets",
                "expected the last part of a module's name, e.g. " + usual_targets(network.config().type).front());
  }
  for (Parameter* p : linear) {
    const std::int64_t in = stored_in_out(network) ? p->rows() : p->cols();
    const std::int64_t out = p->size / in;
    p->low_rank.down = &network.parameters().add(module_of(*p) + kDown, {o.rank, in}, true);
    p->low_rank.up = &network.parameters().add(module_of(*p) + kUp, {out, o.rank}, true);
    p->low_rank.scale = scale_of(o);
    p->low_rank.dropout = static_cast<float>(o.dropout);
  }
  network.parameters().allocate_values();
}

void refuse_other_kinds(const Json& json, const std::string& where) {
  if (base::json_field<std::string>(json, "peft_type", where) != "LORA") {
    throw Error(ErrorCode::unsupported, "peft_type is not LORA", where);
  }
  const auto refuse = [&](const char* key, bool bad) {
    if (bad) {
      throw Error(ErrorCode::unsupported,
                  std::string("field \"") + key + "\" is " + base::dump_json(json.at(key)).substr(0, 60), where,
                  "Ballast reads plain LORA");
    }
  };
  const auto given = [&](const char* key) { return json.contains(key) && !json.at(key).is_null(); };
  refuse("bias", given("bias") && json.at("bias") != "none");
  refuse("use_dora", given("use_dora") && json.at("use_dora") != false);
  for (const char* key :
       {"modules_to_save", "rank_pattern", "alpha_pattern", "layers_to_transform", "layer_replication"}) {
    refuse(key, given(key) && !json.at(key).empty());
  }
}

LoraOptions read_options(const fs::path& folder) {
  const fs::path file = folder / "adapter_config.json";
  const Json json = base::read_json(file);
  const std::string where = file.string();
  refuse_other_kinds(json, where);
  LoraOptions o;
  o.rank = base::json_field<std::int64_t>(json, "r", where);
  o.alpha = base::json_field<double>(json, "lora_alpha", where);
  o.dropout = base::json_field<double>(json, "lora_dropout", where, 0.0);
  o.rank_stabilised = base::json_field<bool>(json, "use_rslora", where, false);
  const Json targets = base::json_field<Json>(json, "target_modules", where);
  o.targets = targets.is_string() ? std::vector<std::string>{targets.get<std::string>()}
                                  : base::json_field<std::vector<std::string>>(json, "target_modules", where);
  if (o.rank < 1 || o.rank > 4096 || !(o.dropout >= 0 && o.dropout < 1) || !std::isfinite(o.alpha)) {
    throw Error(ErrorCode::bad_input, "r, lora_alpha or lora_dropout is out of range", where);
  }
  return o;
}

}  // namespace

void add_lora(Network& network, const LoraOptions& options, std::uint64_t seed) {
  LoraOptions o = options;
  if (o.rank < 1 || o.rank > 4096) throw Error(ErrorCode::usage, "is out of range", "--lora-rank", "expected 1 … 4096");
  if (!(o.dropout >= 0 && o.dropout < 1)) throw Error(ErrorCode::usage, "must lie in 0 … 1", "--lora-dropout");
  if (o.targets.empty()) o.targets = usual_targets(network.config().type);
  attach(network, o);
  for (Parameter& p : network.parameters().all()) {
    if (p.low_rank.down == nullptr) continue;
    Parameter& down = *p.low_rank.down;
    base::Random random(seed, base::hash64(down.name));
    const double bound = 1 / std::sqrt(static_cast<double>(down.cols()));  // kaiming_uniform_(a = √5)
    for (std::int64_t i = 0; i < down.size; ++i) {
      down.value[i] = static_cast<float>(bound * (2 * random.uniform() - 1));
    }
  }
}

void load_lora(Network& network, const fs::path& folder) {
  attach(network, read_options(folder));
  const SafetensorsFile file(folder / "adapter_model.safetensors");
  file.check_finite();
  std::set<std::string> used;
  for (Parameter& p : network.parameters().all()) {
    if (p.frozen) continue;
    const std::string name = kRoot + p.name;
    if (file.info(name).shape != p.shape) {
      throw Error(ErrorCode::bad_input,
                  "tensor \"" + name + "\" has shape " + file.info(name).shape_text() + ", the model needs [" +
                      std::to_string(p.shape[0]) + ", " + std::to_string(p.shape[1]) + "]",
                  file.path().string());
    }
    file.read_f32(name, {p.value, static_cast<std::size_t>(p.size)});
    used.insert(name);
  }
  for (const std::string& name : file.names()) {
    if (used.contains(name)) continue;
    throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" has no module in the model", file.path().string());
  }
}

void merge_lora(Network& network) {
  engine::ParameterStore& store = network.parameters();
  const bool in_out = stored_in_out(network);
  for (Parameter& p : store.all()) {
    const engine::LowRank a = p.low_rank;
    p.frozen = p.name == "final_logits_bias";  // the one constant of checkpoints
    if (a.down == nullptr) continue;
    store.own(p);
    const std::int64_t rank = a.down->rows(), in = a.down->cols(), out = a.up->rows();
    for (std::int64_t o = 0; o < out; ++o) {
      for (std::int64_t i = 0; i < in; ++i) {
        double sum = 0;
        for (std::int64_t r = 0; r < rank; ++r) {
          sum += static_cast<double>(a.up->value[o * rank + r]) * a.down->value[r * in + i];
        }
        float& weight = p.value[in_out ? i * out + o : o * in + i];
        weight = static_cast<float>(weight + a.scale * sum);
      }
    }
    p.low_rank = {};
    p.packed.reset();
  }
  store.drop_last([](const Parameter& p) { return p.name.ends_with(kDown) || p.name.ends_with(kUp); });
}

bool has_lora(const Network& network) {
  const auto& all = network.parameters().all();
  return std::any_of(all.begin(), all.end(), [](const Parameter& p) { return p.low_rank.down != nullptr; });
}

void write_lora(const fs::path& folder, const Network& network, const std::string& base_model) {
  std::vector<TensorToWrite> tensors;
  std::set<std::string> targets;
  engine::LowRank any;
  for (const Parameter& p : network.parameters().all()) {
    if (p.low_rank.down == nullptr) continue;
    any = p.low_rank;
    const std::string module = module_of(p);
    targets.insert(module.substr(module.rfind('.') + 1));
    for (const Parameter* one : {any.down, any.up}) {
      tensors.push_back(
          TensorToWrite::floats(kRoot + one->name, one->shape, {one->value, static_cast<std::size_t>(one->size)}));
    }
  }
  BALLAST_CHECK(any.down != nullptr, tensors.size());
  const ModelConfig& config = network.config();
  const std::int64_t rank = any.down->rows();
  Json json;
  json["base_model_name_or_path"] = base_model;
  json["bias"] = "none";
  json["fan_in_fan_out"] = stored_in_out(network);
  json["inference_mode"] = true;
  json["init_lora_weights"] = true;
  json["lora_alpha"] = static_cast<double>(any.scale) * static_cast<double>(rank);
  json["lora_dropout"] = any.dropout;
  json["modules_to_save"] = nullptr;
  json["peft_type"] = "LORA";
  json["r"] = rank;
  json["target_modules"] = targets;
  const bool language = config.head == HeadType::language_model;
  json["task_type"] = config.is_seq2seq()              ? Json("SEQ_2_SEQ_LM")
                      : language && config.is_causal() ? Json("CAUSAL_LM")
                                                       : Json(nullptr);
  json["use_dora"] = false;
  json["use_rslora"] = false;
  base::write_file_atomic(folder / "adapter_config.json", json.dump(2) + "\n");
  write_safetensors(folder / "adapter_model.safetensors", std::move(tensors));
}

bool is_lora_folder(const fs::path& folder) {
  return fs::exists(folder / "adapter_config.json") && !fs::exists(folder / "config.json");
}

fs::path lora_base(const fs::path& folder) {
  const fs::path file = folder / "adapter_config.json";
  const fs::path name = base::json_field<std::string>(base::read_json(file), "base_model_name_or_path", file.string());
  for (const fs::path& candidate : {folder / name, name}) {
    if (fs::exists(candidate / "config.json") || (is_gguf(candidate) && fs::exists(candidate))) return candidate;
  }
  throw Error(ErrorCode::not_found, "base_model_name_or_path \"" + name.string() + "\" is no model folder",
              file.string(), "looked beside the adapter and in the current folder");
}

}  // namespace ballast::lm
