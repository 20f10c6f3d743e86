// SPDX-License-Identifier: Apache-2.0
// From a table of transactions to a fraud model: quality first, candidates out of fold, the champion, its threshold.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/risk/operations_fraud.h"
#include "ballast/tabular/fold_plan.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {

using base::Error;
using base::ErrorCode;
using tabular::ModelKind;
using tabular::Table;

namespace {

constexpr double kDay = 86400;

/// Mean and (population) standard deviation.
std::array<double, 2> mean_and_sd(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0;
  for (const double v : values) square += (v - mean) * (v - mean) / n;
  return {mean, std::sqrt(square)};
}

}  // namespace

class FraudTrainer {
 public:
  FraudTrainer(const Table& table, const FraudTraining& training, const base::ProgressSink& progress)
      : training_(training), progress_(progress) {
    table_ = table.take(tabular::labelled_rows(table, table.at(training.label), ""));
    truth_ = tabular::binary_truth(table_.at(training.label), training.fraud);
    const auto& amount = training.costs.amount_column;
    losses_.assign(truth_.size(), training.costs.missed);
    if (!amount.empty()) losses_ = numbers(amount, "the amount");
    if (!training.columns.time.empty()) times_ = numbers(training.columns.time, "the time");
    choose_inputs();
    check_quality();
    plan_ = times_.empty() ? tabular::stratified_plan(truth_, training.folds, training.seed)
                           : tabular::forward_plan(times_, training.folds, training.embargo);
    judged_ = plan_.judged();
    for (int k = plan_.forward ? 1 : 0; k < training.folds; ++k) require_both_classes(k);
  }

  FraudModel run() {
    std::vector<std::vector<double>> scores;
    std::vector<ModelKind> kinds;
    std::size_t best = 0;
    for (const ModelKind kind : {ModelKind::logistic, ModelKind::boosted}) {
      const std::string name = tabular::model_kind_name(kind);
      if (!training_.only.empty() && training_.only != name) continue;
      report("training " + name, static_cast<int>(kinds.size()));
      const auto start = std::chrono::steady_clock::now();
      scores.push_back(tabular::cross_fit(inputs_, truth_, plan_, options(kind)));
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      kinds.push_back(kind);
      judge(name, scores.back(), took.count());
      const auto ap = [&](std::size_t c) { return model_.candidates_[c].figures.average_precision.estimate; };
      if (ap(kinds.size() - 1) > ap(best)) best = kinds.size() - 1;
    }
    if (kinds.empty()) throw Error(ErrorCode::usage, "the candidates are logistic and boosted", training_.only);
    report("fitting the champion", static_cast<int>(kinds.size()));
    build(kinds[best], scores[best], curves_[best]);
    if (progress_) progress_({"done", 3, 3, "steps", "", true});
    return std::move(model_);
  }

 private:
  void report(const std::string& doing, int done) {
    if (progress_) progress_({doing, done, 3, "steps", "", false});
  }

  std::vector<double> numbers(const std::string& name, const char* what) const {
    const tabular::Column& column = table_.at(name);
    if (column.spec.kind != tabular::ColumnKind::numeric || column.spec.had_missing) {
      throw Error(ErrorCode::bad_input, fmt::format("{} in column \"{}\" must be a number in every row", what, name));
    }
    return column.numbers;
  }

  tabular::FitOptions options(ModelKind kind) const {
    tabular::FitOptions o;
    o.kind = kind;
    o.seed = training_.seed;
    if (training_.library_defaults) {
      o.logistic.grid = {1};
      o.boosted.folds = 0;
      o.boosted.base.depth = 6;
      o.boosted.base.rounds = 100;
      o.boosted.base.eta = 0.3;
      o.boosted.base.subsample = o.boosted.base.column_sample = 1;
    }
    return o;
  }

  void choose_inputs() {
    for (const std::string& name : training_.drop) table_.at(name);  // a misspelt name would leave a leak in
    std::vector<std::string> out = training_.drop;
    out.push_back(training_.label);
    const TransactionColumns& c = training_.columns;
    for (const std::string& name : {c.id, c.time, c.group}) {
      if (!name.empty()) out.push_back(name);
    }
    const Table inputs = table_.without(out);
    const std::vector<std::string> identifiers = tabular::identifier_columns(inputs);
    for (const std::string& name : identifiers) {
      model_.warnings_.push_back(
          {"identifier", tabular::FindingSeverity::warning, {name}, name + " numbers the rows and is not an input"});
    }
    inputs_ = inputs.without(identifiers);
    if (inputs_.columns.empty()) throw Error(ErrorCode::bad_input, "no input column is left");
    for (const tabular::Column& column : inputs_.columns) {
      const std::string& name = column.spec.name;
      if (!name.ends_with("_id") && !name.ends_with("Id")) continue;
      model_.warnings_.push_back({"identifier",
                                  tabular::FindingSeverity::warning,
                                  {name},
                                  name + " is an input although its name says that it only tells things apart"});
    }
  }

  void check_quality() {
    const tabular::QualityReport report = tabular::quality_report(inputs_, truth_);
    for (const tabular::Finding& finding : report.findings) {
      if (finding.severity == tabular::FindingSeverity::leakage && !training_.accept_leakage) {
        throw Error(
            ErrorCode::bad_input,
            fmt::format("the label seems to leak into {}: {}", fmt::join(report.leaking_columns(), ", "), finding.text),
            "", "leave the columns out with --drop, or say --accept-leakage");
      }
      if (finding.severity != tabular::FindingSeverity::note) model_.warnings_.push_back(finding);
    }
  }

  void require_both_classes(int fold) const {
    const auto& rows = plan_.splits[static_cast<std::size_t>(fold)].test;
    const auto frauds = std::count_if(rows.begin(), rows.end(),
                                      [&](std::int64_t r) { return truth_[static_cast<std::size_t>(r)] != 0; });
    if (frauds > 1 && frauds + 1 < static_cast<std::ptrdiff_t>(rows.size())) return;
    throw Error(ErrorCode::bad_input,
                fmt::format("piece {} of the time has {} rows and {} frauds: it can judge nothing", fold + 2,
                            rows.size(), frauds),
                "", "fewer --folds");
  }

  void judge(const std::string& name, std::span<const double> scores, double seconds) {
    const std::vector<double> calibrated = tabular::cross_calibrate(scores, truth_, plan_);
    const std::vector<double> probabilities = tabular::take<double>(calibrated, judged_);
    const std::vector<double> losses = tabular::take<double>(losses_, judged_);
    const std::vector<std::uint8_t> truth = tabular::take<std::uint8_t>(truth_, judged_);
    curves_.push_back(cost_curve(probabilities, truth, losses, training_.costs));
    FraudCandidate c;
    c.name = name;
    c.seconds = seconds;
    c.figures =
        fraud_figures(probabilities, truth, losses, training_.costs, curves_.back().best.threshold, training_.seed);
    c.figures.cards = cards(probabilities, truth);
    std::vector<double> aps, aucs;
    for (int k = plan_.forward ? 1 : 0; k < training_.folds; ++k) {
      const auto& rows = plan_.splits[static_cast<std::size_t>(k)].test;
      const auto s = tabular::take<double>(scores, rows);
      const auto t = tabular::take<std::uint8_t>(truth_, rows);
      aps.push_back(tabular::pr_auc(s, t));
      aucs.push_back(tabular::auc(s, t));
    }
    const auto [ap, ap_sd] = mean_and_sd(aps);
    const auto [auc, auc_sd] = mean_and_sd(aucs);
    c.fold_ap = ap, c.fold_ap_sd = ap_sd, c.fold_auc = auc, c.fold_auc_sd = auc_sd;
    model_.candidates_.push_back(std::move(c));
  }

  std::optional<CardPrecision> cards(std::span<const double> probabilities, std::span<const std::uint8_t> truth) const {
    if (times_.empty() || training_.columns.group.empty()) return {};
    const tabular::Column& column = table_.at(training_.columns.group);
    std::vector<std::int64_t> group, day;
    for (const std::int64_t row : judged_) {
      const auto r = static_cast<std::size_t>(row);
      group.push_back(column.spec.kind == tabular::ColumnKind::categorical
                          ? column.codes[r]
                          : static_cast<std::int64_t>(column.numbers[r]));
      day.push_back(static_cast<std::int64_t>(std::floor(times_[r] / kDay)));
    }
    return card_precision(probabilities, truth, group, day, training_.top_cards);
  }

  void build(ModelKind kind, std::span<const double> scores, const CostCurve& curve) {
    model_.champion_ = tabular::model_kind_name(kind);
    model_.curve_ = curve;
    model_.pipeline_ = tabular::Pipeline::fit(inputs_, truth_, {}, options(kind));
    std::vector<std::int64_t> predicted;
    for (std::size_t i = 0; i < plan_.fold.size(); ++i) {
      if (plan_.fold[i] >= 0) predicted.push_back(static_cast<std::int64_t>(i));
    }
    const auto truth = tabular::take<std::uint8_t>(truth_, predicted);
    model_.pipeline_.set_calibration(
        tabular::Calibration::fit(tabular::take<double>(scores, predicted), truth, training_.seed));
    model_.training_ = training_;
    model_.rows_ = static_cast<std::int64_t>(truth_.size());
    model_.frauds_ = std::count(truth_.begin(), truth_.end(), std::uint8_t{1});
  }

  FraudTraining training_;
  base::ProgressSink progress_;
  Table table_, inputs_;
  std::vector<std::uint8_t> truth_;
  std::vector<double> losses_, times_;
  tabular::FoldPlan plan_;
  std::vector<std::int64_t> judged_;
  std::vector<CostCurve> curves_;  // a candidate each
  FraudModel model_;
};

FraudModel FraudModel::train(const Table& table, const FraudTraining& training, const base::ProgressSink& progress) {
  return FraudTrainer(table, training, progress).run();
}

}  // namespace ballast::risk
