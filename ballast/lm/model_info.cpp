// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/model_info.h"

#include <algorithm>
#include <set>

#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/lm/load.h"
#include "ballast/lm/lora.h"

namespace ballast::lm {
namespace {

namespace fs = std::filesystem;

std::string trimmed_line(std::string s) {
  const auto outside = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\''; };
  while (!s.empty() && outside(s.back())) s.pop_back();
  s.erase(s.begin(), std::find_if_not(s.begin(), s.end(), outside));
  return s;
}

std::vector<ModelFile> list_files(const fs::path& folder) {
  std::vector<ModelFile> files;
  if (is_gguf(folder)) return {{folder.filename().string(), fs::file_size(folder), base::sha256_file(folder)}};
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files.push_back({entry.path().filename().string(), entry.file_size(), base::sha256_file(entry.path())});
  }
  std::sort(files.begin(), files.end(), [](const ModelFile& a, const ModelFile& b) { return a.name < b.name; });
  return files;
}

}  // namespace

std::string card_field(const std::string& card, const std::string& field) {
  std::size_t at = card.find('\n');
  if (at == std::string::npos || trimmed_line(card.substr(0, at)) != "---") return {};
  while (at != std::string::npos) {
    const std::size_t end = card.find('\n', at + 1);
    const std::string line = card.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    if (trimmed_line(line) == "---") return {};
    if (line.starts_with(field + ":")) return trimmed_line(line.substr(field.size() + 1));
    at = end;
  }
  return {};
}

ModelInfo model_info(const fs::path& folder) {
  const LoadedModel model = load_model(folder);
  const ModelConfig& config = model.network->config();
  ModelInfo info;
  info.architecture = config.architecture();
  info.model_type = config.raw.value("model_type", "");
  std::set<std::string> dtypes;
  if (is_gguf(folder)) {
    const GgufFile file(folder);
    for (const GgufTensor& t : file.tensors()) dtypes.insert(gguf_type_name(t.type));
  } else {
    for (const std::string& name : model.mapping->names()) dtypes.insert(dtype_name(model.mapping->info(name).dtype));
  }
  info.dtypes.assign(dtypes.begin(), dtypes.end());
  info.parameters = model.network->parameters().total_size();
  info.layers = config.layers;
  info.width = config.width;
  info.heads = config.heads;
  info.positions = config.positions;
  info.vocabulary = config.vocabulary;
  info.labels = config.labels;
  if (model.tokenizer) {
    info.tokenizer = model.tokenizer->kind();
    info.tokenizer_vocabulary = model.tokenizer->vocabulary_size();
  }
  info.ngram_branch = fs::exists(folder / "ngram.safetensors");
  info.classifier = fs::exists(folder / "classifier.json");
  info.card = fs::exists(folder / "README.md");
  if (info.card) {
    const std::string card = base::read_file(folder / "README.md");
    info.licence = card_field(card, "license");
    if (info.licence.empty()) info.licence = card_field(card, "licence");
  }
  info.files = list_files(folder);
  return info;
}

std::string model_identity(const fs::path& model) {
  std::string all;
  for (const ModelFile& f : list_files(model)) {
    if (f.name != "README.md") all += f.name + " " + f.sha256 + "\n";
  }
  if (is_lora_folder(model)) all += model_identity(lora_base(model));
  const fs::path name = fs::weakly_canonical(model);
  return name.filename().string() + "@" + base::sha256_hex(all).substr(0, 12);
}

}  // namespace ballast::lm
