// SPDX-License-Identifier: Apache-2.0
// ballast credit train: candidates compared out of fold, the champion calibrated, audited and saved.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/credit.h"
#include "ballast/risk/credit_trend.h"
#include "ballast/tabular/validation.h"
#include "budget.h"
#include "credit.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct CreditTrainTrainArguments {
  std::vector<std::string> data, protect, use, drop, categorical, text_columns;
  std::string label, bad, output, words, folds_file, trend, trend_key, as_of, calibration = "platt", language_model;
  double min_impact = 0, max_gap = 1, cut_off = -1, fairness_penalty = 0;
  int folds = 5;
  bool with_language_model = false, reweigh = false, prefer_simple = false, accept_leakage = false, strict = false;
  Budget budget;
};

risk::CreditTraining training_of(const CreditTrainTrainArguments& a, const tabular::Table& table,
                                 const Common& common) {
  risk::CreditTraining t;
  t.label = a.label;
  t.bad = a.bad;
  t.protected_columns = a.protect;
  for (const std::string& name : risk::protected_by_name(table)) {
    if (name == a.label || std::find(a.protect.begin(), a.protect.end(), name) != a.protect.end()) continue;
    if (std::find(a.drop.begin(), a.drop.end(), name) != a.drop.end()) continue;
    t.protected_columns.push_back(name);
    if (std::find(a.use.begin(), a.use.end(), name) == a.use.end()) {
      say(common, name + " is taken as protected by its name: audited, not an input (--use " + name + " makes it one)");
    }
  }
  for (const std::string& name : a.use) {
    if (std::find(t.protected_columns.begin(), t.protected_columns.end(), name) == t.protected_columns.end()) {
      throw Error(ErrorCode::usage, "--use " + name + ": the column is not protected, so it is an input anyway");
    }
  }
  t.allowed_columns = a.use;
  t.drop = a.drop;
  if (a.min_impact > 0 || a.max_gap < 1) t.fairness = risk::FairnessLimit{a.min_impact, a.max_gap};
  if (t.fairness && t.protected_columns.empty()) {
    throw Error(ErrorCode::usage, "a fairness limit needs a protected column", "", "--protected C");
  }
  if (a.cut_off >= 0) t.cut_off = a.cut_off;
  t.reweigh = a.reweigh;
  t.fairness_penalty = a.fairness_penalty;
  t.prefer_simple = a.prefer_simple;
  t.accept_leakage = a.accept_leakage;
  if (!a.words.empty()) t.words = risk::parse_column_words(base::read_file(a.words), a.words);
  t.calibration = tabular::calibration_method_named(a.calibration);
  t.text_columns = a.text_columns;
  t.language_model = a.with_language_model;
  t.trend_key = a.trend_key;
  t.as_of = a.as_of;
  if (!a.as_of.empty()) t.drop.push_back(a.as_of);  // a date is no input
  if (!a.folds_file.empty()) t.fold = tabular::read_folds(a.folds_file, table.lines);
  t.folds = a.folds;
  t.seed = common.seed;
  t.data = file_hashes(a.data);
  return t;
}

/// The applications, with the trend's columns beside them where there is one.
tabular::Table read_applications_credit_train(const CreditTrainTrainArguments& a,
                                              std::vector<std::string>& trend_columns,
                                              const ingest::QuarantineSink& sink) {
  if (!a.folds_file.empty() && a.data.size() > 1) {
    throw Error(ErrorCode::usage, "--folds-file goes with one file of applications", "",
                "its rows are lines of that file");
  }
  if (a.trend.empty() != a.trend_key.empty() || a.trend.empty() != a.as_of.empty()) {
    throw Error(ErrorCode::usage, "--trend, --trend-key and --as-of go together");
  }
  tabular::TableOptions options;
  options.categorical = a.categorical;
  options.categorical.push_back(a.label);
  options.categorical.insert(options.categorical.end(), a.text_columns.begin(), a.text_columns.end());
  std::vector<ingest::Record> rows = read_rows(a.data, sink);
  if (!a.trend.empty()) {
    const auto series = risk::TrendSeries::read(a.trend, a.trend_key, sink);
    rows = risk::join_trend(std::move(rows), series, a.as_of, sink);
    if (rows.empty()) throw Error(ErrorCode::bad_input, "no application has a date", a.data.front());
    trend_columns = series.columns();
  }
  return tabular::infer_table(rows, options, sink);
}

void run_credit_train(const CreditTrainTrainArguments& a, const Common& common) {
  base::set_threads(common.threads);
  RowQuarantine quarantine(common);
  std::vector<std::string> trend_columns;
  tabular::Table table = read_applications_credit_train(a, trend_columns, quarantine.sink());
  table = table.take(tabular::labelled_rows(table, table.at(a.label), a.data[0], quarantine.sink()));
  quarantine.finish(a.strict);
  risk::CreditTraining training = training_of(a, table, common);
  training.trend_columns = trend_columns;
  risk::CreditReaders readers;
  if (!a.language_model.empty()) readers.language_model = risk::language_model_trainer(a.language_model);
  const risk::CreditModel model =
      risk::CreditModel::train(table, training, within_budget(a.budget, terminal_progress(common)), readers);
  for (const tabular::Finding& f : model.warnings()) say(common, "data: " + f.text);
  model.save(a.output);
  if (common.json) {
    Json json = model.to_json();
    for (const char* inside : {"schema", "parts", "scorecard", "calibration", "offset", "ranges"}) json.erase(inside);
    json["verdict"] = credit_verdict(model);
    json["output"] = a.output;
    json["cost"] = process_cost();
    json["quarantined"] = quarantine.count();
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_credit_model(model);
  }
}

}  // namespace

void add_credit_train(CLI::App& credit, Common& common) {
  CLI::App* verb = credit.add_subcommand("train", "Compare candidates out of fold and save the champion");
  const auto a = std::make_shared<CreditTrainTrainArguments>();
  verb->add_option("--data", a->data, "CSV or JSONL files with the same columns")->required();
  verb->add_option("--label", a->label, "The column that says how it ended")->required();
  verb->add_option("--bad", a->bad, "Its value that means default")->required();
  verb->add_option("--output", a->output, "Folder of the model")->required();
  verb->add_option("--protected", a->protect, "Columns that are audited and not inputs");
  verb->add_option("--use", a->use, "Protected columns that are inputs all the same");
  verb->add_option("--drop", a->drop, "Columns to leave out");
  verb->add_option("--categorical", a->categorical, "Columns whose numbers are names");
  verb->add_option("--words", a->words, "TOML file with [column] en, zh: how reasons call a column");
  verb->add_option("--min-adverse-impact", a->min_impact, "Fairness limit: approval rate over the best group's")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--max-opportunity-gap", a->max_gap, "Fairness limit: gap in approval of those who repay")
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--cut-off", a->cut_off, "Approve at or below this PD in the audit (default: the default rate)")
      ->check(CLI::Range(0.0, 1.0));
  CLI::Option* folds = verb->add_option("--folds", a->folds, "Stratified folds")->check(CLI::Range(2, 20));
  verb->add_option("--folds-file", a->folds_file,
                   "CSV with the columns row (the line in --data, its header being 1) and fold, in place of --folds")
      ->excludes(folds);
  verb->add_option("--calibration", a->calibration, "platt, temperature or isotonic")
      ->check(CLI::IsMember({"platt", "temperature", "isotonic"}))
      ->capture_default_str();
  verb->add_option(
          "--language-model", a->language_model,
          "Also a language model over the application as text, and a stack with it: slow. With a model folder, "
          "fine-tuned from that; else from scratch")
      ->expected(0, 1);
  verb->add_option("--text-column", a->text_columns,
                   "Columns of free text: read by an n-gram model into one number each");
  verb->add_option("--trend", a->trend,
                   "A dated series beside the columns: CSV with the key, available_at and numbers");
  verb->add_option("--trend-key", a->trend_key,
                   "The column, in both files, that says which series is an application's");
  verb->add_option("--as-of", a->as_of, "The applications' date: later values of the series are not used");
  verb->add_flag("--reweigh", a->reweigh, "Weights that make protected groups and outcome independent");
  verb->add_option("--fairness-penalty", a->fairness_penalty,
                   "Logistic regression with a penalty on differences of protected groups' mean scores; it then wins")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--prefer-simple", a->prefer_simple,
                 "The simplest candidate within one standard error of the least log loss wins");
  verb->add_flag("--accept-leakage", a->accept_leakage, "Train although the label seems to leak");
  verb->add_flag("--strict", a->strict, "Bad rows are an error");
  add_budget(*verb, a->budget);
  add_common(
      *verb, common,
      "ballast credit train --data german.csv --label label --bad bad --output models/german --protected age_years");
  verb->callback([a, &common, verb] {
    a->with_language_model = verb->count("--language-model") > 0;
    run_credit_train(*a, common);
  });
}

}  // namespace ballast::apps
