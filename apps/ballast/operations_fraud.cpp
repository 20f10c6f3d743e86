// SPDX-License-Identifier: Apache-2.0
// ballast operations fraud train: candidates compared out of fold, the threshold of least cost, the champion saved.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/decide/fraud_desk.h"
#include "ballast/risk/operations_fraud.h"
#include "budget.h"
#include "fraud_figures.h"
#include "operations.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct OperationsFraudTrainArguments {
  std::vector<std::string> data, categorical;
  std::string output, costs, rules;
  double embargo_days = 0;
  bool strict = false;
  risk::FraudTraining training;
  CLI::Option *investigation = nullptr, *missed = nullptr, *amount = nullptr, *false_block = nullptr;
  Budget budget;
};

/// The file's costs, and over them what the options say.
risk::FraudCosts costs_of(const OperationsFraudTrainArguments& a) {
  if (a.costs.empty()) return a.training.costs;
  risk::FraudCosts c = risk::parse_fraud_costs(base::read_file(a.costs), a.costs);
  const risk::FraudCosts& said = a.training.costs;
  if (a.investigation->count() > 0) c.investigation = said.investigation;
  if (a.missed->count() > 0) c.missed = said.missed;
  if (a.amount->count() > 0) c.amount_column = said.amount_column;
  if (a.false_block->count() > 0) c.false_block = said.false_block;
  return c;
}

/// Rows that pass the guard, their times as seconds.
std::vector<ingest::Record> read_transactions(const OperationsFraudTrainArguments& a, const risk::FraudTraining& t,
                                              const ingest::QuarantineSink& sink) {
  std::vector<std::string> needed = {t.label};
  for (const std::string& column : {t.columns.id, t.columns.time, t.columns.group, t.costs.amount_column}) {
    if (!column.empty()) needed.push_back(column);
  }
  risk::TransactionGuard guard(t.columns, t.costs.amount_column, seconds_now());
  std::vector<ingest::Record> rows;
  for (const std::string& file : a.data) {
    auto reader = ingest::RecordReader::open(file, {}, sink);
    for (const std::string& column : needed) reader.require_column(column, "the nearest is");
    for (ingest::Record row; reader.next(row);) {
      if (const auto bad = guard.check(row)) {
        sink(*bad);
        continue;
      }
      if (!t.columns.time.empty()) set_time(row, t.columns.time);
      rows.push_back(row);
    }
  }
  if (rows.empty()) throw Error(ErrorCode::bad_input, "holds no usable row", a.data.front());
  return rows;
}

void print_curve_operations_fraud(const risk::FraudModel& model) {
  const risk::CostCurve& curve = model.curve();
  fmt::print("\ncost curve of {} out of fold\n{:>12} {:>8} {:>8} {:>8} {:>14}\n", model.champion(), "threshold",
             "alerts", "caught", "missed", "cost");
  for (const risk::CostPoint& p : curve.points) {
    fmt::print("{:>12.6f} {:>8} {:>8} {:>8} {:>14.2f}\n", p.threshold, p.alerts, p.caught, p.missed, p.cost);
  }
  const risk::CostPoint& b = curve.best;
  fmt::print("least cost {:.2f} at the threshold {:.6f}: {} alerts catch {} frauds and miss {}\n", b.cost, b.threshold,
             b.alerts, b.caught, b.missed);
  fmt::print("letting all pass costs {:.2f}, looking at all {:.2f}\n", curve.pass_all, curve.review_all);
  if (curve.block) fmt::print("blocking is cheaper than looking from {:.6f} up\n", *curve.block);
}

void print_operations_fraud(const risk::FraudModel& model) {
  fmt::print("{} transactions, {} frauds ({:.2f} %), {} inputs\n", model.rows(), model.frauds(),
             100.0 * static_cast<double>(model.frauds()) / static_cast<double>(model.rows()),
             model.schema().columns.size());
  for (const risk::FraudCandidate& c : model.candidates()) {
    fmt::print("\n{} out of fold\n", c.name);
    print_figures(c.figures, model.training().costs);
    fmt::print("  mean over folds (sd)    average precision {:.4f} ({:.4f}), AUC {:.4f} ({:.4f}), {:.1f} s\n",
               c.fold_ap, c.fold_ap_sd, c.fold_auc, c.fold_auc_sd, c.seconds);
  }
  if (model.candidates().size() > 1) fmt::print("\n{} has the higher average precision\n", model.champion());
  print_curve_operations_fraud(model);
}

void run_operations_fraud(const OperationsFraudTrainArguments& a, const Common& common) {
  risk::FraudTraining t = a.training;
  t.costs = costs_of(a);
  t.seed = common.seed;
  t.embargo = 86400 * a.embargo_days;
  if (t.embargo > 0 && t.columns.time.empty()) throw Error(ErrorCode::usage, "--embargo needs --time");
  if (!a.rules.empty()) risk::parse_transaction_rules(base::read_file(a.rules), a.rules);  // before the long work
  RowQuarantine quarantine(common);
  const std::vector<ingest::Record> rows = read_transactions(a, t, quarantine.sink());
  t.data = file_hashes(a.data);
  tabular::TableOptions options;
  options.categorical = a.categorical;
  options.categorical.push_back(t.label);
  tabular::Table table = tabular::infer_table(rows, options, quarantine.sink());
  table = table.take(tabular::labelled_rows(table, table.at(t.label), a.data[0], quarantine.sink()));
  quarantine.finish(a.strict);
  const risk::FraudModel model = risk::FraudModel::train(table, t, within_budget(a.budget, terminal_progress(common)));
  for (const tabular::Finding& f : model.warnings()) say(common, "data: " + f.text);
  model.save(a.output, a.rules.empty() ? "" : base::read_file(a.rules));
  if (common.json) {
    Json json = model.to_json();
    json.erase("pipeline");
    json["output"] = a.output;
    json["quarantined"] = quarantine.count();
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_operations_fraud(model);
  }
}

void add_train_verb(CLI::App& fraud, Common& common) {
  CLI::App* verb =
      fraud.add_subcommand("train", "Compare logistic regression and boosted trees out of fold, save the better");
  const auto a = std::make_shared<OperationsFraudTrainArguments>();
  risk::FraudTraining& t = a->training;
  verb->add_option("--data", a->data, "CSV or JSONL files of transactions with the same columns")->required();
  verb->add_option("--label", t.label, "The column that says how it ended")->required();
  verb->add_option("--fraud", t.fraud, "Its value that means fraud")->required();
  verb->add_option("--output", a->output, "Folder of the model")->required();
  verb->add_option("--rules", a->rules, "Rules (TOML) that `fraud score` runs beside this model");
  verb->add_option("--drop", t.drop, "Columns that are no inputs");
  verb->add_option("--categorical", a->categorical, "Columns whose numbers are names");
  verb->add_option("--id", t.columns.id, "Column with the transaction's key: no input; keys seen twice are set aside");
  verb->add_option("--time", t.columns.time, "Column with its time: no input; candidates are compared walking forward");
  verb->add_option("--group", t.columns.group, "Column with the card or customer: no input; for card precision");
  verb->add_option("--top-cards", t.top_cards, "k of card precision: cards looked at a day")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  verb->add_option("--embargo", a->embargo_days, "Days between the rows that teach and those that judge, with --time")
      ->check(CLI::Range(0.0, 3650.0));
  verb->add_option("--costs", a->costs, "TOML file with [cost] investigation, missed, amount_column, false_block");
  a->investigation =
      verb->add_option("--investigation-cost", t.costs.investigation, "Of one transaction that is looked at")
          ->check(CLI::Range(0.0, 1e12))
          ->capture_default_str();
  a->missed =
      verb->add_option("--missed-cost", t.costs.missed, "Of one fraud let through, where no column has its amount")
          ->check(CLI::Range(0.0, 1e12))
          ->capture_default_str();
  a->amount = verb->add_option("--amount", t.costs.amount_column, "Column with the amount, which a missed fraud costs");
  a->false_block = verb->add_option("--false-block-cost", t.costs.false_block,
                                    "Of one honest transaction blocked (0: the model alone never blocks)")
                       ->check(CLI::Range(0.0, 1e12));
  verb->add_option("--folds", t.folds, "Folds, or pieces walking forward")
      ->check(CLI::Range(2, 20))
      ->capture_default_str();
  verb->add_option("--only", t.only, "One candidate only")->check(CLI::IsMember({"logistic", "boosted"}));
  verb->add_flag("--library-defaults", t.library_defaults, "No search: C = 1; XGBoost's own 100 trees of depth 6");
  verb->add_flag("--accept-leakage", t.accept_leakage, "Train although the label seems to leak");
  verb->add_flag("--strict", a->strict, "Bad rows are an error");
  add_budget(*verb, a->budget);
  add_common(
      *verb, common,
      "ballast operations fraud train --data tx.csv --label fraud --fraud 1 --time at --group card --amount amount "
      "--output models/fraud");
  verb->callback([a, &common] { run_operations_fraud(*a, common); });
}

}  // namespace

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void set_time(ingest::Record& row, const std::string& column) {
  const std::string seconds = fmt::format("{}", risk::transaction_time(row.text(column).value_or("")).value());
  if (!row.names) {
    row.object[column] = seconds;
    return;
  }
  for (std::size_t i = 0; i < row.names->size(); ++i) {
    if ((*row.names)[i] == column) row.values[i] = seconds;
  }
}

void print_figures(const risk::FraudFigures& f, const risk::FraudCosts& costs) {
  fmt::print("  average precision       {:.4f} [{:.4f}, {:.4f}]  ({} frauds among {})\n", f.average_precision.estimate,
             f.average_precision.low, f.average_precision.high, f.frauds, f.rows);
  fmt::print("  AUC                     {:.4f} [{:.4f}, {:.4f}]\n", f.auc.auc, f.auc.low, f.auc.high);
  fmt::print("  MCC at the threshold    {:.4f} [{:.4f}, {:.4f}]  ({:.6f})\n", f.mcc.estimate, f.mcc.low, f.mcc.high,
             f.at_threshold.threshold);
  fmt::print("  Brier, log loss         {:.5f}, {:.5f}\n", f.brier, f.log_loss);
  fmt::print("  calibration             ECE {:.5f}, {} by chance up to {:.5f}\n", f.ece,
             f.ece <= f.ece_chance ? "fine:" : "off:", f.ece_chance);
  const risk::CostPoint& p = f.at_threshold;
  fmt::print("  cost at the threshold   {:.2f} ({} alerts, {} caught, {} missed; {} an alert, {} a missed fraud)\n",
             p.cost, p.alerts, p.caught, p.missed, costs.investigation,
             costs.amount_column.empty() ? fmt::format("{}", costs.missed) : "its " + costs.amount_column);
  fmt::print("  cost without a model    {:.2f} (all pass), {:.2f} (all looked at)\n", f.pass_all, f.review_all);
  if (f.cards) {
    fmt::print("  card precision@{:<8} {:.4f} (mean over {} days)\n", f.cards->k, f.cards->mean, f.cards->days.size());
  }
}

void add_operations_fraud(CLI::App& desk, Common& common) {
  CLI::App* fraud = desk.add_subcommand("fraud", "Transactions to a probability of fraud, an action and reasons");
  fraud->require_subcommand(1);
  add_train_verb(*fraud, common);
  add_fraud_score(*fraud, common);
  add_replay("transaction", decide::replay_transaction);
}

}  // namespace ballast::apps
