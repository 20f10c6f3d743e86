// SPDX-License-Identifier: Apache-2.0
// What a model folder holds, told from the files that training wrote.
#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/decide/log_window_decision.h"
#include "ballast/govern/inventory.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
namespace fs = std::filesystem;

/// The file that makes a folder a model of a kind; the first that is there decides.
struct Marker {
  const char *file, *kind;
};
constexpr Marker kMarkers[] = {{"credit.json", "credit"},           {"fraud.json", "fraud"},
                               {"customers.json", "customers"},     {"windows.json", "log_windows"},
                               {"operations.json", "log_sessions"}, {"tagger.json", "tagger"},
                               {"classifier.json", "text"},         {"config.json", "language"}};

const Marker* marker_of(const fs::path& folder) {
  for (const Marker& m : kMarkers) {
    if (fs::is_regular_file(folder / m.file)) return &m;
  }
  return nullptr;
}

/// A classifier that another program trained has no classifier.json; its architecture says what it is.
bool is_foreign_classifier(const fs::path& folder) {
  const Json config = base::read_json(folder / "config.json");
  if (!config.is_object() || !config.contains("architectures")) return false;
  return base::dump_json(config["architectures"]).find("SequenceClassification") != std::string::npos;
}

/// As lm::TextClassifier and lm::SpanTagger make their identity.
std::string hash_of_texts(const fs::path& folder, std::initializer_list<const char*> files) {
  std::string hashed;
  for (const char* name : files) {
    if (fs::exists(folder / name)) hashed += base::sha256_file(folder / name);
  }
  return base::sha256_hex(hashed).substr(0, 12);
}

std::string hash_of_model(const std::string& kind, const fs::path& folder, const char* marker) {
  if (kind == "text") {
    return hash_of_texts(
        folder, {"config.json", "model.safetensors", "classifier.json", "ngram.safetensors", "tokenizer.json"});
  }
  if (kind == "tagger") return hash_of_texts(folder, {"tagger.json", "tagger.safetensors"});
  if (kind == "credit" || kind == "fraud" || kind == "customers") return base::sha256_file(folder / marker);
  return decide::folder_hash(folder.string());
}

/// Numbers at any depth, their names joined with dots; lists are passed over.
void collect_figures(const Json& json, const std::string& prefix, std::map<std::string, double>& out) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_number()) out[prefix + key] = value.get<double>();
    if (value.is_object() && key != "labels" && key != "confusion") collect_figures(value, prefix + key + ".", out);
  }
}

std::map<std::string, double> figures_of(const Json& document) {
  std::map<std::string, double> out;
  if (!document.is_object()) return out;
  if (document.contains("champion") && document.contains("candidates")) {
    for (const Json& c : document["candidates"]) {
      if (c.is_object() && c.value("name", "") == document.value("champion", "")) collect_figures(c, "", out);
    }
  }
  if (document.contains("out_of_fold") && document["out_of_fold"].is_object()) {
    // One question needs no name before its figures.
    const Json& heads = document["out_of_fold"];
    collect_figures(heads.size() == 1 && heads.front().is_object() ? heads.front() : heads, "", out);
  }
  if (out.empty() && document.contains("last_loss") && document["last_loss"].is_number())
    out["last_loss"] = document["last_loss"].get<double>();
  return out;
}

std::string purpose_of(const std::string& kind, const Json& document, const fs::path& folder) {
  if (kind == "text" && fs::exists(folder / "classifier.json")) {
    std::string heads;
    for (const Json& h : base::read_json(folder / "classifier.json").value("heads", Json::array())) {
      heads += (heads.empty() ? "" : "+") + h.value("name", "");
    }
    return "text." + heads;
  }
  if (kind == "customers" && document.contains("training")) {
    return "customers." + document["training"].value("label", "");
  }
  return kind;
}

/// One file that is a whole model.
bool is_gguf(const fs::path& file) {
  return file.extension() == ".gguf" && fs::is_regular_file(file);
}

}  // namespace

bool is_model_folder(const fs::path& folder) {
  return is_gguf(folder) || marker_of(folder) != nullptr;
}

ModelFacts identify_model(const fs::path& given) {
  if (is_gguf(given)) {
    const fs::path file = fs::weakly_canonical(given);
    ModelFacts facts;
    facts.kind = facts.purpose = "language";
    facts.folder = file.string();
    facts.name = file.filename().string();
    facts.hash = base::sha256_file(file);
    facts.document = Json::object();
    return facts;
  }
  if (!fs::is_directory(given)) throw Error(ErrorCode::not_found, "there is no such model folder", given.string());
  const fs::path folder = fs::weakly_canonical(given);
  const Marker* marker = marker_of(folder);
  if (marker == nullptr) {
    throw Error(ErrorCode::unsupported, "holds no model that Ballast trains", given.string(),
                "a folder that `ballast train`, `credit train`, `operations train` or `customers train` wrote");
  }
  ModelFacts facts;
  facts.kind = marker->kind;
  if (facts.kind == "language" && is_foreign_classifier(folder)) facts.kind = "text";
  facts.folder = folder.string();
  facts.name = folder.filename().string();
  facts.hash = hash_of_model(facts.kind, folder, marker->file);
  const bool table = facts.kind == "credit" || facts.kind == "fraud" || facts.kind == "customers";
  const fs::path run = folder / (table ? marker->file : "training.json");
  facts.document = fs::exists(run) ? base::read_json(run) : Json::object();
  facts.figures = figures_of(facts.document);
  facts.purpose = purpose_of(facts.kind, facts.document, folder);
  return facts;
}

std::vector<ModelPart> parts_of(const fs::path& folder) {
  std::vector<ModelPart> parts;
  if (is_gguf(folder)) return {{folder.filename().string(), base::sha256_file(folder), fs::file_size(folder)}};
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    parts.push_back({fs::relative(entry.path(), folder).string(), base::sha256_file(entry.path()), entry.file_size()});
  }
  std::sort(parts.begin(), parts.end(), [](const ModelPart& a, const ModelPart& b) { return a.name < b.name; });
  return parts;
}

}  // namespace ballast::govern
