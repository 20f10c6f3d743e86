// SPDX-License-Identifier: Apache-2.0
// `ballast model`: what a checkpoint is, and which one is in charge.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/json.h"
#include "ballast/lm/model_info.h"
#include "model_inventory.h"
#include "verb.h"

namespace ballast::apps {
namespace {

base::Json as_json_model(const lm::ModelInfo& m) {
  base::Json json = {{"architecture", m.architecture},
                     {"model_type", m.model_type},
                     {"parameters", m.parameters},
                     {"dtypes", m.dtypes},
                     {"layers", m.layers},
                     {"width", m.width},
                     {"heads", m.heads},
                     {"positions", m.positions},
                     {"vocabulary", m.vocabulary}};
  json["tokenizer"] = nullptr;
  if (!m.tokenizer.empty()) json["tokenizer"] = {{"kind", m.tokenizer}, {"vocabulary", m.tokenizer_vocabulary}};
  json["labels"] = m.labels;
  json["classifier"] = m.classifier;
  json["ngram_branch"] = m.ngram_branch;
  json["licence"] = m.licence.empty() ? base::Json() : base::Json(m.licence);
  json["card"] = m.card;
  json["files"] = base::Json::array();
  for (const lm::ModelFile& f : m.files)
    json["files"].push_back({{"name", f.name}, {"bytes", f.bytes}, {"sha256", f.sha256}});
  return json;
}

void print_model_info(const lm::ModelInfo& m) {
  fmt::print("architecture  {} ({} layers, width {}, {} heads)\n", m.architecture, m.layers, m.width, m.heads);
  fmt::print("parameters    {} ({})\n", m.parameters, fmt::join(m.dtypes, ", "));
  fmt::print("positions     {}\n", m.positions);
  fmt::print("vocabulary    {}\n", m.vocabulary);
  fmt::print("tokenizer     {}\n",
             m.tokenizer.empty() ? "none" : fmt::format("{}, {} tokens", m.tokenizer, m.tokenizer_vocabulary));
  if (!m.labels.empty()) fmt::print("labels        {}\n", fmt::join(m.labels, ", "));
  if (m.classifier) fmt::print("classifier    calibrated{}\n", m.ngram_branch ? ", with an n-gram branch" : "");
  fmt::print("licence       {}\n", m.licence.empty() ? "not said" : m.licence);
  fmt::print("card          {}\n", m.card ? "README.md" : "none");
  for (const lm::ModelFile& f : m.files) fmt::print("file          {}  {:>11}  {}\n", f.sha256, f.bytes, f.name);
}

}  // namespace

void add_model(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("model", "What a checkpoint is; which one is in charge");
  verb->require_subcommand(1);
  CLI::App* info = verb->add_subcommand("info", "Architecture, parameters, tokenizer, labels, licence, files");
  const auto folder = std::make_shared<std::string>();
  info->add_option("MODEL", *folder, "Model folder")->required();
  add_common(*info, common, "ballast model info gpt2 --json");
  info->callback([folder, &common] {
    const lm::ModelInfo m = lm::model_info(*folder);
    if (common.json) {
      fmt::print("{}\n", base::dump_json(as_json_model(m)));
    } else {
      print_model_info(m);
    }
  });
  add_model_list(*verb, common);
  add_model_register(*verb, common);
  add_model_promote(*verb, common);
  add_model_retire(*verb, common);
}

}  // namespace ballast::apps
