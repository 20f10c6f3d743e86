// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/gguf_model.h"

#include <algorithm>
#include <set>

#include "ballast/base/error.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/convert/names.h"
#include "ballast/lm/convert/open_gguf.h"
#include "ballast/lm/lora.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

/// Fills a parameter from the file.
void take_gguf(engine::Parameter& p, const ModelConfig& config, const GgufFile& file) {
  const std::string name = gguf_name(p.name);
  const GgufTensor& info = file.info(name);
  if (info.shape != p.shape) {
    throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" has another shape than the metadata says",
                file.path().string());
  }
  const std::vector<float> values = file.read(name);
  std::copy(values.begin(), values.end(), p.value);
  if (const std::int64_t heads = gguf_reordered_heads(config, p.name); heads > 0) {
    reorder_pairs({p.value, values.size()}, heads, config.head_width(), p.size / (heads * config.head_width()), false);
  }
}

}  // namespace

std::int64_t gguf_reordered_heads(const ModelConfig& config, const std::string& parameter) {
  if (config.type != ModelType::llama) return 0;
  if (parameter.find("q_proj.") != std::string::npos) return config.heads;
  return parameter.find("k_proj.") != std::string::npos ? config.key_heads() : 0;
}

LoadedModel open_gguf(const GgufFile& file, const LoadOptions& options) {
  const std::string where = file.path().string();
  ModelConfig config = parse_config(config_from_gguf(file), where);
  if (options.head) {
    config.head = *options.head;
    if (config.head == HeadType::classification && !options.labels.empty()) config.labels = options.labels;
  }
  LoadedModel model;
  model.network = make_network(config);
  model.network->parameters().allocate_values();
  std::set<std::string> used = {"rope_freqs.weight"};
  for (engine::Parameter& p : model.network->parameters().all()) {
    const std::string name = gguf_name(p.name);
    if (name.empty() && options.head && model.network->belongs_to_head(p.name)) {
      model.network->initialize(p, options.seed);
      model.fresh.push_back(p.name);
      continue;
    }
    take_gguf(p, config, file);
    used.insert(name);
  }
  if (config.head != HeadType::language_model) used.insert("output.weight");
  for (const GgufTensor& t : file.tensors()) {
    if (used.contains(t.name)) continue;
    throw Error(ErrorCode::bad_input, "tensor \"" + t.name + "\" has no place in " + config.architecture(), where);
  }
  model.tokenizer = tokenizer_from_gguf(file);
  if (model.tokenizer && model.tokenizer->vocabulary_size() > config.vocabulary) {
    throw Error(ErrorCode::bad_input,
                "the tokenizer has " + std::to_string(model.tokenizer->vocabulary_size()) +
                    " tokens, the vocabulary table " + std::to_string(config.vocabulary),
                where);
  }
  return model;
}

bool is_gguf(const fs::path& model) {
  return model.extension() == ".gguf" && !fs::is_directory(model);
}

std::optional<text::Tokenizer> gguf_tokenizer(const fs::path& model) {
  return tokenizer_from_gguf(GgufFile(model));
}

ModelConfig open_config(const fs::path& model) {
  if (!is_gguf(model)) return read_config(model / "config.json");
  return parse_config(config_from_gguf(GgufFile(model)), model.string());
}

bool is_language_model(const fs::path& model) {
  if (is_lora_folder(model)) return is_language_model(lora_base(model));
  if (!is_gguf(model) && !fs::exists(model / "config.json")) return false;
  const ModelConfig config = open_config(model);
  return config.is_causal() && config.head == HeadType::language_model;
}

text::Tokenizer open_tokenizer(const fs::path& model) {
  if (is_lora_folder(model)) return open_tokenizer(lora_base(model));
  if (!is_gguf(model)) return text::Tokenizer::load(model);
  if (auto inside = gguf_tokenizer(model)) return *std::move(inside);
  throw Error(ErrorCode::unsupported, "the tokenizer inside the file is of a kind that is not known", model.string(),
              "known: gpt2 (byte-level), llama (SentencePiece)");
}

}  // namespace ballast::lm
