// SPDX-License-Identifier: Apache-2.0
// A credit model on disk: one versioned JSON document, the scorecard's exports, a model card.
#include <fmt/format.h>

#include <map>
#include <span>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/risk/credit.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr int kVersion = 2;  // 2: text readers, ranges, calibration methods, lifts
constexpr const char* kCreditFormat = "ballast.credit";
constexpr const char* kFile = "credit.json";
constexpr const char* kLanguageFolder = "language_model";

/// A text column's folder. Its number, not its name: names may hold anything.
std::string notes_folder(std::size_t i) {
  return fmt::format("notes_{}", i + 1);
}

/// Name and SHA-256 of each file of a reader, so that the hash of credit.json covers them.
Json files_of(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = base::sha256_file(entry.path());
  }
  return files;
}

std::shared_ptr<const ApplicationReader> open_reader(const std::filesystem::path& folder, const Json& files,
                                                     const std::string& where) {
  if (!std::filesystem::is_directory(folder))
    throw Error(ErrorCode::not_found, "holds no text reader", folder.string());
  if (files_of(folder) != files) {
    throw Error(ErrorCode::bad_input, "its files are not those that " + where + " names", folder.string());
  }
  return load_reader(folder);
}

Json bins_json(std::span<const tabular::CalibrationBin> bins) {
  Json json = Json::array();
  for (const auto& bin : bins) {
    json.push_back({{"rows", bin.rows}, {"mean_pd", bin.mean_probability}, {"observed", bin.observed}});
  }
  return json;
}

Json candidate_json(const CreditCandidate& c) {
  return {{"name", c.name},
          {"auc", c.auc.auc},
          {"auc_standard_error", c.auc.standard_error},
          {"auc_interval", {c.auc.low, c.auc.high}},
          {"fold_auc", c.fold_auc},
          {"fold_sd", c.fold_sd},
          {"gini", c.auc.gini()},
          {"ks", c.ks},
          {"brier", c.brier},
          {"average_precision", c.average_precision},
          {"log_loss", c.log_loss},
          {"mcc", c.mcc},
          {"fold_brier_sd", c.fold_brier_sd},
          {"reliability", bins_json(c.bins)},
          {"ece", c.ece},
          {"ece_chance_95", c.ece_chance},
          {"seconds", c.seconds},
          {"auc_difference", c.difference},
          {"p_value", c.p_value},
          {"log_loss_difference", c.loss_difference},
          {"log_loss_error", c.loss_error}};
}

CreditCandidate read_candidate(const Json& json, const std::string& where) {
  const auto number = [&](const char* key) { return base::json_field<double>(json, key, where); };
  CreditCandidate c;
  c.name = base::json_field<std::string>(json, "name", where);
  const auto interval = base::json_field<std::array<double, 2>>(json, "auc_interval", where);
  c.auc = {number("auc"), number("auc_standard_error"), interval[0], interval[1]};
  c.fold_auc = number("fold_auc"), c.fold_sd = number("fold_sd"), c.ks = number("ks"), c.brier = number("brier");
  c.average_precision = number("average_precision"), c.log_loss = number("log_loss"), c.ece = number("ece");
  c.ece_chance = number("ece_chance_95"), c.seconds = number("seconds"), c.difference = number("auc_difference");
  c.p_value = number("p_value"), c.loss_difference = number("log_loss_difference");
  c.loss_error = number("log_loss_error");
  c.mcc = number("mcc"), c.fold_brier_sd = number("fold_brier_sd");
  for (const Json& bin : base::json_field<Json>(json, "reliability", where)) {
    c.bins.push_back({base::json_field<std::int64_t>(bin, "rows", where),
                      base::json_field<double>(bin, "mean_pd", where),
                      base::json_field<double>(bin, "observed", where)});
  }
  return c;
}

Json auc_json(const tabular::AucEstimate& a) {
  return {{"auc", a.auc}, {"standard_error", a.standard_error}, {"interval", {a.low, a.high}}};
}

tabular::AucEstimate read_auc(const Json& json, const std::string& where) {
  const auto interval = base::json_field<std::array<double, 2>>(json, "interval", where);
  return {base::json_field<double>(json, "auc", where), base::json_field<double>(json, "standard_error", where),
          interval[0], interval[1]};
}

Json lift_json(const CreditLift& l) {
  return {{"columns", l.columns},
          {"model", l.model},
          {"without", auc_json(l.auc.champion)},
          {"with", auc_json(l.auc.challenger)},
          {"auc_difference", l.auc.difference},
          {"standard_error", l.auc.standard_error},
          {"interval", {l.auc.low, l.auc.high}},
          {"p_value", l.auc.p_value},
          {"log_loss_difference", l.log_loss_difference},
          {"log_loss_error", l.log_loss_error}};
}

CreditLift read_lift(const Json& json, const std::string& where) {
  const auto number = [&](const char* key) { return base::json_field<double>(json, key, where); };
  CreditLift l;
  l.columns = base::json_field<std::vector<std::string>>(json, "columns", where);
  l.model = base::json_field<std::string>(json, "model", where);
  const auto interval = base::json_field<std::array<double, 2>>(json, "interval", where);
  l.auc = {read_auc(base::json_field<Json>(json, "without", where), where),
           read_auc(base::json_field<Json>(json, "with", where), where),
           number("auc_difference"),
           number("standard_error"),
           interval[0],
           interval[1],
           number("p_value")};
  l.log_loss_difference = number("log_loss_difference"), l.log_loss_error = number("log_loss_error");
  return l;
}

Json training_json(const CreditTraining& t) {
  Json json = {{"label", t.label},
               {"bad", t.bad},
               {"protected", t.protected_columns},
               {"allowed", t.allowed_columns},
               {"drop", t.drop},
               {"reweigh", t.reweigh},
               {"fairness_penalty", t.fairness_penalty},
               {"prefer_simple", t.prefer_simple},
               {"accept_leakage", t.accept_leakage},
               {"calibration", tabular::calibration_method_name(t.calibration)},
               {"text_columns", t.text_columns},
               {"trend_columns", t.trend_columns},
               {"trend_key", t.trend_key},
               {"as_of", t.as_of},
               {"language_model", t.language_model},
               {"folds", t.folds},
               {"seed", t.seed},
               {"data", t.data},
               {"words", Json::object()}};
  json["cut_off"] = t.cut_off ? Json(*t.cut_off) : Json();
  json["fairness_limit"] = Json();
  if (t.fairness) {
    json["fairness_limit"] = {{"min_adverse_impact", t.fairness->min_adverse_impact},
                              {"max_opportunity_gap", t.fairness->max_opportunity_gap}};
  }
  for (const auto& [column, words] : t.words) json["words"][column] = {{"en", words.en}, {"zh", words.zh}};
  return json;
}

CreditTraining read_training(const Json& json, const std::string& where) {
  CreditTraining t;
  const auto list = [&](const char* key) { return base::json_field<std::vector<std::string>>(json, key, where); };
  t.label = base::json_field<std::string>(json, "label", where);
  t.bad = base::json_field<std::string>(json, "bad", where);
  t.protected_columns = list("protected");
  t.allowed_columns = list("allowed");
  t.drop = list("drop");
  t.reweigh = base::json_field<bool>(json, "reweigh", where);
  t.fairness_penalty = base::json_field<double>(json, "fairness_penalty", where, 0.0);
  t.prefer_simple = base::json_field<bool>(json, "prefer_simple", where);
  t.accept_leakage = base::json_field<bool>(json, "accept_leakage", where);
  t.calibration = tabular::calibration_method_named(base::json_field<std::string>(json, "calibration", where));
  t.text_columns = list("text_columns");
  t.trend_columns = list("trend_columns");
  t.trend_key = base::json_field<std::string>(json, "trend_key", where);
  t.as_of = base::json_field<std::string>(json, "as_of", where);
  t.language_model = base::json_field<bool>(json, "language_model", where);
  t.folds = base::json_field<int>(json, "folds", where);
  t.seed = base::json_field<std::uint64_t>(json, "seed", where);
  t.data = base::json_field<Json>(json, "data", where);
  if (!base::json_field<Json>(json, "cut_off", where).is_null()) {
    t.cut_off = base::json_field<double>(json, "cut_off", where);
  }
  const Json limit = base::json_field<Json>(json, "fairness_limit", where);
  if (!limit.is_null()) {
    t.fairness = FairnessLimit{base::json_field<double>(limit, "min_adverse_impact", where),
                               base::json_field<double>(limit, "max_opportunity_gap", where)};
  }
  const Json all_words = base::json_field<Json>(json, "words", where);
  for (const auto& [column, words] : all_words.items()) {
    t.words[column] = {base::json_field<std::string>(words, "en", where),
                       base::json_field<std::string>(words, "zh", where)};
  }
  return t;
}

}  // namespace

Json CreditModel::to_json() const {
  Json json = {{"format", kCreditFormat}, {"version", kVersion},           {"champion", champion_},
               {"rows", rows_},           {"default_rate", default_rate_}, {"cut_off", cut_off_}};
  json["fair_cut_off"] = fair_cut_off_ ? Json(*fair_cut_off_) : Json();
  json["training"] = training_json(training_);
  json["candidates"] = Json::array();
  for (const CreditCandidate& c : candidates_) json["candidates"].push_back(candidate_json(c));
  json["grades"] = Json::array();
  for (const GradeBand& band : grades_) json["grades"].push_back({{"grade", band.grade}, {"pd", band.pd}});
  json["warnings"] = Json::array();
  for (const tabular::Finding& f : warnings_) {
    json["warnings"].push_back(
        {{"kind", f.kind}, {"severity", tabular::severity_name(f.severity)}, {"columns", f.columns}, {"text", f.text}});
  }
  json["fairness"] = Json::array();
  for (const FairnessAudit& audit : fairness_) json["fairness"].push_back(audit.to_json());
  json["schema"] = schema_.to_json();
  json["offset"] = offset_;
  json["calibration"] = calibration_.to_json();
  json["ranges"] = Json::object();
  for (const auto& [name, range] : ranges_) json["ranges"][name] = {range.low, range.high};
  json["lift"] = Json::array();
  for (const CreditLift& lift : lifts_) json["lift"].push_back(lift_json(lift));
  json["parts"] = Json::array();
  for (const Part& part : parts_) {
    Json one = {{"weight", part.weight}};
    if (part.pipeline) one["pipeline"] = part.pipeline->to_json();
    if (part.language) one["language"] = {{"text", part.language->text.to_json()}, {"seed", part.language->seed}};
    json["parts"].push_back(std::move(one));
  }
  json["scorecard"] = card_ ? card_->to_json() : Json();
  return json;
}

CreditModel CreditModel::from_json(const Json& json, const std::string& where, const std::filesystem::path& folder) {
  if (base::json_field<std::string>(json, "format", where) != kCreditFormat) {
    throw Error(ErrorCode::bad_input, "is not a credit model", where);
  }
  const int version = base::json_field<int>(json, "version", where);
  if (version != kVersion) {
    throw Error(ErrorCode::unsupported, fmt::format("has version {}, this build reads {}", version, kVersion), where);
  }
  CreditModel m;
  m.champion_ = base::json_field<std::string>(json, "champion", where);
  m.rows_ = base::json_field<std::int64_t>(json, "rows", where);
  m.default_rate_ = base::json_field<double>(json, "default_rate", where);
  m.cut_off_ = base::json_field<double>(json, "cut_off", where);
  const Json fair = base::json_field<Json>(json, "fair_cut_off", where);
  if (!fair.is_null()) m.fair_cut_off_ = base::json_field<double>(json, "fair_cut_off", where);
  m.training_ = read_training(base::json_field<Json>(json, "training", where), where);
  for (const Json& c : base::json_field<Json>(json, "candidates", where))
    m.candidates_.push_back(read_candidate(c, where));
  for (const Json& b : base::json_field<Json>(json, "grades", where)) {
    m.grades_.push_back({base::json_field<std::string>(b, "grade", where), base::json_field<double>(b, "pd", where)});
  }
  for (const Json& f : base::json_field<Json>(json, "warnings", where)) {
    const bool leak = base::json_field<std::string>(f, "severity", where) == "leakage";
    m.warnings_.push_back({base::json_field<std::string>(f, "kind", where),
                           leak ? tabular::FindingSeverity::leakage : tabular::FindingSeverity::warning,
                           base::json_field<std::vector<std::string>>(f, "columns", where),
                           base::json_field<std::string>(f, "text", where)});
  }
  for (const Json& a : base::json_field<Json>(json, "fairness", where)) {
    m.fairness_.push_back(FairnessAudit::from_json(a, where));
  }
  m.schema_ = tabular::Schema::from_json(base::json_field<Json>(json, "schema", where), where);
  m.offset_ = base::json_field<double>(json, "offset", where);
  m.calibration_ = tabular::ScoreCalibration::from_json(base::json_field<Json>(json, "calibration", where), where);
  const Json ranges = base::json_field<Json>(json, "ranges", where);
  for (const auto& [name, range] : ranges.items()) {
    if (!range.is_array() || range.size() != 2 || !range[0].is_number() || !range[1].is_number()) {
      throw Error(ErrorCode::bad_input, "the range of \"" + name + "\" is not two numbers", where);
    }
    m.ranges_[name] = {range[0].get<double>(), range[1].get<double>()};
  }
  for (const Json& lift : base::json_field<Json>(json, "lift", where)) m.lifts_.push_back(read_lift(lift, where));
  for (const Json& part : base::json_field<Json>(json, "parts", where)) {
    m.parts_.push_back({base::json_field<double>(part, "weight", where), {}, nullptr});
    if (part.contains("language")) {
      const Json given = part.at("language");
      LanguagePart language;
      language.text = ApplicationText::from_json(base::json_field<Json>(given, "text", where), where);
      language.seed = base::json_field<std::uint64_t>(given, "seed", where);
      language.reader =
          open_reader(folder / kLanguageFolder, base::json_field<Json>(json, "language_files", where), where);
      if (language.text.columns() != m.schema_.names()) {
        throw Error(ErrorCode::bad_input, "the language model's columns are not the model's", where);
      }
      m.parts_.back().language = std::make_shared<LanguagePart>(std::move(language));
      continue;
    }
    m.parts_.back().pipeline = tabular::Pipeline::from_json(base::json_field<Json>(part, "pipeline", where), where);
    if (m.parts_.back().pipeline->schema().names() != m.schema_.names()) {
      throw Error(ErrorCode::bad_input, "a part's columns are not the model's", where);
    }
  }
  if (m.parts_.empty() || m.grades_.empty()) {
    throw Error(ErrorCode::bad_input, "the credit model lacks parts or grades", where);
  }
  const Json notes_files = base::json_field<Json>(json, "notes_files", where, Json::array());
  for (std::size_t i = 0; i < m.training_.text_columns.size(); ++i) {
    if (notes_files.size() != m.training_.text_columns.size()) {
      throw Error(ErrorCode::bad_input, "the files of the text columns are not named", where);
    }
    m.notes_.push_back({m.training_.text_columns[i], open_reader(folder / notes_folder(i), notes_files[i], where)});
  }
  const Json card = base::json_field<Json>(json, "scorecard", where);
  if (!card.is_null()) m.card_ = tabular::Pipeline::from_json(card, where);
  return m;
}

void CreditModel::save(const std::filesystem::path& folder) const {
  base::write_directory_atomic(folder, [&](const std::filesystem::path& fresh) {
    Json json = to_json();
    for (const Part& part : parts_) {
      if (!part.language) continue;
      std::filesystem::create_directory(fresh / kLanguageFolder);
      part.language->reader->save(fresh / kLanguageFolder);
      json["language_files"] = files_of(fresh / kLanguageFolder);
    }
    if (!notes_.empty()) json["notes_files"] = Json::array();
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      std::filesystem::create_directory(fresh / notes_folder(i));
      notes_[i].reader->save(fresh / notes_folder(i));
      json["notes_files"].push_back(files_of(fresh / notes_folder(i)));
    }
    base::write_file_atomic(fresh / kFile, base::dump_json(json) + "\n");
    base::write_file_atomic(fresh / "README.md", card());
    if (!card_ || card_->scorecard() == nullptr) return;
    const auto& platt = card_->calibration()->platt;
    base::write_file_atomic(fresh / "scorecard.sql",
                            tabular::to_sql(*card_->scorecard(), "applications", {}, {platt.a, platt.b}));
    base::write_file_atomic(fresh / "scorecard.pmml",
                            tabular::to_pmml(*card_->scorecard(), "ballast credit scorecard"));
  });
}

bool is_credit_model(const std::filesystem::path& folder) {
  return std::filesystem::is_regular_file(folder / kFile);
}

CreditModel CreditModel::load(const std::filesystem::path& folder) {
  if (!is_credit_model(folder)) {
    throw Error(ErrorCode::not_found, "holds no credit model", folder.string(),
                "train one with `ballast credit train`");
  }
  return from_json(base::read_json(folder / kFile), (folder / kFile).string(), folder);
}

}  // namespace ballast::risk
