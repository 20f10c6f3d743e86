// SPDX-License-Identifier: Apache-2.0
// `ballast compare table|credit|churn|fraud`: an event from the columns of a table. Logistic regression, scorecard,
// boosted trees and a language model that reads the row as text, beside each other on the same rows, each calibrated on
// predictions made out of fold.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/risk/credit.h"
#include "ballast/risk/credit_text.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/quality.h"
#include "ballast/tabular/validation.h"
#include "compare.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using tabular::Table;

constexpr char kCellEnd = '\x1f';

std::string words_of(const CompareSide& side) {
  std::string names;
  for (const std::string& file : side.files) {
    names += (names.empty() ? "" : ", ") + std::filesystem::path(file).filename().string();
  }
  return fmt::format("{} ({} rows)", names, side.rows.size());
}

/// Labelled columns of one side, and the records that they came from.
struct Labelled {
  Table inputs;
  std::vector<std::uint8_t> truth;
  std::vector<ingest::Record> records;

  Labelled take(const std::vector<std::int64_t>& rows) const {
    return {inputs.take(rows), tabular::take<std::uint8_t>(truth, rows), tabular::take<ingest::Record>(records, rows)};
  }
};

class TableTask : public CompareTask {
 public:
  TableTask(const CompareArguments& a, const Common& common) : a_(a), common_(common) {
    if (a.positive.empty()) {
      throw Error(ErrorCode::usage, "is required: the value of the label that means the event", "--positive");
    }
    const CompareSide train = read_side(a.data, {a.label, a.group, a.time, a.available}, "--data", common);
    words_ = words_of(train);
    train_ = read_training(train);
    if (!a.test.empty()) {
      const CompareSide test = read_side(a.test, {a.label, a.group, a.time, a.available}, "--test", common);
      words_ += " to " + words_of(test);
      join(read_evaluation(test));
    } else {
      const std::vector<int> classes(train_.truth.begin(), train_.truth.end());
      folds_ = assign_folds(train_.records, classes, a.folds, a, common.seed);
    }
  }

  govern::SplitRows rows() const override {
    govern::SplitRows rows;
    rows.is_text = false;
    for (std::size_t i = 0; i < folds_.size(); ++i) {
      add_split_row(train_.records[i], folds_[i], a_, rows);
      std::string cells;
      for (const tabular::Column& column : train_.inputs.columns) {
        cells += tabular::cell_text(column, static_cast<std::int64_t>(i)) + kCellEnd;
      }
      rows.contents.push_back(std::move(cells));
    }
    return rows;
  }

  void drop(std::span<const std::uint8_t> marked) override {
    const auto kept = rows_where(marked, false);
    folds_ = tabular::take<int>(folds_, kept);
    train_ = train_.take(kept);
  }

  std::vector<std::string> own_checks() const override { return {"label leakage"}; }
  std::vector<std::string> own_findings() override {
    std::vector<std::string> findings;
    const Labelled seen = train_.take(learning_rows());
    for (const tabular::Finding& f : tabular::quality_report(seen.inputs, seen.truth).findings) {
      if (f.severity == tabular::FindingSeverity::leakage) findings.push_back("label leakage: " + f.text);
    }
    return findings;
  }

  govern::Comparison compare() override {
    check_classes();
    std::vector<govern::MethodRun> runs = {base_rate()};
    for (const auto kind : {tabular::ModelKind::logistic, tabular::ModelKind::scorecard, tabular::ModelKind::boosted}) {
      runs.push_back(run_of(kind));
    }
    if (!a_.no_language_model) runs.push_back(language_run());
    govern::JudgeOptions options;
    options.seed = common_.seed;
    options.rare_event = a_.task == "fraud";
    const std::vector<std::int64_t> judged = judged_rows();
    const std::vector<std::uint8_t> truth = tabular::take<std::uint8_t>(train_.truth, judged);
    return govern::judge_events(a_.task, truth, std::move(runs), options);
  }

  std::string data_words() const override { return words_; }
  std::pair<std::string, std::string> base_model() const override {
    if (a_.model.empty()) return {"", ""};
    return {a_.model, base::sha256_file(std::filesystem::path(a_.model) / "model.safetensors")};
  }
  std::vector<std::string> notes() const override {
    if (one_split()) return {"fitted on the training rows, Platt scaling from five folds of them"};
    return {fmt::format("predicted out of {} folds, each row calibrated by the other folds", a_.folds)};
  }

 private:
  bool one_split() const { return std::find(folds_.begin(), folds_.end(), govern::kTrainOnly) != folds_.end(); }

  template <class Which>
  std::vector<std::int64_t> rows_of(Which which) const {
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < folds_.size(); ++i) {
      if (which(folds_[i])) rows.push_back(static_cast<std::int64_t>(i));
    }
    return rows;
  }
  std::vector<std::int64_t> judged_rows() const {
    return rows_of([](int fold) { return fold != govern::kTrainOnly; });
  }

  /// Columns that are not inputs: the label, and what is only there for the checks.
  std::vector<std::string> not_inputs() const {
    std::vector<std::string> out = a_.drop;
    for (const std::string& column : {a_.label, a_.group, a_.time, a_.available}) {
      if (!column.empty()) out.push_back(column);
    }
    return out;
  }

  Labelled read_training(const CompareSide& side) {
    RowQuarantine quarantine(common_);
    tabular::TableOptions options;
    options.categorical = a_.categorical;
    options.categorical.push_back(a_.label);
    const Table table = tabular::infer_table(side.rows, options, quarantine.sink());
    if (a_.task == "credit") leave_out_protected(table);
    const Labelled out = labelled(table, side, quarantine);
    for (const std::string& name : tabular::identifier_columns(out.inputs)) {
      say(common_, name + " numbers the rows and is not an input");
      identifiers_.push_back(name);
    }
    return {out.inputs.without(identifiers_), out.truth, out.records};
  }

  /// As the credit desk does: what a law may protect is no input (`compare table` uses all columns).
  void leave_out_protected(const Table& table) {
    for (const std::string& name : risk::protected_by_name(table)) {
      if (name == a_.label) continue;
      say(common_, name + " is taken as protected by its name and is not an input");
      a_.drop.push_back(name);
    }
  }

  Labelled read_evaluation(const CompareSide& side) {
    RowQuarantine quarantine(common_);
    tabular::Schema schema = train_.inputs.schema();
    tabular::ColumnSpec label{a_.label, tabular::ColumnKind::categorical, false, true, labels_};
    schema.columns.push_back(label);
    return labelled(tabular::table_as(schema, side.rows, quarantine.sink()), side, quarantine);
  }

  Labelled labelled(const Table& all, const CompareSide& side, RowQuarantine& quarantine) {
    const Table table = all.take(tabular::labelled_rows(all, all.at(a_.label), side.files.front(), quarantine.sink()));
    quarantine.finish(false);
    if (table.rows() == 0)
      throw Error(ErrorCode::bad_input, "no row has a label", side.files.front(), "column " + a_.label);
    const tabular::Column& label = table.at(a_.label);
    if (labels_.empty()) labels_ = label.spec.levels;
    Labelled out;
    out.truth = tabular::binary_truth(label, a_.positive);
    out.inputs = table.without(not_inputs());
    if (out.inputs.columns.empty()) throw Error(ErrorCode::bad_input, "no input column is left", side.files.front());
    // Rows that were set aside are gone from the table, in order.
    std::size_t at = 0;
    for (const std::int64_t line : table.lines) {
      while (side.rows[at].line != line) ++at;
      out.records.push_back(side.rows[at++]);
    }
    return out;
  }

  void join(const Labelled& evaluation) {
    folds_.assign(train_.records.size(), govern::kTrainOnly);
    folds_.resize(train_.records.size() + evaluation.records.size(), 0);
    for (std::size_t c = 0; c < train_.inputs.columns.size(); ++c) {
      tabular::Column& mine = train_.inputs.columns[c];
      const tabular::Column& more = evaluation.inputs.at(mine.spec.name);
      mine.numbers.insert(mine.numbers.end(), more.numbers.begin(), more.numbers.end());
      mine.codes.insert(mine.codes.end(), more.codes.begin(), more.codes.end());
    }
    train_.inputs.lines.insert(train_.inputs.lines.end(), evaluation.inputs.lines.begin(),
                               evaluation.inputs.lines.end());
    train_.truth.insert(train_.truth.end(), evaluation.truth.begin(), evaluation.truth.end());
    train_.records.insert(train_.records.end(), evaluation.records.begin(), evaluation.records.end());
  }

  void check_classes() const {
    for (const bool judged : {true, false}) {
      if (!judged && !one_split()) continue;
      const auto rows = rows_of([&](int fold) { return (fold != govern::kTrainOnly) == judged; });
      const auto truth = tabular::take<std::uint8_t>(train_.truth, rows);
      const auto positives = std::count(truth.begin(), truth.end(), 1);
      if (positives > 0 && positives < static_cast<std::ptrdiff_t>(truth.size())) continue;
      throw Error(ErrorCode::bad_input,
                  fmt::format("the {} rows hold one class only ({} of {} are \"{}\")",
                              judged ? "evaluation" : "training", positives, truth.size(), a_.positive),
                  "column " + a_.label);
    }
  }

  std::vector<std::int64_t> learning_rows() const {
    return one_split() ? rows_of([](int fold) { return fold == govern::kTrainOnly; }) : judged_rows();
  }

  govern::MethodRun base_rate() const {
    const auto truth = tabular::take<std::uint8_t>(train_.truth, learning_rows());
    const double rate = std::accumulate(truth.begin(), truth.end(), 0.0) / static_cast<double>(truth.size());
    govern::MethodRun run;
    run.name = "base rate";
    run.family = govern::Family::baseline;
    run.probabilities.assign(judged_rows().size(), rate);
    return run;
  }

  govern::MethodRun run_of(tabular::ModelKind kind) const {
    tabular::FitOptions options;
    options.kind = kind;
    options.seed = common_.seed;
    govern::MethodRun run;
    run.name = tabular::model_kind_name(kind);
    CostMeter meter;
    if (one_split()) {
      const Labelled learn = train_.take(learning_rows());
      const tabular::Pipeline pipeline = meter.train([&] { return fit_calibrated(learn, options); });
      run.probabilities = meter.score([&] { return pipeline.probabilities(train_.inputs.take(judged_rows())); });
      store_size(pipeline, run);
    } else {
      const std::vector<double> scores =
          meter.train([&] { return tabular::cross_fit(train_.inputs, train_.truth, {}, folds_, options); });
      run.probabilities = tabular::cross_calibrate(scores, train_.truth, folds_);
      const auto pipeline =
          meter.train([&] { return tabular::Pipeline::fit(train_.inputs, train_.truth, {}, options); });
      meter.score([&] { return pipeline.probabilities(train_.inputs); });
      store_size(pipeline, run);
    }
    run.cost = meter.cost();
    return run;
  }

  tabular::Pipeline fit_calibrated(const Labelled& learn, const tabular::FitOptions& options) const {
    constexpr int kFolds = 5;
    tabular::Pipeline pipeline = tabular::Pipeline::fit(learn.inputs, learn.truth, {}, options);
    const std::vector<int> inner = tabular::stratified_folds(learn.truth, kFolds, common_.seed);
    const auto scores = tabular::cross_fit(learn.inputs, learn.truth, {}, inner, options);
    pipeline.set_calibration(tabular::Calibration::fit(scores, learn.truth, common_.seed));
    return pipeline;
  }

  govern::MethodRun language_run() const {
    govern::MethodRun run;
    run.name = "language model";
    run.family = govern::Family::language_model;
    run.note = "the row as text, read by a small transformer and n-grams; " +
               (a_.model.empty() ? std::string("from scratch") : "fine-tuned from " + a_.model);
    CostMeter meter;
    const std::vector<std::int64_t> learning = learning_rows(), judged = judged_rows();
    const Labelled learn = train_.take(learning);
    constexpr int kInnerFolds = 5;
    const std::vector<int> folds = one_split() ? tabular::stratified_folds(learn.truth, kInnerFolds, common_.seed)
                                               : tabular::take<int>(folds_, learning);
    const std::vector<double> scores = meter.train([&] { return cross_read(learn, folds); });
    say(common_, "training the language model on all training rows");
    const risk::LanguagePart part = meter.train([&] { return read(learn); });
    const auto said = meter.score([&] { return part.scores(train_.inputs.take(judged)); });
    if (one_split()) {
      run.probabilities = calibrated(tabular::Calibration::fit(scores, learn.truth, common_.seed), said);
    } else {
      run.probabilities = tabular::cross_calibrate(scores, learn.truth, folds);
    }
    run.cost = meter.cost();
    std::tie(run.model_hash, run.model_bytes) =
        measure_files([&](const std::string& folder) { part.reader->save(folder); });
    return run;
  }

  static std::vector<double> calibrated(const tabular::Calibration& calibration, std::vector<double> scores) {
    for (double& x : scores) x = calibration.probability(x);
    return scores;
  }

  risk::LanguagePart read(const Labelled& rows) const {
    return risk::LanguagePart::fit(rows.inputs, rows.truth, {}, common_.seed, risk::language_model_trainer(a_.model));
  }

  std::vector<double> cross_read(const Labelled& rows, const std::vector<int>& folds) const {
    std::vector<double> scores(folds.size());
    const int count = 1 + *std::max_element(folds.begin(), folds.end());
    for (int f = 0; f < count; ++f) {
      say(common_, fmt::format("the language model reads fold {} of {}", f + 1, count));
      const tabular::Split split = tabular::split_at(folds, f);
      const auto mine = read(rows.take(split.train)).scores(rows.take(split.test).inputs);
      for (std::size_t i = 0; i < mine.size(); ++i) scores[static_cast<std::size_t>(split.test[i])] = mine[i];
    }
    return scores;
  }

  static void store_size(const tabular::Pipeline& pipeline, govern::MethodRun& run) {
    const std::string stored = base::dump_json(pipeline.to_json());
    run.model_hash = base::sha256_hex(stored);
    run.model_bytes = static_cast<std::int64_t>(stored.size());
  }

  CompareArguments a_;
  const Common& common_;
  std::string words_;
  std::vector<std::string> labels_, identifiers_;
  Labelled train_;  // all rows, those of the evaluation file after the training rows
  std::vector<int> folds_;
};

}  // namespace

std::unique_ptr<CompareTask> make_table_task(const CompareArguments& arguments, const Common& common) {
  return std::make_unique<TableTask>(arguments, common);
}

}  // namespace ballast::apps
