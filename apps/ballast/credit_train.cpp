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
#include "credit.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct TrainArguments {
  std::vector<std::string> data, protect, use, drop, categorical;
  std::string label, bad, output, words;
  double min_impact = 0, max_gap = 1, cut_off = -1;
  int folds = 5;
  bool reweigh = false, prefer_simple = false, accept_leakage = false, strict = false;
};

risk::CreditTraining training_of(const TrainArguments& a, const tabular::Table& table, const Common& common) {
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
  t.prefer_simple = a.prefer_simple;
  t.accept_leakage = a.accept_leakage;
  if (!a.words.empty()) t.words = risk::parse_column_words(base::read_file(a.words), a.words);
  t.folds = a.folds;
  t.seed = common.seed;
  t.data = file_hashes(a.data);
  return t;
}

std::string verdict(const risk::CreditModel& model) {
  const auto& all = model.candidates();
  const auto best =
      std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.log_loss < b.log_loss; });
  if (best->name != model.champion()) {
    return fmt::format("{} wins as the simplest: {} has the least log loss, but by {:.4f} only (standard error {:.4f})",
                       model.champion(), best->name, -best->loss_difference, best->loss_error);
  }
  for (const risk::CreditCandidate& c : all) {
    if (&c == &*best) break;
    if (c.loss_difference <= c.loss_error) {
      return fmt::format(
          "{} wins with the least log loss; the simpler {} is within one standard error of it ({:.4f} of "
          "{:.4f})",
          best->name, c.name, c.loss_difference, c.loss_error);
    }
  }
  return fmt::format("{} wins with the least log loss, and no simpler candidate is within one standard error of it",
                     best->name);
}

void print_fairness(const risk::CreditModel& model) {
  for (const risk::FairnessAudit& audit : model.fairness()) {
    const risk::ThresholdOutcome& at = audit.thresholds.front();
    fmt::print("\n{} at the cut-off PD {:.4f} ({:.1f} % approved)\n", audit.column, at.threshold,
               100 * at.approval_rate);
    fmt::print("  {:<36} {:>7} {:>9} {:>8} {:>12} {:>8} {:>9}\n", "group", "rows", "approved", "impact", "opportunity",
               "mean PD", "observed");
    for (std::size_t g = 0; g < at.groups.size(); ++g) {
      const risk::GroupOutcome& o = at.groups[g];
      const risk::GroupCalibration& c = audit.calibration[g];
      fmt::print("  {:<36} {:>7} {:>9.3f} {:>8.3f} {:>12.3f} {:>8.3f} {:>9.3f}{}\n", o.group, o.rows, o.approval_rate,
                 o.adverse_impact, o.opportunity, c.mean_pd, c.observed, o.judged ? "" : "  too few to judge");
    }
  }
  if (!model.fairness_limit()) return;
  const auto found = risk::breaches(model.fairness(), *model.fairness_limit());
  for (const auto& breach : found) fmt::print("breach: {}\n", risk::describe(breach));
  if (!found.empty()) {
    fmt::print("{}\n", model.fair_cut_off() ? fmt::format("a cut-off of {:.4f} for everybody would breach nothing",
                                                          *model.fair_cut_off())
                                            : "no single cut-off keeps the limit");
  }
}

void print_text(const risk::CreditModel& model) {
  fmt::print("{} rows, {:.2f} % bad, {} inputs\n", model.rows(), 100 * model.default_rate(),
             model.schema().columns.size());
  fmt::print("{:<10} {:>24} {:>15} {:>7} {:>7} {:>7} {:>7} {:>15} {:>9} {:>8}\n", "candidate", "AUC [95 %]",
             "fold mean (sd)", "KS", "AP", "Brier", "loss", "ECE (chance)", "DeLong p", "seconds");
  for (const risk::CreditCandidate& c : model.candidates()) {
    fmt::print("{:<10} {:>24} {:>15} {:>7.4f} {:>7.4f} {:>7.4f} {:>7.4f} {:>15} {:>9} {:>8.1f}\n", c.name,
               fmt::format("{:.4f} [{:.4f}, {:.4f}]", c.auc.auc, c.auc.low, c.auc.high),
               fmt::format("{:.4f} ({:.4f})", c.fold_auc, c.fold_sd), c.ks, c.average_precision, c.brier, c.log_loss,
               fmt::format("{:.4f} ({:.4f})", c.ece, c.ece_chance),
               c.name == model.champion() ? "-" : fmt::format("{:.3g}", c.p_value), c.seconds);
  }
  fmt::print("{}\n", verdict(model));
  print_fairness(model);
}

void run(const TrainArguments& a, const Common& common) {
  base::set_threads(common.threads);
  RowQuarantine quarantine(common);
  tabular::TableOptions options;
  options.categorical = a.categorical;
  options.categorical.push_back(a.label);
  tabular::Table table = tabular::read_table(a.data, options, quarantine.sink());
  table = table.take(tabular::labelled_rows(table, table.at(a.label), a.data[0], quarantine.sink()));
  quarantine.finish(a.strict);
  const risk::CreditTraining training = training_of(a, table, common);
  const risk::CreditModel model = risk::CreditModel::train(table, training, terminal_progress(common));
  for (const tabular::Finding& f : model.warnings()) say(common, "data: " + f.text);
  model.save(a.output);
  if (common.json) {
    Json json = model.to_json();
    for (const char* inside : {"schema", "parts", "scorecard", "calibration", "offset"}) json.erase(inside);
    json["verdict"] = verdict(model);
    json["output"] = a.output;
    json["quarantined"] = quarantine.count();
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_text(model);
  }
}

}  // namespace

void add_credit_train(CLI::App& credit, Common& common) {
  CLI::App* verb = credit.add_subcommand("train", "Compare candidates out of fold and save the champion");
  const auto a = std::make_shared<TrainArguments>();
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
  verb->add_option("--folds", a->folds, "Stratified folds")->check(CLI::Range(2, 20));
  verb->add_flag("--reweigh", a->reweigh, "Weights that make protected groups and outcome independent");
  verb->add_flag("--prefer-simple", a->prefer_simple,
                 "The simplest candidate within one standard error of the least log loss wins");
  verb->add_flag("--accept-leakage", a->accept_leakage, "Train although the label seems to leak");
  verb->add_flag("--strict", a->strict, "Bad rows are an error");
  add_common(
      *verb, common,
      "ballast credit train --data german.csv --label label --bad bad --output models/german --protected age_years");
  verb->callback([a, &common] { run(*a, common); });
}

}  // namespace ballast::apps
