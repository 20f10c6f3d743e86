// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/load.h"

#include <algorithm>
#include <deque>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/checkpoint/int8.h"
#include "ballast/lm/convert/open_gguf.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/lm/lora.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

/// `other_labels`: the head was trained for other labels, so its last layer is not taken.
std::optional<std::string> stored_name(const Network& network, const CheckpointTensors& tensors,
                                       const std::string& parameter, bool other_labels) {
  if (other_labels && network.is_output(parameter)) return std::nullopt;
  for (const std::string& alias : network.aliases(parameter)) {
    if (tensors.has(alias)) return alias;
  }
  return std::nullopt;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string s = "[";
  for (const std::int64_t n : shape) s += (s.size() > 1 ? ", " : "") + std::to_string(n);
  return s + "]";
}

/// Points a parameter at the file (f32) or fills it with widened values.
void take_value(engine::Parameter& p, const CheckpointTensors& tensors, const std::string& name) {
  const TensorInfo& info = tensors.info(name);
  if (info.shape != p.shape) {
    throw Error(
        ErrorCode::bad_input,
        "tensor \"" + name + "\" has shape " + info.shape_text() + ", config.json asks for " + shape_text(p.shape),
        tensors.path().string());
  }
  const std::span<const std::byte> raw = tensors.raw(name);
  const bool aligned = reinterpret_cast<std::uintptr_t>(raw.data()) % alignof(float) == 0;
  if (info.dtype == DType::f32 && aligned) {
    p.value = const_cast<float*>(reinterpret_cast<const float*>(raw.data()));  // never written: training copies first
  }
}

void check_all_used(const Network& network, const CheckpointTensors& tensors, const std::set<std::string>& used) {
  for (const std::string& name : tensors.names()) {
    if (used.contains(name) || network.ignorable(name) || network.is_output(name)) continue;
    throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" has no place in the model that config.json describes",
                tensors.path().string());
  }
}

void fill(Network& network, LoadedModel& model, const LoadOptions& options, bool other_labels) {
  const CheckpointTensors& tensors = *model.mapping;
  std::set<std::string> used;
  for (engine::Parameter& p : network.parameters().all()) {
    const auto name = stored_name(network, tensors, p.name, other_labels);
    if (name) {
      take_value(p, tensors, *name);
      used.insert(*name);
      if (tensors.info(*name).dtype == DType::i8) used.insert(int8_scale_name(*name));
    } else if (network.belongs_to_head(p.name) && options.head) {
      model.fresh.push_back(p.name);
    } else {
      throw Error(ErrorCode::bad_input, "tensor \"" + p.name + "\" " + shape_text(p.shape) + " is missing",
                  tensors.path().string());
    }
  }
  check_all_used(network, tensors, used);
  network.parameters().allocate_values();
  for (engine::Parameter& p : network.parameters().all()) {
    const auto name = stored_name(network, tensors, p.name, other_labels);
    if (!name) {
      network.initialize(p, options.seed);
      continue;
    }
    const bool borrowed = static_cast<const void*>(p.value) == static_cast<const void*>(tensors.raw(*name).data());
    if (!borrowed) read_weight(tensors, *name, {p.value, static_cast<std::size_t>(p.size)});
  }
}

bool has_tokenizer(const fs::path& folder) {
  for (const char* name : {"tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model"}) {
    if (fs::exists(folder / name)) return true;
  }
  return false;
}

}  // namespace

LoadedModel load_model(const fs::path& folder, const LoadOptions& options) {
  if (is_lora_folder(folder)) {
    LoadedModel model = load_model(lora_base(folder), options);
    load_lora(*model.network, folder);
    return model;
  }
  if (is_gguf(folder)) return open_gguf(std::make_shared<const GgufFile>(folder), options);
  if (!fs::is_directory(folder)) {
    throw Error(ErrorCode::not_found, "is not a model folder", folder.string(),
                "expected config.json and model.safetensors, or a .gguf file");
  }
  LoadedModel model;
  ModelConfig config = read_config(folder / "config.json");
  bool other_labels = false;
  if (options.head) {
    other_labels = config.head == HeadType::classification && *options.head == HeadType::classification &&
                   !options.labels.empty() && config.labels != options.labels;
    config.head = *options.head;
    if (config.is_seq2seq() && config.head != HeadType::language_model) {
      throw Error(ErrorCode::unsupported, "encoder-decoders have no classification head", folder.string(),
                  "train them with --task seq2seq");
    }
    if (config.head == HeadType::classification && !options.labels.empty()) config.labels = options.labels;
  }
  model.mapping = std::make_shared<CheckpointTensors>(CheckpointTensors::open(folder));
  model.mapping->check_finite();
  model.network = make_network(config);
  fill(*model.network, model, options, other_labels);
  if (has_tokenizer(folder)) {
    model.tokenizer = text::Tokenizer::load(folder);
    if (model.tokenizer->vocabulary_size() > config.vocabulary) {
      throw Error(ErrorCode::bad_input,
                  "the tokenizer has " + std::to_string(model.tokenizer->vocabulary_size()) +
                      " tokens, config.json says " + std::to_string(config.vocabulary),
                  folder.string());
    }
  }
  return model;
}

LoadedModel create_model(const ModelConfig& config, std::uint64_t seed) {
  LoadedModel model;
  model.network = make_network(config);
  model.network->initialize(seed);
  return model;
}

void write_model_files(const fs::path& folder, const Network& network, const text::Tokenizer* tokenizer,
                       DType store_as) {
  const bool int8 = store_as == DType::i8;
  if (int8 && network.config().type != ModelType::bert) {
    throw Error(ErrorCode::unsupported, "int8 storage is for BERT encoders", folder.string(), "store it as bf16");
  }
  const DType floating = int8 ? DType::bf16 : store_as;
  base::Json config = config_json(network.config());
  config.erase("quantization_config");
  config["torch_dtype"] = floating == DType::bf16 ? "bfloat16" : floating == DType::f16 ? "float16" : "float32";
  if (int8) config["quantization_config"] = {{"quant_method", "bitsandbytes"}, {"load_in_8bit", true}};
  base::write_file_atomic(folder / "config.json", config.dump(2) + "\n");
  std::vector<TensorToWrite> tensors;
  std::deque<Int8Rows> narrow;                                           // alive until the file is written
  BALLAST_CHECK(!has_lora(network), network.parameters().total_size());  // merged, or written as an adapter
  for (const engine::Parameter& p : network.parameters().all()) {
    const std::span<const float> values(p.value, static_cast<std::size_t>(p.size));
    if (!int8 || p.shape.size() != 2 || p.name.find("encoder.layer.") == std::string::npos) {
      tensors.push_back(TensorToWrite::floats(p.name, p.shape, values, floating));
      continue;
    }
    const Int8Rows& rows = narrow.emplace_back(quantise_rows(values, p.rows()));
    tensors.push_back(TensorToWrite::bytes(p.name, p.shape, DType::i8, std::as_bytes(std::span(rows.q))));
    tensors.push_back(TensorToWrite::floats(int8_scale_name(p.name), {p.rows()}, rows.scale));
  }
  write_safetensors(folder / "model.safetensors", std::move(tensors));
  if (tokenizer != nullptr) tokenizer->save(folder);
}

}  // namespace ballast::lm
