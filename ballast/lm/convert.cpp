// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/convert.h"

#include <algorithm>
#include <deque>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/convert/names.h"
#include "ballast/lm/load.h"
#include "ballast/lm/lora.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

/// Llama's rotated matrices, whose rows GGUF orders otherwise: their heads, or 0.
std::int64_t reordered_heads(const ModelConfig& config, const std::string& parameter) {
  if (config.type != ModelType::llama) return 0;
  if (parameter.find("q_proj.") != std::string::npos) return config.heads;
  return parameter.find("k_proj.") != std::string::npos ? config.key_heads() : 0;
}

DType dtype_of(const GgufFile& file) {
  std::set<GgufType> types;
  for (const GgufTensor& t : file.tensors()) {
    if (t.shape.size() > 1) types.insert(t.type);
  }
  if (types == std::set{GgufType::f16}) return DType::f16;
  return types == std::set{GgufType::bf16} ? DType::bf16 : DType::f32;
}

/// Fills a parameter; the vocabulary's rows may be fewer than a padded table's.
void take(engine::Parameter& p, const ModelConfig& config, const GgufFile& file) {
  const std::string name = gguf_name(p.name);
  const GgufTensor& info = file.info(name);
  if (info.shape != p.shape) {
    throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" has another shape than the metadata says",
                file.path().string());
  }
  const std::vector<float> values = file.read(name);
  std::copy(values.begin(), values.end(), p.value);
  if (const std::int64_t heads = reordered_heads(config, p.name); heads > 0) {
    reorder_pairs({p.value, values.size()}, heads, config.head_width(), p.size / (heads * config.head_width()), false);
  }
}

}  // namespace

ConvertReport gguf_to_folder(const fs::path& path, const fs::path& folder) {
  const GgufFile file(path);
  const base::Json json = config_from_gguf(file);
  const ModelConfig config = parse_config(json, path.string());
  const auto network = make_network(config);
  network->parameters().allocate_values();
  std::set<std::string> used = {"rope_freqs.weight"};
  for (engine::Parameter& p : network->parameters().all()) {
    take(p, config, file);
    used.insert(gguf_name(p.name));
  }
  for (const GgufTensor& t : file.tensors()) {
    if (used.contains(t.name)) continue;
    throw Error(ErrorCode::bad_input, "tensor \"" + t.name + "\" has no place in " + config.architecture(),
                path.string());
  }
  ConvertReport report{model_type_name(config.type), static_cast<std::int64_t>(file.tensors().size()), ""};
  const GgufTokenizer tokenizer = tokenizer_from_gguf(file);
  base::write_directory_atomic(folder, [&](const fs::path& fresh) {
    write_model_files(fresh, *network, nullptr, dtype_of(file));
    if (tokenizer.tokenizer.is_null()) {
      report.note = "the file's tokenizer is no byte-level BPE: put a tokenizer.json beside the model";
      return;
    }
    base::write_file_atomic(fresh / "tokenizer.json", tokenizer.tokenizer.dump(1));
    base::write_file_atomic(fresh / "tokenizer_config.json", tokenizer.config.dump(2) + "\n");
    text::Tokenizer::load(fresh);  // refuses what would not load later
  });
  return report;
}

ConvertReport folder_to_gguf(const fs::path& folder, const fs::path& path, const std::string& type_name) {
  const GgufType type = gguf_type_from_name(type_name);
  if (type == GgufType::q4_k || type == GgufType::q6_k) {
    throw Error(ErrorCode::unsupported, std::string("Ballast does not write ") + gguf_type_name(type), "--type",
                "known: F32, F16, BF16, Q8_0, Q4_0");
  }
  const LoadedModel model = load_model(folder);
  const ModelConfig& config = model.network->config();
  const bool known =
      config.type == ModelType::llama || config.type == ModelType::qwen2 || config.type == ModelType::qwen3;
  if (!known || config.head != HeadType::language_model || config.rotary.scaling == RotaryConfig::Scaling::llama3) {
    throw Error(ErrorCode::unsupported, config.architecture() + " is not written as GGUF", folder.string(),
                "known: Llama, Qwen2 and Qwen3 language models without Llama 3.1's scaling");
  }
  GgufToWrite out;
  out.metadata = metadata_of(config, folder.filename().string());
  for (auto& field : tokenizer_metadata(folder)) out.metadata.push_back(std::move(field));
  for (const engine::Parameter& p : model.network->parameters().all()) {
    std::vector<float> values(p.value, p.value + p.size);
    if (const std::int64_t heads = reordered_heads(config, p.name); heads > 0) {
      reorder_pairs(values, heads, config.head_width(), p.size / (heads * config.head_width()), true);
    }
    const bool blocks = p.shape.back() % gguf_block(type).values == 0;
    const GgufType as = p.shape.size() == 1 ? GgufType::f32 : blocks ? type : GgufType::f16;
    out.tensors.push_back({gguf_name(p.name), p.shape, as, gguf_encode(as, values)});
  }
  write_gguf(path, out);
  return {model_type_name(config.type), static_cast<std::int64_t>(out.tensors.size()), ""};
}

ConvertReport merge_adapter(const fs::path& adapter, const fs::path& folder) {
  LoadedModel model = load_model(adapter);
  if (!has_lora(*model.network)) throw Error(ErrorCode::bad_input, "holds no adapter", adapter.string());
  merge_lora(*model.network);
  base::write_directory_atomic(folder, [&](const fs::path& fresh) {
    write_model_files(fresh, *model.network, model.tokenizer ? &*model.tokenizer : nullptr);
  });
  return {model_type_name(model.network->config().type),
          static_cast<std::int64_t>(model.network->parameters().all().size()), ""};
}

}  // namespace ballast::lm
