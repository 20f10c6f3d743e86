// SPDX-License-Identifier: Apache-2.0
// From a table to a credit model: quality first, then candidates out of fold, the champion, its calibration, the audit.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/risk/credit.h"
#include "ballast/risk/credit/candidates.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using tabular::ModelKind;
using tabular::Table;

constexpr ModelKind kKinds[] = {ModelKind::scorecard, ModelKind::logistic, ModelKind::boosted};
constexpr std::size_t kTraditional = 3;  // base models before the language model

/// A candidate: one base model, or a stack of the first so many.
struct Recipe {
  std::string name;
  std::vector<std::size_t> bases;
  std::vector<double> scores, pd;  // out of fold; pd calibrated by the other folds
  bool stack() const { return bases.size() > 1; }
};

}  // namespace

class CreditTrainer {
 public:
  CreditTrainer(const Table& table, const CreditTraining& training, const base::ProgressSink& progress,
                const CreditReaders& readers)
      : training_(training), progress_(progress), readers_(readers) {
    const std::vector<std::int64_t> labelled = tabular::labelled_rows(table, table.at(training.label), "");
    table_ = table.take(labelled);
    truth_ = tabular::binary_truth(table_.at(training.label), training.bad);
    choose_folds(labelled, table.rows());
    default_rate_ = std::accumulate(truth_.begin(), truth_.end(), 0.0) / static_cast<double>(truth_.size());
    for (const std::string& column : training.protected_columns) groups_.push_back(groups_of(table_.at(column)));
    if (training.reweigh) {
      if (groups_.empty()) throw Error(ErrorCode::usage, "reweighing needs a protected column");
      weights_ = reweighing(groups_, truth_);
    }
    if (training.fairness_penalty > 0 && groups_.empty()) {
      throw Error(ErrorCode::usage, "a fairness penalty needs a protected column");
    }
    model_.cut_off_ = training_.cut_off.value_or(default_rate_);
    steps_ = 6 + (training.language_model ? 1 : 0);
  }

  CreditModel run() {
    const Table inputs = choose_inputs();
    if (!training_.text_columns.empty()) report("reading notes");
    inputs_.emplace(inputs, truth_, fold_, training_, readers_.notes, [this] { report("reading notes", false); });
    done_ = 1;
    check_quality();
    note_ranges();
    fit_bases();
    make_recipes();
    const std::size_t champion = choose();
    report("fitting the champion " + recipes_[champion].name);
    build(recipes_[champion]);
    report("auditing");
    audit(recipes_[champion].pd);
    measure_lifts();
    model_.training_ = training_;
    model_.training_.fold.clear();  // belongs to the rows, which do not travel
    if (progress_) progress_({"done", steps_, steps_, "steps", "", true});
    return std::move(model_);
  }

 private:
  void report(const std::string& doing, bool next = true) {
    if (progress_) progress_({doing, done_, steps_, "steps", "", false});
    if (next) ++done_;
  }

  tabular::FitOptions fit_options(ModelKind kind) const {
    tabular::FitOptions options = credit_fit_options(kind, table_.rows(), training_.seed);
    if (kind != ModelKind::logistic || training_.fairness_penalty == 0) return options;
    options.logistic.penalty.strength = training_.fairness_penalty;
    for (const GroupLabels& groups : groups_) options.logistic.penalty.groups.push_back(groups.group);
    return options;
  }

  void choose_folds(std::span<const std::int64_t> labelled, std::int64_t rows) {
    if (training_.fold.empty()) {
      fold_ = tabular::stratified_folds(truth_, training_.folds, training_.seed);
      return;
    }
    BALLAST_CHECK(static_cast<std::int64_t>(training_.fold.size()) == rows, rows);
    fold_ = tabular::take<int>(training_.fold, labelled);
    training_.folds = 1 + *std::max_element(fold_.begin(), fold_.end());
    for (int f = 0; f < training_.folds; ++f) {
      const auto own = tabular::take<std::uint8_t>(truth_, tabular::split_at(fold_, f).test);
      const auto bads = std::count_if(own.begin(), own.end(), [](std::uint8_t t) { return t != 0; });
      if (bads == 0 || bads == static_cast<std::ptrdiff_t>(own.size())) {
        throw Error(ErrorCode::bad_input, fmt::format("fold {} holds {} rows of one class only", f, own.size()));
      }
    }
  }

  Table choose_inputs() {
    std::vector<std::string> out = training_.drop;
    out.push_back(training_.label);
    for (const std::string& column : training_.protected_columns) {
      table_.at(column);
      const auto& allowed = training_.allowed_columns;
      if (std::find(allowed.begin(), allowed.end(), column) == allowed.end()) out.push_back(column);
    }
    for (const std::string& column : training_.text_columns) {
      if (std::find(out.begin(), out.end(), column) != out.end()) {
        throw Error(ErrorCode::usage, "the text column \"" + column + "\" is the label, dropped or protected");
      }
      if (table_.at(column).spec.kind != tabular::ColumnKind::categorical) {
        throw Error(ErrorCode::bad_input, "the text column \"" + column + "\" holds numbers");
      }
    }
    Table inputs = table_.without(out);
    const std::vector<std::string> identifiers = tabular::identifier_columns(inputs.without(training_.text_columns));
    for (const std::string& name : identifiers) {
      model_.warnings_.push_back(
          {"identifier", tabular::FindingSeverity::warning, {name}, name + " numbers the rows and is not an input"});
    }
    inputs = inputs.without(identifiers);
    if (inputs.columns.empty()) throw Error(ErrorCode::bad_input, "no input column is left");
    return inputs;
  }

  void check_quality() {
    const tabular::QualityReport report = tabular::quality_report(inputs_->whole(), truth_);
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

  void note_ranges() {
    for (const tabular::Column& column : inputs_->whole().columns) {
      const auto& texts = training_.text_columns;
      if (column.spec.kind != tabular::ColumnKind::numeric ||
          std::find(texts.begin(), texts.end(), column.spec.name) != texts.end()) {
        continue;
      }
      CreditModel::Range range;
      bool any = false;
      for (const double v : column.numbers) {
        if (std::isnan(v)) continue;
        range = any ? CreditModel::Range{std::min(range.low, v), std::max(range.high, v)} : CreditModel::Range{v, v};
        any = true;
      }
      if (any) model_.ranges_[column.spec.name] = range;
    }
  }

  void fit_bases() {
    for (const ModelKind kind : kKinds) {
      report(fmt::format("training {}", tabular::model_kind_name(kind)));
      const auto start = std::chrono::steady_clock::now();
      scores_.push_back(cross_fit_pipeline(*inputs_, truth_, weights_, fold_, fit_options(kind)));
      seconds_.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    if (!training_.language_model) return;
    report("training the language model");
    const auto start = std::chrono::steady_clock::now();
    std::int64_t truncated = 0;
    scores_.push_back(cross_fit_language(*inputs_, truth_, fold_, training_, readers_.language_model, truncated));
    seconds_.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (truncated > 0) {
      model_.warnings_.push_back(
          {"truncated",
           tabular::FindingSeverity::warning,
           {},
           fmt::format("{} applications are longer than the language model reads; their ends were cut", truncated)});
    }
  }

  void make_recipes() {
    std::vector<Recipe> recipes = {
        {"scorecard", {0}, {}, {}}, {"logistic", {1}, {}, {}}, {"boosted", {2}, {}, {}}, {"stack", {0, 1, 2}, {}, {}}};
    if (training_.language_model) {
      recipes.push_back({"language", {kTraditional}, {}, {}});
      recipes.push_back({"stack_language", {0, 1, 2, kTraditional}, {}, {}});
    }
    for (Recipe& recipe : recipes) {
      recipe.scores =
          recipe.stack() ? stack_out_of_fold(base_scores(recipe), truth_, fold_) : scores_[recipe.bases.front()];
      recipe.pd = tabular::cross_calibrate(recipe.scores, truth_, fold_, training_.calibration);
      CreditCandidate c =
          judge_candidate(recipe.name, recipe.scores, recipe.pd, truth_, fold_, model_.cut_off_, training_.seed);
      if (!recipe.stack()) c.seconds = seconds_[recipe.bases.front()];
      model_.candidates_.push_back(c);
    }
    recipes_ = std::move(recipes);
  }

  std::span<const std::vector<double>> base_scores(const Recipe& recipe) const {
    return std::span(scores_).first(recipe.bases.size());  // a stack is made of the first so many
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
      const auto [difference, error] = log_loss_difference(recipes_[m].pd, recipes_[best].pd, truth_);
      if (difference <= error) champion = m;
    }
    // The penalty acts on logistic regression alone: who asks for it gets that model.
    if (training_.fairness_penalty > 0) champion = 1;
    for (std::size_t m = 0; m < all.size(); ++m) {
      const auto comparison = tabular::compare_auc(recipes_[champion].pd, recipes_[m].pd, truth_);
      all[m].difference = comparison.difference;
      all[m].p_value = m == champion ? 1 : comparison.p_value;
      const auto [difference, error] = log_loss_difference(recipes_[m].pd, recipes_[champion].pd, truth_);
      all[m].loss_difference = difference;
      all[m].loss_error = error;
    }
    model_.champion_ = all[champion].name;
    return champion;
  }

  void build(const Recipe& champion) {
    std::vector<double> weights(kTraditional + 1, 0);
    std::vector<double> scores = champion.scores;
    if (champion.stack()) {
      std::vector<std::int64_t> rows(truth_.size());
      std::iota(rows.begin(), rows.end(), 0);
      const auto stack = stack_weights(base_scores(champion), truth_, rows);
      std::copy(stack.coefficients.begin(), stack.coefficients.end(), weights.begin());
      model_.offset_ = stack.intercept;
      for (std::size_t i = 0; i < truth_.size(); ++i) scores[i] = stacked(stack, base_scores(champion), i);
    } else {
      weights[champion.bases.front()] = 1;
    }
    for (std::size_t m = 0; m < kTraditional; ++m) {
      if (weights[m] == 0 && kKinds[m] != ModelKind::scorecard) continue;
      tabular::Pipeline pipeline = tabular::Pipeline::fit(inputs_->whole(), truth_, weights_, fit_options(kKinds[m]));
      if (kKinds[m] == ModelKind::scorecard) {
        model_.card_ = pipeline;
        model_.card_->set_calibration(tabular::Calibration::fit(scores_[m], truth_, training_.seed));
      }
      if (weights[m] != 0) model_.parts_.push_back({weights[m], std::move(pipeline), nullptr});
    }
    if (weights[kTraditional] != 0) {
      model_.parts_.push_back(
          {weights[kTraditional],
           {},
           std::make_shared<LanguagePart>(
               LanguagePart::fit(inputs_->whole(), truth_, training_.words, training_.seed, readers_.language_model))});
    }
    for (std::size_t i = 0; i < training_.text_columns.size(); ++i) {
      const ReaderExamples all{inputs_->texts(i), truth_, truth_.size(), training_.seed};
      model_.notes_.push_back({training_.text_columns[i], readers_.notes(all)});
    }
    model_.calibration_ = tabular::ScoreCalibration::fit(training_.calibration, scores, truth_, training_.seed);
    model_.schema_ = inputs_->whole().schema();
    model_.grades_ = default_grades();
    model_.rows_ = static_cast<std::int64_t>(truth_.size());
    model_.default_rate_ = default_rate_;
  }

  void audit(std::span<const double> pd) {
    for (const GroupLabels& groups : groups_) {
      model_.fairness_.push_back(audit_fairness(groups, pd, truth_, model_.cut_off_, training_.seed));
    }
    if (training_.fairness) model_.fair_cut_off_ = fair_threshold(groups_, pd, truth_, *training_.fairness);
  }

  /// Text columns one by one, the trend's together.
  void measure_lifts() {
    std::vector<std::vector<std::string>> extras;
    for (const std::string& column : training_.text_columns) extras.push_back({column});
    if (!training_.trend_columns.empty()) extras.push_back(training_.trend_columns);
    for (const auto& columns : extras) {
      if (inputs_->whole().without(columns).columns.empty()) continue;
      for (const std::size_t m : {std::size_t{1}, std::size_t{2}}) {
        const auto without = cross_fit_pipeline(*inputs_, truth_, weights_, fold_, fit_options(kKinds[m]), columns);
        const auto pd = tabular::cross_calibrate(without, truth_, fold_, training_.calibration);
        const auto [difference, error] = log_loss_difference(recipes_[m].pd, pd, truth_);
        model_.lifts_.push_back({columns, tabular::model_kind_name(kKinds[m]),
                                 tabular::compare_auc(pd, recipes_[m].pd, truth_), difference, error});
      }
    }
  }

  CreditTraining training_;
  base::ProgressSink progress_;
  CreditReaders readers_;
  Table table_;
  std::optional<FoldInputs> inputs_;
  std::vector<std::uint8_t> truth_;
  std::vector<int> fold_;
  std::vector<double> weights_;
  std::vector<GroupLabels> groups_;
  double default_rate_ = 0;
  std::vector<std::vector<double>> scores_;  // a base model each, out of fold
  std::vector<double> seconds_;
  std::vector<Recipe> recipes_;
  int done_ = 0, steps_ = 0;
  CreditModel model_;
};

CreditModel CreditModel::train(const Table& table, const CreditTraining& training, const base::ProgressSink& progress,
                               const CreditReaders& readers) {
  return CreditTrainer(table, training, progress, readers).run();
}

}  // namespace ballast::risk
