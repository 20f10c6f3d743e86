// SPDX-License-Identifier: Apache-2.0
// The fraud model on disk, and its card.
#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/risk/operations_fraud.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr const char* kFile = "fraud.json";
constexpr const char* kFraudFormat = "ballast-fraud";
constexpr int kVersion = 1;

Json training_json(const FraudTraining& t) {
  return {{"label", t.label},
          {"fraud", t.fraud},
          {"id", t.columns.id},
          {"time", t.columns.time},
          {"group", t.columns.group},
          {"drop", t.drop},
          {"investigation_cost", t.costs.investigation},
          {"missed_cost", t.costs.missed},
          {"amount_column", t.costs.amount_column},
          {"false_block_cost", t.costs.false_block},
          {"only", t.only},
          {"library_defaults", t.library_defaults},
          {"folds", t.folds},
          {"top_cards", t.top_cards},
          {"embargo", t.embargo},
          {"seed", t.seed},
          {"data", t.data}};
}

FraudTraining training_from(const Json& j, const std::string& where) {
  FraudTraining t;
  const auto text = [&](const char* key) { return base::json_field<std::string>(j, key, where); };
  const auto number = [&](const char* key) { return base::json_field<double>(j, key, where); };
  t.label = text("label");
  t.fraud = text("fraud");
  t.columns = {text("id"), text("time"), text("group")};
  t.drop = base::json_field<std::vector<std::string>>(j, "drop", where);
  t.costs = {number("investigation_cost"), number("missed_cost"), text("amount_column"), number("false_block_cost")};
  t.only = text("only");
  t.library_defaults = base::json_field<bool>(j, "library_defaults", where);
  t.folds = base::json_field<int>(j, "folds", where);
  t.top_cards = base::json_field<int>(j, "top_cards", where);
  t.embargo = number("embargo");
  t.seed = base::json_field<std::uint64_t>(j, "seed", where);
  t.data = base::json_field<Json>(j, "data", where);
  return t;
}

CostPoint point_from(const Json& j, const std::string& where) {
  return {base::json_field<double>(j, "threshold", where), base::json_field<std::int64_t>(j, "alerts", where),
          base::json_field<std::int64_t>(j, "caught", where), base::json_field<std::int64_t>(j, "missed", where),
          base::json_field<double>(j, "cost", where)};
}

Json curve_json(const CostCurve& curve) {
  Json json = {{"best", to_json(curve.best)},
               {"block", curve.block ? Json(*curve.block) : Json()},
               {"pass_all", curve.pass_all},
               {"review_all", curve.review_all},
               {"points", Json::array()}};
  for (const CostPoint& point : curve.points) json["points"].push_back(to_json(point));
  return json;
}

CostCurve curve_from(const Json& j, const std::string& where) {
  CostCurve curve;
  curve.best = point_from(base::json_field<Json>(j, "best", where), where);
  const Json block = base::json_field<Json>(j, "block", where);
  if (!block.is_null()) curve.block = base::json_field<double>(j, "block", where);
  curve.pass_all = base::json_field<double>(j, "pass_all", where);
  curve.review_all = base::json_field<double>(j, "review_all", where);
  for (const Json& p : base::json_field<Json>(j, "points", where)) curve.points.push_back(point_from(p, where));
  return curve;
}

Json candidate_json(const FraudCandidate& c) {
  Json json = {
      {"name", c.name},         {"fold_average_precision", c.fold_ap}, {"fold_average_precision_sd", c.fold_ap_sd},
      {"fold_auc", c.fold_auc}, {"fold_auc_sd", c.fold_auc_sd},        {"seconds", c.seconds}};
  json.update(to_json(c.figures));
  return json;
}

FraudCandidate candidate_from(const Json& j, const std::string& where) {
  const auto number = [&](const char* key) { return base::json_field<double>(j, key, where); };
  const auto interval = [&](const char* key) { return base::json_field<std::array<double, 2>>(j, key, where); };
  FraudCandidate c;
  c.name = base::json_field<std::string>(j, "name", where);
  c.fold_ap = number("fold_average_precision");
  c.fold_ap_sd = number("fold_average_precision_sd");
  c.fold_auc = number("fold_auc");
  c.fold_auc_sd = number("fold_auc_sd");
  c.seconds = number("seconds");
  FraudFigures& f = c.figures;
  f.rows = base::json_field<std::int64_t>(j, "rows", where);
  f.frauds = base::json_field<std::int64_t>(j, "frauds", where);
  const auto auc = interval("auc_interval"), ap = interval("average_precision_interval"),
             mcc = interval("mcc_interval");
  f.auc = {number("auc"), 0, auc[0], auc[1]};
  f.average_precision = {number("average_precision"), ap[0], ap[1], 0};
  f.mcc = {number("mcc"), mcc[0], mcc[1], 0};
  f.brier = number("brier");
  f.log_loss = number("log_loss");
  f.ece = number("ece");
  f.ece_chance = number("ece_chance_95");
  f.at_threshold = point_from(base::json_field<Json>(j, "at_threshold", where), where);
  f.pass_all = number("cost_pass_all");
  f.review_all = number("cost_review_all");
  if (j.contains("card_precision")) {
    const Json cards = base::json_field<Json>(j, "card_precision", where);
    f.cards = CardPrecision{base::json_field<int>(cards, "k", where), base::json_field<double>(cards, "mean", where),
                            base::json_field<std::vector<double>>(cards, "days", where)};
  }
  return c;
}

}  // namespace

Json FraudModel::to_json() const {
  Json json = {{"format", kFraudFormat},      {"version", kVersion},
               {"champion", champion_},       {"rows", rows_},
               {"frauds", frauds_},           {"training", training_json(training_)},
               {"curve", curve_json(curve_)}, {"candidates", Json::array()},
               {"warnings", Json::array()}};
  for (const FraudCandidate& c : candidates_) json["candidates"].push_back(candidate_json(c));
  for (const tabular::Finding& f : warnings_) {
    json["warnings"].push_back({{"kind", f.kind}, {"columns", f.columns}, {"text", f.text}});
  }
  json["pipeline"] = pipeline_.to_json();
  return json;
}

void FraudModel::save(const std::filesystem::path& folder, const std::string& rules) const {
  base::write_directory_atomic(folder, [&](const std::filesystem::path& fresh) {
    base::write_file_atomic(fresh / kFile, base::dump_json(to_json()) + "\n");
    base::write_file_atomic(fresh / "README.md", card());
    if (!rules.empty()) base::write_file_atomic(fresh / kFraudRulesFile, rules);
  });
}

bool is_fraud_model(const std::filesystem::path& folder) {
  return std::filesystem::is_regular_file(folder / kFile);
}

FraudModel FraudModel::load(const std::filesystem::path& folder) {
  if (!is_fraud_model(folder)) {
    throw Error(ErrorCode::not_found, "holds no fraud model", folder.string(),
                "train one with `ballast operations fraud train`");
  }
  const std::string where = (folder / kFile).string();
  const Json json = base::read_json(where);
  if (base::json_field<std::string>(json, "format", where) != kFraudFormat) {
    throw Error(ErrorCode::bad_input, "is not a fraud model", where);
  }
  const int version = base::json_field<int>(json, "version", where);
  if (version != kVersion) {
    throw Error(ErrorCode::unsupported, fmt::format("has version {}, this build reads {}", version, kVersion), where);
  }
  FraudModel model;
  model.champion_ = base::json_field<std::string>(json, "champion", where);
  model.rows_ = base::json_field<std::int64_t>(json, "rows", where);
  model.frauds_ = base::json_field<std::int64_t>(json, "frauds", where);
  model.training_ = training_from(base::json_field<Json>(json, "training", where), where);
  model.curve_ = curve_from(base::json_field<Json>(json, "curve", where), where);
  for (const Json& c : base::json_field<Json>(json, "candidates", where)) {
    model.candidates_.push_back(candidate_from(c, where));
  }
  for (const Json& f : base::json_field<Json>(json, "warnings", where)) {
    model.warnings_.push_back({base::json_field<std::string>(f, "kind", where), tabular::FindingSeverity::warning,
                               base::json_field<std::vector<std::string>>(f, "columns", where),
                               base::json_field<std::string>(f, "text", where)});
  }
  model.pipeline_ = tabular::Pipeline::from_json(base::json_field<Json>(json, "pipeline", where), where);
  if (!model.pipeline_.calibration()) throw Error(ErrorCode::bad_input, "the model is not calibrated", where);
  return model;
}

std::string FraudModel::card() const {
  const FraudTraining& t = training_;
  std::string text = fmt::format(
      "# Fraud model\n\nProbability of `{} = {}`, learnt from {} transactions of which {} were fraud. Champion: "
      "**{}**, "
      "by average precision. Seed {}.\n\nCandidates on predictions made out of fold ({}), 95 % intervals:\n\n"
      "| candidate | average precision | AUC | MCC at the threshold | Brier | log loss | ECE (chance) |\n"
      "|---|---|---|---|---|---|---|\n",
      t.label, t.fraud, rows_, frauds_, champion_, t.seed,
      t.columns.time.empty()
          ? fmt::format("{} stratified folds", t.folds)
          : fmt::format("{} pieces walking forward in time, the first of which only calibrates", t.folds));
  for (const FraudCandidate& c : candidates_) {
    const FraudFigures& f = c.figures;
    text += fmt::format(
        "| {} | {:.4f} [{:.4f}, {:.4f}] | {:.4f} [{:.4f}, {:.4f}] | {:.4f} [{:.4f}, {:.4f}] | {:.5f} | {:.5f} | "
        "{:.5f} ({:.5f}) |\n",
        c.name, f.average_precision.estimate, f.average_precision.low, f.average_precision.high, f.auc.auc, f.auc.low,
        f.auc.high, f.mcc.estimate, f.mcc.low, f.mcc.high, f.brier, f.log_loss, f.ece, f.ece_chance);
  }
  text += fmt::format(
      "\nThe threshold {:.6g} has the least cost on these predictions: {} per investigation, {} per missed fraud. It "
      "costs {:.2f}; letting all pass {:.2f}, looking at all {:.2f}. The figures at the threshold come from the same "
      "predictions that chose it.\n\nInputs: {}.\n",
      curve_.best.threshold, t.costs.investigation,
      t.costs.amount_column.empty() ? fmt::format("{}", t.costs.missed) : "its `" + t.costs.amount_column + "`",
      curve_.best.cost, curve_.pass_all, curve_.review_all, fmt::join(schema().names(), ", "));
  for (const tabular::Finding& f : warnings_) text += fmt::format("\nData warning: {}.\n", f.text);
  return text;
}

}  // namespace ballast::risk
