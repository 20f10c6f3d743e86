// SPDX-License-Identifier: Apache-2.0
// Sections of a card that only models of texts have: read from training.json, classifier.json and config.json.
#include <fmt/format.h>

#include <filesystem>

#include "ballast/base/json.h"
#include "ballast/govern/card/parts.h"

namespace ballast::govern {
namespace {

using base::Json;
namespace fs = std::filesystem;

Json beside(const CardInputs& in, const char* file) {
  const fs::path path = fs::path(in.model.folder) / file;
  return fs::is_regular_file(path) ? base::read_json(path) : Json::object();
}

std::string plain(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return "-";
  if (json.at(key).is_number_float()) return fmt::format("{:.4g}", json.at(key).get<double>());
  return json.at(key).is_string() ? json.at(key).get<std::string>() : json.at(key).dump();
}

std::string labels_text(const Json& head) {
  std::string out;
  for (const Json& l : head.value("labels", Json::array())) out += (out.empty() ? "" : ", ") + l.get<std::string>();
  return out;
}

void purpose_of_texts(const CardInputs& in, const Json& spec, KindSections& out) {
  if (in.model.kind == "language") {
    out.purpose.push_back(
        card_text("A language model: it continues or fills in text. It gives no verdict of its own."));
    return;
  }
  out.purpose.push_back(card_text(
      "It reads one text and answers the questions below with calibrated probabilities; tokens that speak for an answer"
      " are shown with it. It is a reading aid: what is done about a text is decided outside the model."));
  std::vector<std::vector<std::string>> rows;
  for (const Json& h : spec.value("heads", Json::array())) {
    rows.push_back({plain(h, "name"), plain(h, "kind") == "multilabel" ? "any number" : "exactly one", labels_text(h)});
  }
  out.purpose.push_back(card_table({"question", "answers that apply", "answers"}, rows));
}

void data_of_texts(const CardInputs& in, KindSections& out) {
  const Json data = in.model.document.value("data", Json::object());
  std::vector<std::vector<std::string>> rows;
  for (const Json& s : data.value("sources", Json::array()))
    rows.push_back({plain(s, "file"), plain(s, "rows"), plain(s, "sha256")});
  out.data.push_back(card_table({"file", "rows", "SHA-256"}, rows));
  out.data.push_back(card_text(fmt::format(
      "{} rows were read, {} set aside as unusable, {} dropped because an evaluation file holds the same text; {} texts"
      " were longer than the model reads and were cut in training (in use they are read in windows).",
      plain(data, "rows"), plain(data, "quarantined"), plain(data, "excluded"),
      plain(in.model.document, "truncated_texts"))));
  const Json before = beside(in, "pretraining.json");
  if (!before.empty()) {
    out.data.push_back(card_text(
        fmt::format("The transformer was pre-trained before; its data and their hashes are in pretraining.json ({}"
                    " steps).",
                    plain(before, "steps"))));
  }
}

void soundness_of_texts(const CardInputs& in, const Json& spec, KindSections& out) {
  const Json config = beside(in, "config.json");
  if (!config.empty()) {
    out.soundness.push_back(
        card_text(fmt::format("{}: {} layers, width {}, {} positions, vocabulary {}.",
                              config.contains("architectures") && !config["architectures"].empty()
                                  ? config["architectures"][0].get<std::string>()
                                  : plain(config, "model_type"),
                              plain(config, "num_hidden_layers"), plain(config, "hidden_size"),
                              plain(config, "max_position_embeddings"), plain(config, "vocab_size"))));
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& h : spec.value("heads", Json::array())) {
    rows.push_back({plain(h, "name"), card_figure(h, "transformer_weight"), card_figure(h, "ngram_weight"),
                    h.contains("temperature") ? "temperature " + card_figure(h, "temperature") : "Platt, one a label"});
  }
  if (rows.empty()) return;
  out.soundness.push_back(card_text(
      "Two branches are added: a transformer, and the traditional method, a linear model over n-grams of words and"
      " characters. How much each counts was fitted on out-of-fold logits: a branch that brings nothing gets no"
      " weight."));
  out.soundness.push_back(
      card_table({"question", "weight of the transformer", "weight of the n-grams", "calibration"}, rows));
}

void development_of_texts(const CardInputs& in, KindSections& out) {
  const Json& d = in.model.document;
  std::vector<std::vector<std::string>> recipe;
  for (const char* key : {"task", "fine_tuned_from", "fine_tuned_from_sha256", "steps_done", "batch_tokens", "lr",
                          "schedule", "weight_decay", "seed", "dtype", "isa", "build", "first_loss", "last_loss"}) {
    if (d.contains(key)) recipe.push_back({key, plain(d, key)});
  }
  out.development.push_back(card_table({"training", ""}, recipe));
  const Json heads = d.value("out_of_fold", Json::object());
  if (heads.empty()) return;
  out.development.push_back(
      card_text(fmt::format("Each row judged by models that did not see it ({} folds); 95 % bootstrap intervals in "
                            "brackets. ECE is fine up to"
                            " what chance alone would give.",
                            plain(d, "folds"))));
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, s] : heads.items()) {
    const Json intervals = s.value("intervals_95", Json::object()),
               calibration = s.value("calibration", Json::object());
    const char* exact = s.contains("accuracy") ? "accuracy" : "subset_accuracy";
    rows.push_back({name, plain(s, "rows"), card_interval(s, "macro_f1", intervals.value("macro_f1", Json())),
                    card_interval(s, exact, intervals.value(exact, Json())), card_figure(s, "brier", 4),
                    card_figure(calibration, "ece") + " (" + card_figure(calibration, "ece_chance_95") + ")"});
  }
  out.development.push_back(
      card_table({"question", "rows", "macro-F1", "all right", "Brier", "ECE (by chance)"}, rows));
  for (const auto& [name, s] : heads.items()) {
    std::vector<std::vector<std::string>> labels;
    const Json figures = s.value("labels", Json::object());
    for (const auto& [label, l] : figures.items()) {
      labels.push_back({label, plain(l, "support"), card_figure(l, "precision"), card_figure(l, "recall"),
                        card_interval(l, "f1", l.value("f1_interval_95", Json()))});
    }
    if (labels.size() > 40) labels.resize(40);
    out.development.push_back(card_table({name, "rows", "precision", "recall", "F1"}, labels));
  }
}

}  // namespace

KindSections text_sections(const CardInputs& in) {
  KindSections out;
  const Json spec = beside(in, "classifier.json");
  purpose_of_texts(in, spec, out);
  data_of_texts(in, out);
  soundness_of_texts(in, spec, out);
  development_of_texts(in, out);
  out.limitations.push_back(card_list(
      {"Out-of-fold figures come from texts of the same sources and labellers as the training rows: texts of another"
       " source are harder, and only a held-out set of that source says by how much.",
       "Irony, tables and texts of other languages than the training rows' were not measured.",
       "A text that names a person is read like any other: mask personal data first (`ballast mask`)."}));
  return out;
}

}  // namespace ballast::govern
