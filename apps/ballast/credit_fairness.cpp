// SPDX-License-Identifier: Apache-2.0
// ballast credit fairness: what each cut-off costs in accuracy and brings in fairness, on the predictions that training
// made out of fold or on fresh applications with their outcome.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "credit.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct FairnessArguments {
  std::string model, data;
  bool allow_unseen = false, strict = false;
};

struct Worst {
  std::string group;
  double value = std::nan("");
};

/// The judged group with the lowest adverse-impact ratio, or the widest opportunity gap.
Worst worst_of(const risk::ThresholdOutcome& at, bool impact) {
  Worst worst;
  for (const risk::GroupOutcome& o : at.groups) {
    const double value = impact ? o.adverse_impact : o.opportunity_gap;
    if (!o.judged || std::isnan(value)) continue;
    if (std::isnan(worst.value) || (impact ? value < worst.value : value > worst.value)) worst = {o.group, value};
  }
  return worst;
}

/// Label and protected columns of the rows that hold them all, and those rows.
tabular::Table read_groups(const risk::CreditTraining& training, const std::string& file,
                           std::vector<ingest::Record>& rows, const ingest::QuarantineSink& sink) {
  std::vector<std::string> wanted = training.protected_columns;
  wanted.push_back(training.label);
  tabular::TableOptions options;
  options.categorical = {training.label};
  for (const std::string& column : wanted) {
    if (!rows.front().has(column)) throw Error(ErrorCode::bad_input, "there is no column \"" + column + "\"", file);
  }
  for (const std::string& column : rows.front().columns()) {
    if (std::find(wanted.begin(), wanted.end(), column) == wanted.end()) options.drop.push_back(column);
  }
  tabular::Table table = tabular::infer_table(rows, options, sink);
  table = table.take(tabular::labelled_rows(table, table.at(training.label), file, sink));
  std::map<std::int64_t, std::size_t> at;
  for (std::size_t i = 0; i < rows.size(); ++i) at[rows[i].line] = i;
  std::vector<ingest::Record> usable;
  for (const std::int64_t line : table.lines) usable.push_back(std::move(rows[at.at(line)]));
  rows = std::move(usable);
  return table;
}

std::vector<risk::FairnessAudit> audit_file(const risk::CreditModel& model, const FairnessArguments& a,
                                            const ingest::QuarantineSink& sink) {
  const risk::CreditTraining& training = model.training();
  if (!training.trend_columns.empty()) {
    throw Error(ErrorCode::unsupported, "a model with a trend is audited on its own predictions only", a.model,
                "leave --data out");
  }
  std::vector<ingest::Record> rows = read_rows({a.data}, sink);
  tabular::Table groups = read_groups(training, a.data, rows, sink);
  const risk::ReadApplications read = model.read(rows, a.allow_unseen, sink);
  groups = groups.take(std::vector<std::int64_t>(read.kept.begin(), read.kept.end()));
  std::vector<double> pd;
  for (const risk::CreditScore& score : model.score(read.table)) pd.push_back(score.pd);
  const auto truth = tabular::binary_truth(groups.at(training.label), training.bad);
  std::vector<risk::FairnessAudit> audits;
  for (const std::string& column : training.protected_columns) {
    audits.push_back(
        risk::audit_fairness(risk::groups_of(groups.at(column)), pd, truth, model.cut_off(), training.seed));
  }
  return audits;
}

Json curve_json(const risk::FairnessAudit& audit) {
  Json json = audit.to_json();
  for (std::size_t t = 0; t < audit.thresholds.size(); ++t) {
    const Worst impact = worst_of(audit.thresholds[t], true), gap = worst_of(audit.thresholds[t], false);
    const auto number = [](double x) { return std::isnan(x) ? Json() : Json(x); };
    json["thresholds"][t]["lowest_adverse_impact"] = {{"group", impact.group}, {"value", number(impact.value)}};
    json["thresholds"][t]["widest_opportunity_gap"] = {{"group", gap.group}, {"value", number(gap.value)}};
  }
  return json;
}

void print_curve_credit_fairness(const risk::FairnessAudit& audit) {
  fmt::print("\n{}\n  {:>9} {:>9} {:>9} {:>7}  {:<34} {}\n", audit.column, "cut-off", "approved", "accuracy", "Youden",
             "lowest adverse impact", "widest opportunity gap");
  for (std::size_t t = 0; t < audit.thresholds.size(); ++t) {
    const risk::ThresholdOutcome& at = audit.thresholds[t];
    const Worst impact = worst_of(at, true), gap = worst_of(at, false);
    fmt::print("  {:>9.4f} {:>9.3f} {:>9.3f} {:>7.3f}  {:<34} {:.3f} {}{}\n", at.threshold, at.approval_rate,
               at.accuracy, at.youden, fmt::format("{:.3f} {}", impact.value, impact.group), gap.value, gap.group,
               t == 0 ? "  (the model's cut-off)" : "");
  }
}

void run_credit_fairness(const FairnessArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const risk::CreditModel model = risk::CreditModel::load(a.model);
  if (model.training().protected_columns.empty()) {
    throw Error(ErrorCode::bad_input, "the model was trained without a protected column", a.model,
                "credit train --protected C");
  }
  RowQuarantine quarantine(common);
  const auto audits = a.data.empty() ? model.fairness() : audit_file(model, a, quarantine.sink());
  quarantine.finish(a.strict);
  std::vector<risk::FairnessBreach> found;
  if (model.fairness_limit()) found = risk::breaches(audits, *model.fairness_limit());
  if (common.json) {
    Json json = {{"predictions", a.data.empty() ? "out of fold" : a.data},
                 {"cut_off", model.cut_off()},
                 {"columns", Json::array()},
                 {"breaches", Json::array()}};
    for (const auto& audit : audits) json["columns"].push_back(curve_json(audit));
    for (const auto& breach : found) json["breaches"].push_back(risk::describe(breach));
    json["fair_cut_off"] = model.fair_cut_off() ? Json(*model.fair_cut_off()) : Json();
    fmt::print("{}\n", base::dump_json(json));
    return;
  }
  fmt::print("{}, on {}\n", a.model, a.data.empty() ? "the predictions that training made out of fold" : a.data);
  for (const auto& audit : audits) print_curve_credit_fairness(audit);
  for (const auto& breach : found) fmt::print("breach at the cut-off: {}\n", risk::describe(breach));
}

}  // namespace

void add_credit_fairness(CLI::App& credit, Common& common) {
  CLI::App* verb = credit.add_subcommand("fairness", "Accuracy and fairness at every cut-off");
  const auto a = std::make_shared<FairnessArguments>();
  verb->add_option("--model", a->model, "Folder of the model")->required();
  verb->add_option("--data", a->data, "Applications with label and protected columns; default: training's own");
  verb->add_flag("--allow-unseen", a->allow_unseen, "Score values of a category that training never saw");
  verb->add_flag("--strict", a->strict, "Rows that cannot be scored are an error");
  add_common(*verb, common, "ballast credit fairness --model models/german --json");
  verb->callback([a, &common] { run_credit_fairness(*a, common); });
}

}  // namespace ballast::apps
