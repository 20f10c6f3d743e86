// SPDX-License-Identifier: Apache-2.0
// A customer model on disk: one versioned JSON document, and beside it the n-gram models of its texts.
#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/risk/customers.h"
#include "ballast/risk/customers/text_input.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr const char* kFile = "customers.json";
constexpr const char* kCustomersFormat = "ballast.customers";
constexpr int kVersion = 2;

std::string text_file(std::size_t number) {
  return fmt::format("text.{}.safetensors", number + 1);
}

Json candidate_json(const CustomerCandidate& c) {
  return {{"name", c.name},
          {"auc", c.auc.auc},
          {"auc_standard_error", c.auc.standard_error},
          {"auc_interval_95", {c.auc.low, c.auc.high}},
          {"fold_auc", c.fold_auc},
          {"fold_sd", c.fold_sd},
          {"average_precision", c.average_precision},
          {"brier", c.brier},
          {"log_loss", c.log_loss},
          {"ece", c.ece},
          {"ece_chance_95", c.ece_chance},
          {"seconds", c.seconds},
          {"lift_by_decile", to_json(c.lift)}};
}

CustomerCandidate read_candidate(const Json& json, const std::string& where) {
  const auto number = [&](const char* key) { return base::json_field<double>(json, key, where); };
  CustomerCandidate c;
  c.name = base::json_field<std::string>(json, "name", where);
  const auto interval = base::json_field<std::array<double, 2>>(json, "auc_interval_95", where);
  c.auc = {number("auc"), number("auc_standard_error"), interval[0], interval[1]};
  c.fold_auc = number("fold_auc"), c.fold_sd = number("fold_sd"), c.brier = number("brier");
  c.average_precision = number("average_precision"), c.log_loss = number("log_loss"), c.ece = number("ece");
  c.ece_chance = number("ece_chance_95"), c.seconds = number("seconds");
  c.lift = lift_from_json(base::json_field<Json>(json, "lift_by_decile", where), where);
  return c;
}

Json difference_json(const CandidateDifference& d) {
  return {{"champion", d.champion},
          {"challenger", d.challenger},
          {"auc_difference", d.auc.difference},
          {"auc_difference_interval_95", {d.auc.low, d.auc.high}},
          {"p_value", d.auc.p_value},
          {"log_loss_difference", d.log_loss},
          {"log_loss_error", d.log_loss_error},
          {"lift_difference_by_decile", to_json(d.lift)}};
}

CandidateDifference read_difference(const Json& json, const std::string& where) {
  CandidateDifference d;
  d.champion = base::json_field<std::string>(json, "champion", where);
  d.challenger = base::json_field<std::string>(json, "challenger", where);
  const auto interval = base::json_field<std::array<double, 2>>(json, "auc_difference_interval_95", where);
  d.auc.difference = base::json_field<double>(json, "auc_difference", where);
  d.auc.low = interval[0], d.auc.high = interval[1];
  d.auc.p_value = base::json_field<double>(json, "p_value", where);
  d.log_loss = base::json_field<double>(json, "log_loss_difference", where);
  d.log_loss_error = base::json_field<double>(json, "log_loss_error", where);
  d.lift = lift_from_json(base::json_field<Json>(json, "lift_difference_by_decile", where), where);
  return d;
}

Json training_json(const CustomerTraining& t) {
  Json json = {
      {"label", t.label},       {"positive", t.positive}, {"dropped", t.drop}, {"accept_leakage", t.accept_leakage},
      {"folds", t.folds},       {"seed", t.seed},         {"data", t.data},    {"text_model", t.text_model},
      {"words", Json::object()}};
  for (const auto& [column, words] : t.words) json["words"][column] = {{"en", words.en}, {"zh", words.zh}};
  return json;
}

CustomerTraining read_training(const Json& json, const std::string& where) {
  CustomerTraining t;
  t.label = base::json_field<std::string>(json, "label", where);
  t.positive = base::json_field<std::string>(json, "positive", where);
  t.drop = base::json_field<std::vector<std::string>>(json, "dropped", where);
  t.accept_leakage = base::json_field<bool>(json, "accept_leakage", where);
  t.folds = base::json_field<int>(json, "folds", where);
  t.seed = base::json_field<std::uint64_t>(json, "seed", where);
  t.data = base::json_field<Json>(json, "data", where);
  t.text_model = base::json_field<Json>(json, "text_model", where);
  const Json all_words = base::json_field<Json>(json, "words", where);
  for (const auto& [column, words] : all_words.items()) {
    t.words[column] = {base::json_field<std::string>(words, "en", where),
                       base::json_field<std::string>(words, "zh", where)};
  }
  return t;
}

tabular::Finding read_warning(const Json& json, const std::string& where) {
  const bool leak = base::json_field<std::string>(json, "severity", where) == "leakage";
  return {base::json_field<std::string>(json, "kind", where),
          leak ? tabular::FindingSeverity::leakage : tabular::FindingSeverity::warning,
          base::json_field<std::vector<std::string>>(json, "columns", where),
          base::json_field<std::string>(json, "text", where)};
}

}  // namespace

Json CustomerModel::report() const {
  Json json = {{"format", kCustomersFormat},      {"version", kVersion},
               {"champion", champion_},           {"rows", rows_},
               {"positive_rate", positive_rate_}, {"training", training_json(training_)}};
  json["candidates"] = Json::array();
  for (const CustomerCandidate& c : candidates_) json["candidates"].push_back(candidate_json(c));
  json["differences"] = Json::array();
  for (const CandidateDifference& d : differences_) json["differences"].push_back(difference_json(d));
  json["warnings"] = Json::array();
  for (const tabular::Finding& f : warnings_) {
    json["warnings"].push_back(
        {{"kind", f.kind}, {"severity", tabular::severity_name(f.severity)}, {"columns", f.columns}, {"text", f.text}});
  }
  return json;
}

void CustomerModel::save(const std::filesystem::path& folder) const {
  base::write_directory_atomic(folder, [&](const std::filesystem::path& inside) {
    Json json = report();
    json["schema"] = schema_.to_json();
    json["ranges"] = Json::object();
    for (const auto& [column, range] : ranges_) json["ranges"][column] = {range.low, range.high};
    json["reads_text_numbers"] = reads_text_numbers_;
    json["pipeline"] = pipeline_.to_json();
    json["texts"] = Json::array();
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      texts_[i]->model.save(inside / text_file(i));
      json["texts"].push_back({{"column", texts_[i]->column}, {"sha256", base::sha256_file(inside / text_file(i))}});
    }
    base::write_file_atomic(inside / kFile, base::dump_json(json) + "\n");
  });
}

bool is_customer_model(const std::filesystem::path& folder) {
  return std::filesystem::is_regular_file(folder / kFile);
}

CustomerModel CustomerModel::load(const std::filesystem::path& folder) {
  if (!is_customer_model(folder)) {
    throw Error(ErrorCode::not_found, "holds no customer model", folder.string(),
                "train one with `ballast customers train`");
  }
  const Json json = base::read_json(folder / kFile);
  const std::string where = (folder / kFile).string();
  if (base::json_field<Json>(json, "format", where) != kCustomersFormat) {
    throw Error(ErrorCode::bad_input, "is not a customer model of this format", where,
                "train it again with `ballast customers train`");
  }
  const int version = base::json_field<int>(json, "version", where);
  if (version != kVersion) {
    throw Error(ErrorCode::unsupported, fmt::format("has version {}, this build reads {}", version, kVersion), where);
  }
  CustomerModel m;
  m.champion_ = base::json_field<std::string>(json, "champion", where);
  m.rows_ = base::json_field<std::int64_t>(json, "rows", where);
  m.positive_rate_ = base::json_field<double>(json, "positive_rate", where);
  m.training_ = read_training(base::json_field<Json>(json, "training", where), where);
  m.schema_ = tabular::Schema::from_json(base::json_field<Json>(json, "schema", where), where);
  const Json ranges = base::json_field<Json>(json, "ranges", where);
  for (const auto& [column, unused] : ranges.items()) {
    const auto range = base::json_field<std::array<double, 2>>(ranges, column, where);
    m.ranges_[column] = {range[0], range[1]};
  }
  m.reads_text_numbers_ = base::json_field<bool>(json, "reads_text_numbers", where);
  m.pipeline_ = tabular::Pipeline::from_json(base::json_field<Json>(json, "pipeline", where), where);
  if (!m.pipeline_.calibration()) throw Error(ErrorCode::bad_input, "the model is not calibrated", where);
  std::vector<std::string> inputs = m.schema_.names();
  for (const Json& text : base::json_field<Json>(json, "texts", where)) {
    const std::filesystem::path file = folder / text_file(m.texts_.size());
    const auto column = base::json_field<std::string>(text, "column", where);
    if (!std::filesystem::is_regular_file(file)) throw Error(ErrorCode::not_found, "is missing", file.string());
    if (base::sha256_file(file) != base::json_field<std::string>(text, "sha256", where)) {
      throw Error(ErrorCode::bad_input, "is not the file that the model was saved with", file.string());
    }
    m.texts_.push_back(std::make_shared<TextInput>(TextInput{column, lm::NgramModel::load(file)}));
    inputs.push_back(column);
  }
  if (m.pipeline_.schema().names() != inputs) {
    throw Error(ErrorCode::bad_input, "the pipeline's columns are not the model's", where);
  }
  for (const Json& c : base::json_field<Json>(json, "candidates", where)) {
    m.candidates_.push_back(read_candidate(c, where));
  }
  for (const Json& d : base::json_field<Json>(json, "differences", where)) {
    m.differences_.push_back(read_difference(d, where));
  }
  for (const Json& f : base::json_field<Json>(json, "warnings", where)) m.warnings_.push_back(read_warning(f, where));
  return m;
}

}  // namespace ballast::risk
