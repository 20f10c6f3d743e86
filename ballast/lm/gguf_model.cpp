// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/gguf_model.h"

#include <algorithm>
#include <future>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/quantised.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/convert/names.h"
#include "ballast/lm/convert/open_gguf.h"
#include "ballast/lm/lora.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

const GgufTensor& matching_tensor(const engine::Parameter& p, const GgufFile& file) {
  const std::string name = gguf_name(p.name);
  const GgufTensor& info = file.info(name);
  if (info.shape == p.shape) return info;
  throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" has another shape than the metadata says",
              file.path().string());
}

/// Takes a matrix in blocks as it is, where it is one. The table of words is read row by row, and is
/// a right side, too, where it is the head.
void keep_blocks(engine::Parameter& p, const ModelConfig& config, const std::shared_ptr<const GgufFile>& file) {
  const GgufTensor& info = matching_tensor(p, *file);
  const bool known = info.type == GgufType::q8_0 || info.type == GgufType::q4_0;
  if (!known || p.shape.size() != 2) return;
  const std::span<const std::byte> blocks = file->blocks(info.name);
  const bool words = info.name == "token_embd.weight";
  if (words) {
    p.read_row = [file, type = info.type, blocks, rows = p.rows()](std::int64_t row, float* out) {
      const std::size_t bytes = blocks.size() / static_cast<std::size_t>(rows),
                        values = bytes / gguf_block(type).bytes * static_cast<std::size_t>(gguf_block(type).values);
      gguf_decode(type, blocks.subspan(static_cast<std::size_t>(row) * bytes, bytes), {out, values});
    };
    if (!config.tied || config.head != HeadType::language_model) return;
  }
  const std::int64_t heads = gguf_reordered_heads(config, p.name);
  const engine::BlockSource source{blocks, file, file->path().string() + ": tensor \"" + info.name + "\"",
                                   heads > 0 ? p.rows() / heads : 0};
  p.packed = std::make_unique<engine::PackedMatrix>(engine::borrow_blocks(
      source, p.cols(), p.rows(), info.type == GgufType::q8_0 ? engine::Precision::q8 : engine::Precision::q4));
}

/// Fills a parameter from the file.
void take_gguf(engine::Parameter& p, const ModelConfig& config, const GgufFile& file) {
  const std::string& name = matching_tensor(p, file).name;
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

LoadedModel open_gguf(const std::shared_ptr<const GgufFile>& opened, const LoadOptions& options) {
  const GgufFile& file = *opened;
  const std::string where = file.path().string();
  ModelConfig config = parse_config(config_from_gguf(file), where);
  if (options.head) {
    config.head = *options.head;
    if (config.head == HeadType::classification && !options.labels.empty()) config.labels = options.labels;
  }
  // Blocks that are used where they lie: their pages come while the tokenizer is built, where there is a second thread.
  // Waits when it goes out of scope.
  std::future<void> pages;
  if (options.keep_blocks && base::threads() > 1)
    pages = std::async(std::launch::async, [opened] { opened->populate(); });
  LoadedModel model;
  model.network = make_network(config);
  std::set<std::string> used = {"rope_freqs.weight"};
  const auto fresh_here = [&](const engine::Parameter& p) {
    return gguf_name(p.name).empty() && options.head && model.network->belongs_to_head(p.name);
  };
  for (engine::Parameter& p : model.network->parameters().all()) {
    if (options.keep_blocks && !fresh_here(p)) keep_blocks(p, config, opened);
  }
  model.network->parameters().allocate_values();
  for (engine::Parameter& p : model.network->parameters().all()) {
    const std::string name = gguf_name(p.name);
    if (fresh_here(p)) {
      model.network->initialize(p, options.seed);
      model.fresh.push_back(p.name);
      continue;
    }
    if (p.value != nullptr) take_gguf(p, config, file);
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
