// SPDX-License-Identifier: Apache-2.0
// From rows to a customer model: quality first, then candidates out of fold, the champion, its calibration.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/customers.h"
#include "ballast/risk/customers/text_input.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using tabular::ModelKind;
using tabular::Table;

// A column is looked at as a possible stand-out from this AUC on: weaker ones never tell more than all others.
constexpr double kStrongAlone = 0.7;
// Among fewer columns one that tells most is nothing odd.
constexpr std::size_t kFewestForStandOut = 5;

/// Per-row log loss: its mean difference has a standard error.
std::vector<double> losses(std::span<const double> probabilities, std::span<const std::uint8_t> truth) {
  std::vector<double> out;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double p = std::clamp(truth[i] != 0 ? probabilities[i] : 1 - probabilities[i], 1e-15, 1.0);
    out.push_back(-std::log(p));
  }
  return out;
}

}  // namespace

class CustomerTrainer {
 public:
  CustomerTrainer(const CustomerRows& rows, const CustomerTraining& training, const base::ProgressSink& progress)
      : training_(training), progress_(progress) {
    const auto labelled = tabular::labelled_rows(rows.table, rows.table.at(training.label), "");
    rows_ = rows.take(labelled);
    truth_ = tabular::binary_truth(rows_.table.at(training.label), training.positive);
    choose_inputs();
    fold_ = tabular::stratified_folds(truth_, training.folds, training.seed);
  }

  CustomerModel run() {
    check_quality();
    find_stand_out();
    read_texts();
    judge_all();
    compare_all();
    return finish();
  }

  OutOfFold out_of_fold() const {
    OutOfFold out{truth_, {}, probabilities_};
    for (const Plan& plan : plans_) out.names.push_back(plan.name());
    return out;
  }

 private:
  /// A model kind on the columns alone, on the columns and the texts, or on the texts alone.
  struct Plan {
    ModelKind kind;
    bool columns, texts;
    std::string name() const {
      if (!columns) return "text";
      return tabular::model_kind_name(kind) + std::string(texts ? " + text" : "");
    }
  };

  void report(const std::string& doing, std::int64_t done) const {
    if (progress_) progress_({doing, done, total_, "steps", "", false});
  }

  tabular::FitOptions options(ModelKind kind) const {
    tabular::FitOptions o;
    o.kind = kind;
    o.seed = training_.seed;
    return o;
  }

  void choose_inputs() {
    for (const std::string& name : training_.drop) rows_.table.at(name);  // a misspelt name would leave a leak in
    std::vector<std::string> out = training_.drop;
    out.push_back(training_.label);
    const Table inputs = rows_.table.without(out);
    const std::vector<std::string> identifiers = tabular::identifier_columns(inputs);
    for (const std::string& name : identifiers) {
      warn("identifier", {name}, name + " numbers the rows and is not an input");
    }
    inputs_ = inputs.without(identifiers);
    if (inputs_.columns.empty() && rows_.text_columns.empty()) {
      throw Error(ErrorCode::bad_input, "no input column is left");
    }
    of_columns_ = inputs_.without(rows_.text_numbers);
    of_texts_ = inputs_.without(of_columns_.schema().names());
  }

  void warn(const std::string& kind, std::vector<std::string> columns, const std::string& text) {
    model_.warnings_.push_back({kind, tabular::FindingSeverity::warning, std::move(columns), text});
  }

  void check_quality() {
    quality_ = tabular::quality_report(inputs_, truth_);
    for (const tabular::Finding& finding : quality_.findings) {
      if (finding.severity == tabular::FindingSeverity::leakage && !training_.accept_leakage) {
        throw Error(ErrorCode::bad_input,
                    fmt::format("the label seems to leak into {}: {}", fmt::join(quality_.leaking_columns(), ", "),
                                finding.text),
                    "", "leave the columns out with --drop, or say --accept-leakage");
      }
      if (finding.severity != tabular::FindingSeverity::note) model_.warnings_.push_back(finding);
    }
  }

  /// One column that alone tells more than all others together was perhaps written down after the outcome, such as how
  /// long the call took in which the customer answered. It may be honest, so this is a warning only.
  void find_stand_out() {
    if (inputs_.columns.size() < kFewestForStandOut) return;
    const auto top = std::max_element(quality_.columns.begin(), quality_.columns.end(),
                                      [](const auto& a, const auto& b) { return a.auc < b.auc; });
    if (!(top->auc >= kStrongAlone)) return;
    tabular::FitOptions o = options(ModelKind::boosted);
    o.boosted.depths = {4};
    o.boosted.max_rounds = 300;
    const std::vector<int> halves = tabular::stratified_folds(truth_, 2, 1);  // as the report judges single columns
    const std::vector<double> others =
        tabular::cross_fit(inputs_.without(std::vector<std::string>{top->name}), truth_, {}, halves, o);
    const double together = tabular::auc(others, truth_);
    if (together >= top->auc) return;
    warn("stand_out", {top->name},
         fmt::format(
             "{} alone tells the label better than all other columns together (AUC {:.3f} against {:.3f}); if it "
             "is known only after the outcome, leave it out with --drop",
             top->name, top->auc, together));
  }

  void read_texts() {
    if (!of_columns_.columns.empty()) {
      plans_ = {{ModelKind::logistic, true, false}, {ModelKind::boosted, true, false}};
    }
    if (!rows_.text_columns.empty() || !of_texts_.columns.empty()) {
      plans_.push_back({ModelKind::logistic, false, true});
      if (!of_columns_.columns.empty()) {
        plans_.push_back({ModelKind::logistic, true, true});
        plans_.push_back({ModelKind::boosted, true, true});
      }
    }
    total_ = std::ssize(plans_) + std::ssize(rows_.text_columns) + 1;
    for (std::size_t c = 0; c < rows_.text_columns.size(); ++c) {
      report("reading " + rows_.text_columns[c], done_++);
      nested_.push_back(
          nested_text_scores(rows_.text_columns[c], rows_.texts[c], truth_, fold_, training_.folds, training_.seed));
    }
  }

  const Table& base_of(const Plan& plan) const {
    return !plan.texts ? of_columns_ : plan.columns ? inputs_ : of_texts_;
  }

  /// Inputs of a plan; the texts' scores are those that the judging of this fold may use, or where `f` is negative each
  /// row's own out-of-fold score.
  Table table_of(const Plan& plan, int f) const {
    Table table = base_of(plan);
    for (std::size_t c = 0; plan.texts && c < nested_.size(); ++c) {
      std::vector<double> scores(truth_.size());
      for (std::size_t r = 0; r < scores.size(); ++r) {
        scores[r] = nested_[c][static_cast<std::size_t>(f < 0 ? fold_[r] : f)][r];
      }
      table.columns.push_back(text_score_column(rows_.text_columns[c], std::move(scores)));
    }
    return table;
  }

  std::vector<double> cross_fit(const Plan& plan) const {
    if (!plan.texts) return tabular::cross_fit(of_columns_, truth_, {}, fold_, options(plan.kind));
    std::vector<double> scores(truth_.size());
    base::parallel_for(training_.folds, [&](std::int64_t f) {
      const Table table = table_of(plan, static_cast<int>(f));
      const tabular::Split split = tabular::split_at(fold_, static_cast<int>(f));
      const auto pipeline = tabular::Pipeline::fit(
          table.take(split.train), tabular::take<std::uint8_t>(truth_, split.train), {}, options(plan.kind));
      const std::vector<double> mine = pipeline.scores(table.take(split.test));
      for (std::size_t i = 0; i < mine.size(); ++i) scores[static_cast<std::size_t>(split.test[i])] = mine[i];
    });
    return scores;
  }

  void judge_all() {
    for (const Plan& plan : plans_) {
      report("training " + plan.name(), done_++);
      const auto start = std::chrono::steady_clock::now();
      scores_.push_back(cross_fit(plan));
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      probabilities_.push_back(tabular::cross_calibrate(scores_.back(), truth_, fold_));
      model_.candidates_.push_back(judge(plan.name(), scores_.back(), probabilities_.back()));
      model_.candidates_.back().seconds = took.count();
    }
  }

  CustomerCandidate judge(const std::string& name, std::span<const double> scores,
                          std::span<const double> probabilities) const {
    CustomerCandidate c;
    c.name = name;
    c.auc = tabular::auc_with_interval(probabilities, truth_);
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
    c.average_precision = tabular::pr_auc(probabilities, truth_);
    c.brier = tabular::brier_score(probabilities, truth_);
    c.log_loss = tabular::log_loss(probabilities, truth_);
    const auto calibration = tabular::calibration_report(probabilities, truth_, training_.seed);
    c.ece = calibration.ece;
    c.ece_chance = calibration.chance_95;
    c.lift = lift_with_intervals(probabilities, truth_, {.seed = training_.seed});
    return c;
  }

  /// The candidate with the least log loss among those with, or without, texts.
  std::size_t best(bool with_texts, bool without_texts) const {
    std::size_t best = plans_.size();
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (!(plans_[i].texts ? with_texts : without_texts)) continue;
      if (best == plans_.size() || model_.candidates_[i].log_loss < model_.candidates_[best].log_loss) best = i;
    }
    return best;
  }

  void compare_all() {
    if (!of_columns_.columns.empty()) compare(0, 1);
    const std::size_t without = best(false, true), with = best(true, false);
    if (without < plans_.size() && with < plans_.size()) compare(without, with);
  }

  void compare(std::size_t champion, std::size_t challenger) {
    CandidateDifference d;
    d.champion = plans_[champion].name();
    d.challenger = plans_[challenger].name();
    d.auc = tabular::compare_auc(probabilities_[champion], probabilities_[challenger], truth_);
    const auto a = losses(probabilities_[champion], truth_), b = losses(probabilities_[challenger], truth_);
    const auto rows = static_cast<double>(a.size());
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) d.log_loss += (b[i] - a[i]) / rows;
    for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(b[i] - a[i] - d.log_loss, 2) / rows;
    d.log_loss_error = std::sqrt(squares / rows);
    d.lift = lift_difference(probabilities_[champion], probabilities_[challenger], truth_, {.seed = training_.seed});
    model_.differences_.push_back(std::move(d));
  }

  CustomerModel finish() {
    const std::size_t winner = best(true, true);
    const Plan& plan = plans_[winner];
    report("fitting " + plan.name() + " on all rows", done_);
    model_.champion_ = plan.name();
    model_.training_ = training_;
    model_.pipeline_ = tabular::Pipeline::fit(table_of(plan, -1), truth_, {}, options(plan.kind));
    model_.pipeline_.set_calibration(tabular::Calibration::fit(scores_[winner], truth_, training_.seed));
    model_.schema_ = base_of(plan).schema();
    for (const tabular::Column& column : base_of(plan).columns) {
      CustomerModel::Range range{INFINITY, -INFINITY};
      for (const double v : column.numbers) {
        if (!std::isnan(v)) range = {std::min(range.low, v), std::max(range.high, v)};
      }
      if (range.low <= range.high) model_.ranges_[column.spec.name] = range;
    }
    model_.reads_text_numbers_ = plan.texts && !of_texts_.columns.empty();
    std::vector<std::int64_t> all(truth_.size());
    std::iota(all.begin(), all.end(), std::int64_t{0});
    for (std::size_t c = 0; plan.texts && c < rows_.text_columns.size(); ++c) {
      const std::string& name = rows_.text_columns[c];
      model_.texts_.push_back(std::make_shared<CustomerModel::TextInput>(
          CustomerModel::TextInput{name, fit_text(name, rows_.texts[c], truth_, all, training_.seed)}));
    }
    model_.rows_ = std::ssize(truth_);
    model_.positive_rate_ = std::accumulate(truth_.begin(), truth_.end(), 0.0) / static_cast<double>(truth_.size());
    if (progress_) progress_({"done", total_, total_, "steps", "", true});
    return std::move(model_);
  }

  const CustomerTraining& training_;
  const base::ProgressSink& progress_;
  CustomerModel model_;
  CustomerRows rows_;
  Table inputs_, of_columns_, of_texts_;  // all inputs; those that are columns of their own; those made from texts
  tabular::QualityReport quality_;
  std::vector<std::uint8_t> truth_;
  std::vector<int> fold_;
  std::vector<std::vector<std::vector<double>>> nested_;  // [text column][fold][row]
  std::vector<Plan> plans_;
  std::vector<std::vector<double>> scores_, probabilities_;  // out of fold, one a plan
  std::int64_t done_ = 0, total_ = 0;
};

CustomerModel CustomerModel::train(const CustomerRows& rows, const CustomerTraining& training,
                                   const base::ProgressSink& progress, OutOfFold* out_of_fold) {
  CustomerTrainer trainer(rows, training, progress);
  CustomerModel model = trainer.run();
  if (out_of_fold != nullptr) *out_of_fold = trainer.out_of_fold();
  return model;
}

}  // namespace ballast::risk
