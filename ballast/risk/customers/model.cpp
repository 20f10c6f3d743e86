// SPDX-License-Identifier: Apache-2.0
// Training, scoring and the artefact of a customer model.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/risk/customers.h"
#include "ballast/risk/log_odds.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using tabular::ModelKind;
using tabular::Table;

constexpr const char* kFile = "customers.json";
constexpr int kVersion = 1;
constexpr std::size_t kTenths = 10;

Table inputs_of(const Table& table, const CustomerTraining& training, std::vector<tabular::Finding>& warnings) {
  for (const std::string& name : training.drop) table.at(name);  // a misspelt name would leave a leak in
  std::vector<std::string> out = training.drop;
  out.push_back(training.label);
  const Table inputs = table.without(out);
  const std::vector<std::string> identifiers = tabular::identifier_columns(inputs);
  for (const std::string& name : identifiers) {
    warnings.push_back(
        {"identifier", tabular::FindingSeverity::warning, {name}, name + " numbers the rows and is not an input"});
  }
  Table kept = inputs.without(identifiers);
  if (kept.columns.empty()) throw Error(ErrorCode::bad_input, "no input column is left");
  return kept;
}

void check_quality(const Table& inputs, std::span<const std::uint8_t> truth, bool accept_leakage,
                   std::vector<tabular::Finding>& warnings) {
  const tabular::QualityReport report = tabular::quality_report(inputs, truth);
  for (const tabular::Finding& finding : report.findings) {
    if (finding.severity == tabular::FindingSeverity::leakage && !accept_leakage) {
      throw Error(
          ErrorCode::bad_input,
          fmt::format("the label seems to leak into {}: {}", fmt::join(report.leaking_columns(), ", "), finding.text),
          "", "leave the columns out, or accept the leakage");
    }
    if (finding.severity != tabular::FindingSeverity::note) warnings.push_back(finding);
  }
}

CustomerCandidate judge(const std::string& name, std::span<const double> scores, std::span<const std::uint8_t> truth,
                        std::span<const int> fold, const CustomerTraining& training) {
  const std::vector<double> probabilities = tabular::cross_calibrate(scores, truth, fold);
  CustomerCandidate c;
  c.name = name;
  c.auc = tabular::auc_with_interval(probabilities, truth);
  std::vector<double> of_folds;
  for (int f = 0; f < training.folds; ++f) {
    const tabular::Split split = tabular::split_at(fold, f);
    of_folds.push_back(
        tabular::auc(tabular::take<double>(scores, split.test), tabular::take<std::uint8_t>(truth, split.test)));
  }
  const auto folds = static_cast<double>(of_folds.size());
  c.fold_auc = std::accumulate(of_folds.begin(), of_folds.end(), 0.0) / folds;
  for (const double a : of_folds) c.fold_sd += (a - c.fold_auc) * (a - c.fold_auc) / folds;
  c.fold_sd = std::sqrt(c.fold_sd);
  c.average_precision = tabular::pr_auc(probabilities, truth);
  c.brier = tabular::brier_score(probabilities, truth);
  c.log_loss = tabular::log_loss(probabilities, truth);
  const auto calibration = tabular::calibration_report(probabilities, truth, training.seed);
  c.ece = calibration.ece;
  c.ece_chance = calibration.chance_95;
  c.lift = lift_by_decile(probabilities, truth);
  return c;
}

}  // namespace

CustomerModel CustomerModel::train(const Table& table, const CustomerTraining& training,
                                   const base::ProgressSink& progress) {
  const Table rows = table.take(tabular::labelled_rows(table, table.at(training.label), ""));
  const std::vector<std::uint8_t> truth = tabular::binary_truth(rows.at(training.label), training.positive);
  CustomerModel model;
  const Table inputs = inputs_of(rows, training, model.warnings_);
  check_quality(inputs, truth, training.accept_leakage, model.warnings_);
  const std::vector<int> fold = tabular::stratified_folds(truth, training.folds, training.seed);
  static constexpr ModelKind kKinds[] = {ModelKind::logistic, ModelKind::boosted};
  std::size_t best = 0, done = 0;
  std::vector<std::vector<double>> scores;
  tabular::FitOptions options;
  options.seed = training.seed;
  for (const ModelKind kind : kKinds) {
    const std::string name = tabular::model_kind_name(kind);
    if (progress) progress({"training " + name, static_cast<std::int64_t>(done++), 3, "steps", "", false});
    options.kind = kind;
    const auto start = std::chrono::steady_clock::now();
    scores.push_back(tabular::cross_fit(inputs, truth, {}, fold, options));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    model.candidates_.push_back(judge(name, scores.back(), truth, fold, training));
    model.candidates_.back().seconds = took.count();
    if (model.candidates_.back().log_loss < model.candidates_[best].log_loss) best = model.candidates_.size() - 1;
  }
  options.kind = kKinds[best];
  model.champion_ = model.candidates_[best].name;
  model.pipeline_ = tabular::Pipeline::fit(inputs, truth, {}, options);
  model.pipeline_.set_calibration(tabular::Calibration::fit(scores[best], truth, training.seed));
  model.pipeline_.provenance = {{"label", training.label}, {"positive", training.positive}, {"dropped", training.drop},
                                {"folds", training.folds}, {"seed", training.seed},         {"data", training.data}};
  if (progress) progress({"done", 3, 3, "steps", "", true});
  return model;
}

std::vector<CustomerScore> CustomerModel::score(const Table& customers) const {
  const std::vector<double> raw = pipeline_.scores(customers);
  const tabular::Contributions added = pipeline_.contributions(customers);
  const tabular::Calibration& calibration = *pipeline_.calibration();
  const double slope = calibration.platt.a;
  std::vector<CustomerScore> out;
  for (std::int64_t row = 0; row < customers.rows(); ++row) {
    const auto r = static_cast<std::size_t>(row);
    CustomerScore score;
    score.line = customers.lines[r];
    score.micro_base = micro(slope * added.base + calibration.platt.b);
    score.micro_score = score.micro_base;
    const std::span<const double> values = added.values.row(row);
    for (std::size_t c = 0; c < added.columns.size(); ++c) {
      const tabular::Column& column = customers.at(added.columns[c]);
      score.reasons.push_back({added.columns[c], tabular::cell_text(column, row), micro(slope * values[c])});
      score.micro_score += score.reasons.back().micro_points;
    }
    std::stable_sort(score.reasons.begin(), score.reasons.end(), [](const CustomerReason& a, const CustomerReason& b) {
      return std::abs(a.micro_points) > std::abs(b.micro_points);
    });
    score.probability = sigmoid(static_cast<double>(score.micro_score) / kMicro);
    const auto interval = calibration.interval(raw[r]);
    score.interval = {std::min(interval[0], score.probability), std::max(interval[1], score.probability)};
    out.push_back(std::move(score));
  }
  return out;
}

Json to_json(const CustomerCandidate& c) {
  return {{"name", c.name},
          {"auc", c.auc.auc},
          {"auc_interval", {c.auc.low, c.auc.high}},
          {"fold_auc", c.fold_auc},
          {"fold_sd", c.fold_sd},
          {"average_precision", c.average_precision},
          {"brier", c.brier},
          {"log_loss", c.log_loss},
          {"ece", c.ece},
          {"ece_chance_95", c.ece_chance},
          {"seconds", c.seconds},
          {"lift_by_decile", c.lift}};
}

Json to_json(const CustomerScore& score) {
  Json json = {{"row", score.line},
               {"probability", score.probability},
               {"interval", score.interval},
               {"base", static_cast<double>(score.micro_base) / kMicro},
               {"score", static_cast<double>(score.micro_score) / kMicro},
               {"reasons", Json::array()}};
  for (const CustomerReason& reason : score.reasons) {
    json["reasons"].push_back({{"column", reason.column},
                               {"value", reason.value},
                               {"points", static_cast<double>(reason.micro_points) / kMicro}});
  }
  return json;
}

void CustomerModel::save(const std::filesystem::path& folder) const {
  Json candidates = Json::array();
  for (const CustomerCandidate& c : candidates_) candidates.push_back(to_json(c));
  const Json json = {
      {"format", kVersion}, {"champion", champion_}, {"candidates", candidates}, {"pipeline", pipeline_.to_json()}};
  base::write_directory_atomic(folder, [&](const std::filesystem::path& inside) {
    base::write_file_atomic(inside / kFile, base::dump_json(json) + "\n");
  });
}

CustomerModel CustomerModel::load(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kFile;
  if (!std::filesystem::is_regular_file(file)) {
    throw Error(ErrorCode::not_found, "holds no customer model", folder.string(),
                "a folder with " + std::string(kFile));
  }
  const Json json = base::read_json(file);
  const std::string where = file.string();
  const int version = base::json_field<int>(json, "format", where);
  if (version != kVersion) {
    throw Error(ErrorCode::unsupported, fmt::format("format {} is not {}", version, kVersion), where);
  }
  CustomerModel model;
  model.champion_ = base::json_field<std::string>(json, "champion", where);
  model.pipeline_ = tabular::Pipeline::from_json(base::json_field<Json>(json, "pipeline", where), where);
  if (!model.pipeline_.calibration()) throw Error(ErrorCode::bad_input, "the model is not calibrated", where);
  for (const Json& c : base::json_field<Json>(json, "candidates", where)) {
    CustomerCandidate candidate;
    candidate.name = base::json_field<std::string>(c, "name", where);
    candidate.auc.auc = base::json_field<double>(c, "auc", where);
    candidate.log_loss = base::json_field<double>(c, "log_loss", where);
    model.candidates_.push_back(candidate);
  }
  return model;
}

std::vector<double> lift_by_decile(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  BALLAST_CHECK(scores.size() == truth.size(), scores.size());
  const double positives = std::accumulate(truth.begin(), truth.end(), 0.0);
  if (truth.size() < kTenths || positives == 0) {
    throw Error(ErrorCode::bad_input, "lift needs ten rows and a positive one");
  }
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<double> lift;
  for (std::size_t d = 0; d < kTenths; ++d) {
    const std::size_t begin = d * order.size() / kTenths, end = (d + 1) * order.size() / kTenths;
    double found = 0;
    for (std::size_t i = begin; i < end; ++i) found += truth[order[i]];
    lift.push_back(found / static_cast<double>(end - begin) / (positives / static_cast<double>(order.size())));
  }
  return lift;
}

}  // namespace ballast::risk
