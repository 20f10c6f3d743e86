// SPDX-License-Identifier: Apache-2.0
#include "customers_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "default_model.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

std::string column_name(const std::string& column, const lm::Head& head, std::size_t label) {
  return fmt::format("{}: {} {}", column, head.name, head.labels[label]);
}

bool any_has(const std::vector<ingest::Record>& rows, const std::string& column) {
  return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(column); });
}

[[noreturn]] void absent(const std::string& column, const ingest::Record& row) {
  throw Error(ErrorCode::bad_input, "there is no column \"" + column + "\"", row.source,
              "the nearest is \"" + ingest::nearest_name(column, row.columns()) + "\"");
}

}  // namespace

std::vector<ingest::Record> unique_rows(std::vector<ingest::Record> rows, const std::string& key,
                                        const ingest::QuarantineSink& sink) {
  if (key.empty()) return rows;
  if (!any_has(rows, key)) absent(key, rows.front());
  std::map<std::string, std::int64_t> first;
  std::vector<ingest::Record> kept;
  for (ingest::Record& row : rows) {
    const std::string value = row.text(key).value_or("");
    const auto known = first.find(value);
    if (tabular::is_missing_text(value) || known != first.end()) {
      const std::string why =
          known == first.end() ? "is missing" : fmt::format("\"{}\" stands in row {} already", value, known->second);
      if (sink) sink({row.source, row.line, key, why, ""});
      continue;
    }
    first[value] = row.line;
    kept.push_back(std::move(row));
  }
  if (kept.empty()) throw Error(ErrorCode::bad_input, "no row has a key", "column \"" + key + "\"");
  return kept;
}

TextColumns::TextColumns(const std::string& folder, std::vector<std::string> columns)
    : folder_(folder), columns_(std::move(columns)) {
  const auto path = folder.empty() ? default_model() : std::filesystem::path(folder);
  model_ = std::make_shared<const lm::TextClassifier>(lm::TextClassifier::load(path));
}

TextColumns::TextColumns(const Json& note, const std::string& where)
    : TextColumns(base::json_field<std::string>(note, "folder", where),
                  base::json_field<std::vector<std::string>>(note, "columns", where)) {
  const auto was = base::json_field<std::string>(note, "identity", where);
  if (model_->identity() == was) return;
  throw Error(ErrorCode::bad_input, "the language model is not the one of the training: " + model_->identity(),
              folder_.empty() ? "the embedded model" : folder_, "needs " + was);
}

Json TextColumns::note() const {
  return {{"folder", folder_}, {"identity", model_->identity()}, {"columns", columns_}};
}

std::vector<std::string> TextColumns::made() const {
  std::vector<std::string> names;
  for (const std::string& column : columns_) names = *lengthened(std::move(names), column);
  return names;
}

std::shared_ptr<const std::vector<std::string>> TextColumns::lengthened(std::vector<std::string> names,
                                                                        const std::string& column) const {
  for (const lm::Head& head : model_->heads()) {
    for (std::size_t l = 0; l < head.labels.size(); ++l) names.push_back(column_name(column, head, l));
  }
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

void TextColumns::add_to(std::vector<ingest::Record>& rows) const {
  std::vector<std::shared_ptr<const std::vector<std::string>>> held;  // keeps the headers' addresses apart
  for (const std::string& column : columns_) {
    if (!any_has(rows, column)) absent(column, rows.front());
    std::vector<std::string> texts;
    for (const ingest::Record& row : rows) texts.push_back(row.text(column).value_or(""));
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const std::vector<lm::Prediction> predictions = model_->predict(views);
    std::map<const void*, std::shared_ptr<const std::vector<std::string>>> longer;  // a header and what it becomes
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (rows[r].names) {
        auto& names = longer[rows[r].names.get()];
        if (!names) names = lengthened(*rows[r].names, column);
        held.push_back(std::exchange(rows[r].names, names));
      }
      for (std::size_t h = 0; h < model_->heads().size(); ++h) {
        const lm::Head& head = model_->heads()[h];
        for (std::size_t l = 0; l < head.labels.size(); ++l) {
          const std::string value = fmt::format("{}", predictions[r].heads[h].probabilities[l]);
          if (rows[r].names) {
            rows[r].values.push_back(value);
          } else {
            rows[r].object[column_name(column, head, l)] = value;
          }
        }
      }
    }
  }
}

CustomerDesk::CustomerDesk(const std::string& model_folder)
    : folder_(model_folder), model_(risk::CustomerModel::load(model_folder)) {
  const auto file = std::filesystem::path(model_folder) / "customers.json";
  hash_ = base::sha256_file(file);
  if (model_.reads_text_numbers()) texts_ = std::make_unique<TextColumns>(model_.training().text_model, file.string());
}

std::vector<CustomerCase> CustomerDesk::run(const std::vector<ingest::Record>& rows, risk::ReasonLanguage language,
                                            const ingest::QuarantineSink& sink) const {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no customers");
  std::vector<ingest::Record> with_texts = rows;
  if (texts_) texts_->add_to(with_texts);
  std::vector<std::size_t> kept;
  const risk::CustomerRows customers = model_.read(with_texts, sink, &kept);
  std::vector<CustomerCase> cases;
  for (risk::CustomerScore& score : model_.score(customers, language)) {
    cases.push_back({rows[kept[cases.size()]], std::move(score)});
  }
  return cases;
}

std::vector<std::string> CustomerDesk::columns() const {
  std::vector<std::string> names = model_.schema().names(), made, texts = model_.text_columns();
  if (texts_) {
    made = texts_->made();
    for (const std::string& column : texts_->read()) {
      if (std::find(texts.begin(), texts.end(), column) == texts.end()) texts.push_back(column);
    }
  }
  std::erase_if(names, [&](const auto& name) { return std::find(made.begin(), made.end(), name) != made.end(); });
  names.insert(names.end(), texts.begin(), texts.end());
  return names;
}

Json CustomerDesk::inputs_of(const ingest::Record& record) const {
  Json customer = Json::object();
  for (const std::string& column : columns()) {
    const auto text = record.text(column);
    customer[column] = text ? Json(*text) : Json();
  }
  return customer;
}

decide::Decision CustomerDesk::record_of(const CustomerCase& one, const std::string& subject,
                                         risk::ReasonLanguage language) const {
  decide::Decision d;
  d.kind = "customer";
  d.subject = subject;
  d.inputs = {{"customer", inputs_of(one.record)}, {"row", one.record.line}, {"language", name_of(language)}};
  d.model = folder_;
  d.model_hash = hash_;
  d.seed = model_.training().seed;
  d.outcome = {{"about", model_.training().label + " = " + model_.training().positive}};
  add_score(d, one.score);
  return d;
}

void add_score(decide::Decision& decision, const risk::CustomerScore& score) {
  decision.outcome["base"] = static_cast<double>(score.micro_base) / 1e6;
  decision.outcome["score"] = static_cast<double>(score.micro_score) / 1e6;
  decision.probability = score.probability;
  decision.interval = score.interval;
  for (const risk::CustomerReason& reason : score.reasons) {
    decision.reasons.push_back({reason.column, reason.text, static_cast<double>(reason.micro_points) / 1e6});
  }
}

ingest::Record row_of(const decide::Decision& decision) {
  ingest::Record row;
  row.source = "decision " + decision.id;
  row.line = base::json_field<std::int64_t>(decision.inputs, "row", row.source);
  row.object = base::json_field<Json>(decision.inputs, "customer", row.source);
  return row;
}

std::string subject_of(const ingest::Record& record, const std::string& key) {
  return key.empty() ? fmt::format("row {}", record.line) : record.text(key).value_or("");
}

risk::ReasonLanguage language_named(const std::string& name) {
  return name == "zh" ? risk::ReasonLanguage::zh : risk::ReasonLanguage::en;
}

const char* name_of(risk::ReasonLanguage language) {
  return language == risk::ReasonLanguage::zh ? "zh" : "en";
}

decide::Decision replay_customer(const decide::Decision& was) {
  const ingest::Record row = row_of(was);
  const auto language = language_named(base::json_field<std::string>(was.inputs, "language", row.source));
  const CustomerDesk desk(was.model);
  return desk.record_of(desk.run({row}, language, {}).front(), was.subject, language);
}

}  // namespace ballast::apps
