// SPDX-License-Identifier: Apache-2.0
// A credit model on disk: one versioned JSON document, the scorecard's exports, a model card.
#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/risk/credit.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr int kVersion = 1;
constexpr const char* kFormat = "ballast.credit";
constexpr const char* kFile = "credit.json";

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
  return c;
}

Json training_json(const CreditTraining& t) {
  Json json = {{"label", t.label},
               {"bad", t.bad},
               {"protected", t.protected_columns},
               {"allowed", t.allowed_columns},
               {"drop", t.drop},
               {"reweigh", t.reweigh},
               {"prefer_simple", t.prefer_simple},
               {"accept_leakage", t.accept_leakage},
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
  t.prefer_simple = base::json_field<bool>(json, "prefer_simple", where);
  t.accept_leakage = base::json_field<bool>(json, "accept_leakage", where);
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
  Json json = {{"format", kFormat}, {"version", kVersion},           {"champion", champion_},
               {"rows", rows_},     {"default_rate", default_rate_}, {"cut_off", cut_off_}};
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
  json["calibration"] = {
      {"method", "platt"}, {"a", calibration_.platt.a}, {"b", calibration_.platt.b}, {"fits", Json::array()}};
  for (const auto& fit : calibration_.fits) json["calibration"]["fits"].push_back({fit.a, fit.b});
  json["parts"] = Json::array();
  for (const Part& part : parts_) {
    json["parts"].push_back({{"weight", part.weight}, {"pipeline", part.pipeline.to_json()}});
  }
  json["scorecard"] = card_ ? card_->to_json() : Json();
  return json;
}

CreditModel CreditModel::from_json(const Json& json, const std::string& where) {
  if (base::json_field<std::string>(json, "format", where) != kFormat) {
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
  const Json calibration = base::json_field<Json>(json, "calibration", where);
  m.calibration_.platt = {base::json_field<double>(calibration, "a", where),
                          base::json_field<double>(calibration, "b", where)};
  for (const auto& [a, b] : base::json_field<std::vector<std::array<double, 2>>>(calibration, "fits", where)) {
    m.calibration_.fits.push_back({a, b});
  }
  for (const Json& part : base::json_field<Json>(json, "parts", where)) {
    m.parts_.push_back({base::json_field<double>(part, "weight", where),
                        tabular::Pipeline::from_json(base::json_field<Json>(part, "pipeline", where), where)});
    if (m.parts_.back().pipeline.schema().names() != m.schema_.names()) {
      throw Error(ErrorCode::bad_input, "a part's columns are not the model's", where);
    }
  }
  if (m.parts_.empty() || m.grades_.empty() || m.calibration_.fits.empty()) {
    throw Error(ErrorCode::bad_input, "the credit model lacks parts, grades or calibration", where);
  }
  const Json card = base::json_field<Json>(json, "scorecard", where);
  if (!card.is_null()) m.card_ = tabular::Pipeline::from_json(card, where);
  return m;
}

void CreditModel::save(const std::filesystem::path& folder) const {
  base::write_directory_atomic(folder, [&](const std::filesystem::path& fresh) {
    base::write_file_atomic(fresh / kFile, base::dump_json(to_json()) + "\n");
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
  return from_json(base::read_json(folder / kFile), (folder / kFile).string());
}

std::string CreditModel::card() const {
  std::string text = fmt::format(
      "# Credit model\n\nProbability of `{} = {}`, learnt from {} applications of which {:.2f} % were bad. Champion: "
      "**{}**. Seed {}.\n\nCandidates on predictions made out of fold ({} stratified folds), each row calibrated by "
      "the "
      "other folds:\n\n| candidate | AUC [95 %] | Gini | KS | Brier | log loss | ECE (chance) "
      "|\n|---|---|---|---|---|---|"
      "---|\n",
      training_.label, training_.bad, rows_, 100 * default_rate_, champion_, training_.seed, training_.folds);
  for (const CreditCandidate& c : candidates_) {
    text +=
        fmt::format("| {} | {:.4f} [{:.4f}, {:.4f}] | {:.4f} | {:.4f} | {:.4f} | {:.4f} | {:.4f} ({:.4f}) |\n", c.name,
                    c.auc.auc, c.auc.low, c.auc.high, c.auc.gini(), c.ks, c.brier, c.log_loss, c.ece, c.ece_chance);
  }
  text += training_.prefer_simple
              ? "\nThe champion is the simplest candidate (in the order above) whose log loss is within one standard "
                "error of the least one."
              : "\nThe champion has the least log loss.";
  text +=
      " The PD is Platt scaling of its log-odds, fitted on\nits out-of-fold predictions; the 90 % interval comes from "
      "200 fits on rows drawn with replacement, so it says how sure\nthe calibration is, not how much other models "
      "would "
      "differ.\n\n";
  text += fmt::format("Inputs: {}.\n", fmt::join(schema_.names(), ", "));
  if (!training_.protected_columns.empty()) {
    text += fmt::format(
        "Protected: {}; audited below at the cut-off PD {:.4g}.\n\n| column | group | rows | approved | "
        "adverse impact | opportunity | mean PD | observed |\n|---|---|---|---|---|---|---|---|\n",
        fmt::join(training_.protected_columns, ", "), cut_off_);
    for (const FairnessAudit& audit : fairness_) {
      for (std::size_t g = 0; g < audit.calibration.size(); ++g) {
        const GroupOutcome& o = audit.thresholds.front().groups[g];
        text += fmt::format("| {} | {} | {} | {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.3f} |\n", audit.column, o.group,
                            o.rows, o.approval_rate, o.adverse_impact, o.opportunity, audit.calibration[g].mean_pd,
                            audit.calibration[g].observed);
      }
    }
  } else {
    text += "No protected column was named, so nothing is known of fairness.\n";
  }
  for (const tabular::Finding& f : warnings_) text += fmt::format("\nData warning: {}.\n", f.text);
  return text;
}

}  // namespace ballast::risk
