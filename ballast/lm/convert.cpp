// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/convert.h"

#include <algorithm>
#include <deque>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/classifier_spec.h"
#include "ballast/lm/convert/names.h"
#include "ballast/lm/convert/open_gguf.h"
#include "ballast/lm/load.h"
#include "ballast/lm/lora.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

DType dtype_of(const GgufFile& file) {
  std::set<GgufType> types;
  for (const GgufTensor& t : file.tensors()) {
    if (t.shape.size() > 1) types.insert(t.type);
  }
  if (types == std::set{GgufType::f16}) return DType::f16;
  return types == std::set{GgufType::bf16} ? DType::bf16 : DType::f32;
}

}  // namespace

ConvertReport gguf_to_folder(const fs::path& path, const fs::path& folder) {
  const auto opened = std::make_shared<const GgufFile>(path);
  const GgufFile& file = *opened;
  const LoadedModel model = open_gguf(opened);
  ConvertReport report{model_type_name(model.network->config().type), static_cast<std::int64_t>(file.tensors().size()),
                       ""};
  if (!model.tokenizer) {
    report.note = "the file's tokenizer is of a kind that is not known: put a tokenizer.json beside the model";
  }
  base::write_directory_atomic(folder, [&](const fs::path& fresh) {
    write_model_files(fresh, *model.network, model.tokenizer ? &*model.tokenizer : nullptr, dtype_of(file));
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
    if (const std::int64_t heads = gguf_reordered_heads(config, p.name); heads > 0) {
      reorder_pairs(values, heads, config.head_width(), p.size / (heads * config.head_width()), true);
    }
    const bool blocks = p.shape.back() % gguf_block(type).values == 0;
    const GgufType as = p.shape.size() == 1 ? GgufType::f32 : blocks ? type : GgufType::f16;
    out.tensors.push_back({gguf_name(p.name), p.shape, as, gguf_encode(as, values)});
  }
  write_gguf(path, out);
  return {model_type_name(config.type), static_cast<std::int64_t>(out.tensors.size()), ""};
}

ConvertReport with_precision(const fs::path& folder, const fs::path& to, const std::string& precision) {
  const engine::Precision products = classifier_precision(precision, ErrorCode::usage, "--precision");
  const fs::path questions = folder / "classifier.json";
  if (!fs::exists(questions)) {
    throw Error(ErrorCode::unsupported, "has no classifier.json: only classifiers keep a precision", folder.string(),
                "`ballast generate` takes --precision itself");
  }
  ClassifierSpec spec = read_spec(questions);
  spec.precision = products;
  const ModelConfig config = read_config(folder / "config.json");
  base::write_directory_atomic(to, [&](const fs::path& fresh) {
    for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
      if (file.is_regular_file()) fs::copy_file(file.path(), fresh / file.path().filename());
    }
    base::write_file_atomic(fresh / "classifier.json", base::dump_json(spec_json(spec)) + "\n");
  });
  return {model_type_name(config.type), 0, ""};
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
