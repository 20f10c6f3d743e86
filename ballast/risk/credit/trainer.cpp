// SPDX-License-Identifier: Apache-2.0
// From a table to a credit model: quality first, then candidates out of fold, the champion, its calibration, the audit.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/risk/credit.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"

namespace ballast::risk {

using base::Error;
using base::ErrorCode;
using tabular::ModelKind;
using tabular::Table;

class CreditTrainer {
 public:
  CreditTrainer(const Table& table, const CreditTraining& training, const base::ProgressSink& progress)
      : training_(training), progress_(progress) {
    const std::vector<std::int64_t> labelled = tabular::labelled_rows(table, table.at(training.label), "");
    table_ = table.take(labelled);
    truth_ = tabular::binary_truth(table_.at(training.label), training.bad);
    choose_inputs();
    fold_ = tabular::stratified_folds(truth_, training.folds, training.seed);
    for (const std::string& column : training.protected_columns) groups_.push_back(groups_of(table_.at(column)));
    if (training.reweigh) {
      if (groups_.empty()) throw Error(ErrorCode::usage, "reweighing needs a protected column");
      weights_ = reweighing(groups_, truth_);
    }
  }

  CreditModel run() {
    check_quality();
    constexpr int kSteps = 5;
    int done = 0;
    for (const ModelKind kind : {ModelKind::scorecard, ModelKind::logistic, ModelKind::boosted}) {
      report(fmt::format("training {}", tabular::model_kind_name(kind)), done++, kSteps);
      const auto start = std::chrono::steady_clock::now();
      scores_.push_back(tabular::cross_fit(inputs_, truth_, weights_, fold_, options(kind)));
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      judge(tabular::model_kind_name(kind), took.count());
    }
    scores_.push_back(stack_out_of_fold());
    judge("stack", 0);
    const std::size_t champion = choose();
    report("fitting the champion " + model_.candidates_[champion].name, done++, kSteps);
    build(champion);
    report("auditing", done++, kSteps);
    audit(champion);
    report("done", kSteps, kSteps, true);
    model_.training_ = training_;
    return std::move(model_);
  }

 private:
  void report(const std::string& doing, int done, int total, bool finished = false) {
    if (progress_) progress_({doing, done, total, "steps", "", finished});
  }

  tabular::FitOptions options(ModelKind kind) const {
    tabular::FitOptions o;
    o.kind = kind;
    o.seed = training_.seed;
    return o;
  }

  void choose_inputs() {
    std::vector<std::string> out = training_.drop;
    out.push_back(training_.label);
    for (const std::string& column : training_.protected_columns) {
      table_.at(column);
      const auto& allowed = training_.allowed_columns;
      if (std::find(allowed.begin(), allowed.end(), column) == allowed.end()) out.push_back(column);
    }
    Table inputs = table_.without(out);
    const std::vector<std::string> identifiers = tabular::identifier_columns(inputs);
    for (const std::string& name : identifiers) {
      model_.warnings_.push_back(
          {"identifier", tabular::FindingSeverity::warning, {name}, name + " numbers the rows and is not an input"});
    }
    inputs_ = inputs.without(identifiers);
    if (inputs_.columns.empty()) throw Error(ErrorCode::bad_input, "no input column is left");
  }

  void check_quality() {
    const tabular::QualityReport report = tabular::quality_report(inputs_, truth_);
    for (const tabular::Finding& finding : report.findings) {
      if (finding.severity == tabular::FindingSeverity::leakage && !training_.accept_leakage) {
        throw Error(
            ErrorCode::bad_input,
            fmt::format("the label seems to leak into {}: {}", fmt::join(report.leaking_columns(), ", "), finding.text),
            "", "leave the columns out, or say --accept-leakage");
      }
      if (finding.severity != tabular::FindingSeverity::note) model_.warnings_.push_back(finding);
    }
  }

  /// Weights of the three models' log-odds: a logistic regression on their out-of-fold scores. A negative weight would
  /// turn a model's reasons round, so such models are left out, the worst first.
  tabular::LogisticModel stack_weights(std::span<const std::int64_t> rows) const {
    std::vector<std::size_t> used = {0, 1, 2};
    tabular::LogisticModel out{0, {0, 0, 0}, 1};
    while (true) {
      tabular::Matrix x{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(used.size()), {}};
      for (const std::int64_t r : rows) {
        for (const std::size_t m : used) x.values.push_back(scores_[m][static_cast<std::size_t>(r)]);
      }
      const auto fit = tabular::fit_logistic(x, tabular::take<std::uint8_t>(truth_, rows), {}, 10);
      const auto worst = std::min_element(fit.coefficients.begin(), fit.coefficients.end());
      if (*worst < 0 && used.size() > 1) {
        used.erase(used.begin() + (worst - fit.coefficients.begin()));
        continue;
      }
      out.intercept = fit.intercept;
      for (std::size_t i = 0; i < used.size(); ++i) out.coefficients[used[i]] = fit.coefficients[i];
      return out;
    }
  }

  double stacked(const tabular::LogisticModel& weights, std::size_t row) const {
    double sum = weights.intercept;
    for (std::size_t m = 0; m < 3; ++m) sum += weights.coefficients[m] * scores_[m][row];
    return sum;
  }

  std::vector<double> stack_out_of_fold() const {
    std::vector<double> out(truth_.size());
    for (int f = 0; f < training_.folds; ++f) {
      const tabular::Split split = tabular::split_at(fold_, f);
      const auto weights = stack_weights(split.train);
      for (const std::int64_t r : split.test)
        out[static_cast<std::size_t>(r)] = stacked(weights, static_cast<std::size_t>(r));
    }
    return out;
  }

  void judge(const std::string& name, double seconds) {
    const std::vector<double>& scores = scores_.back();
    probabilities_.push_back(tabular::cross_calibrate(scores, truth_, fold_));
    const std::vector<double>& pd = probabilities_.back();
    CreditCandidate c;
    c.name = name;
    c.seconds = seconds;
    c.auc = tabular::auc_with_interval(pd, truth_);
    std::vector<double> of_folds;
    for (int f = 0; f < training_.folds; ++f) {
      const tabular::Split split = tabular::split_at(fold_, f);
      of_folds.push_back(
          tabular::auc(tabular::take<double>(scores, split.test), tabular::take<std::uint8_t>(truth_, split.test)));
    }
    const auto folds = static_cast<double>(of_folds.size());
    c.fold_auc = std::accumulate(of_folds.begin(), of_folds.end(), 0.0) / folds;
    for (const double a : of_folds) c.fold_sd += (a - c.fold_auc) * (a - c.fold_auc) / folds;
    c.fold_sd = std::sqrt(c.fold_sd);
    c.ks = tabular::ks_distance(pd, truth_);
    c.brier = tabular::brier_score(pd, truth_);
    c.average_precision = tabular::pr_auc(pd, truth_);
    c.log_loss = tabular::log_loss(pd, truth_);
    const auto calibration = tabular::calibration_report(pd, truth_, training_.seed);
    c.ece = calibration.ece;
    c.ece_chance = calibration.chance_95;
    model_.candidates_.push_back(c);
  }

  /// Mean and standard error of the rows' differences in log loss, a − b.
  std::array<double, 2> loss_difference(std::size_t a, std::size_t b) const {
    const auto loss = [&](std::size_t m, std::size_t i) {
      const double p = std::clamp(probabilities_[m][i], 1e-15, 1 - 1e-15);
      return truth_[i] != 0 ? -std::log(p) : -std::log1p(-p);
    };
    const auto n = static_cast<double>(truth_.size());
    double sum = 0, square = 0;
    for (std::size_t i = 0; i < truth_.size(); ++i) sum += loss(a, i) - loss(b, i);
    const double mean = sum / n;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
      const double d = loss(a, i) - loss(b, i) - mean;
      square += d * d;
    }
    return {mean, std::sqrt(square / (n - 1) / n)};
  }

  /// See CreditModel::train.
  std::size_t choose() {
    auto& all = model_.candidates_;
    std::size_t best = 0;
    for (std::size_t m = 1; m < all.size(); ++m) {
      if (all[m].log_loss < all[best].log_loss) best = m;
    }
    std::size_t champion = best;
    for (std::size_t m = best; training_.prefer_simple && m-- > 0;) {
      const auto [difference, error] = loss_difference(m, best);
      if (difference <= error) champion = m;
    }
    for (std::size_t m = 0; m < all.size(); ++m) {
      const auto comparison = tabular::compare_auc(probabilities_[champion], probabilities_[m], truth_);
      all[m].difference = comparison.difference;
      all[m].p_value = m == champion ? 1 : comparison.p_value;
      const auto [difference, error] = loss_difference(m, champion);
      all[m].loss_difference = difference;
      all[m].loss_error = error;
    }
    model_.champion_ = all[champion].name;
    return champion;
  }

  void build(std::size_t champion) {
    std::vector<double> weights = {0, 0, 0};
    if (champion < 3) {
      weights[champion] = 1;
    } else {
      std::vector<std::int64_t> rows(truth_.size());
      std::iota(rows.begin(), rows.end(), 0);
      const auto stack = stack_weights(rows);
      weights = stack.coefficients;
      model_.offset_ = stack.intercept;
      for (std::size_t i = 0; i < truth_.size(); ++i) scores_[3][i] = stacked(stack, i);
    }
    static constexpr ModelKind kKinds[] = {ModelKind::scorecard, ModelKind::logistic, ModelKind::boosted};
    for (std::size_t m = 0; m < 3; ++m) {
      if (weights[m] == 0 && kKinds[m] != ModelKind::scorecard) continue;
      tabular::Pipeline pipeline = tabular::Pipeline::fit(inputs_, truth_, weights_, options(kKinds[m]));
      if (kKinds[m] == ModelKind::scorecard) {
        model_.card_ = pipeline;
        model_.card_->set_calibration(tabular::Calibration::fit(scores_[m], truth_, training_.seed));
      }
      if (weights[m] != 0) model_.parts_.push_back({weights[m], std::move(pipeline)});
    }
    model_.calibration_ = tabular::Calibration::fit(scores_[champion], truth_, training_.seed);
    model_.schema_ = inputs_.schema();
    model_.grades_ = default_grades();
    model_.rows_ = static_cast<std::int64_t>(truth_.size());
    model_.default_rate_ = std::accumulate(truth_.begin(), truth_.end(), 0.0) / static_cast<double>(truth_.size());
  }

  void audit(std::size_t champion) {
    const std::vector<double>& pd = probabilities_[champion];
    model_.cut_off_ = training_.cut_off.value_or(model_.default_rate_);
    for (const GroupLabels& groups : groups_) {
      model_.fairness_.push_back(audit_fairness(groups, pd, truth_, model_.cut_off_));
    }
    if (training_.fairness) model_.fair_cut_off_ = fair_threshold(groups_, pd, truth_, *training_.fairness);
  }

  CreditTraining training_;
  base::ProgressSink progress_;
  Table table_, inputs_;
  std::vector<std::uint8_t> truth_;
  std::vector<int> fold_;
  std::vector<double> weights_;
  std::vector<GroupLabels> groups_;
  std::vector<std::vector<double>> scores_, probabilities_;  // a candidate each, out of fold
  CreditModel model_;
};

CreditModel CreditModel::train(const Table& table, const CreditTraining& training, const base::ProgressSink& progress) {
  return CreditTrainer(table, training, progress).run();
}

}  // namespace ballast::risk
