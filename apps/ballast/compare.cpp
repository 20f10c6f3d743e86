// SPDX-License-Identifier: Apache-2.0
// `ballast compare TASK --data F`: checks the split, runs every method on it, stores the comparison as a decision,
// shows table, chart and verdict.
#include "compare.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/govern/comparison_report.h"
#include "compare_record.h"
#include "replay.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct Options {
  CompareArguments compare;
  std::string violations = "fail", report;
};

using MakeTask = std::unique_ptr<CompareTask> (*)(const CompareArguments&, const Common&);

const std::map<std::string, MakeTask>& tasks() {
  static const std::map<std::string, MakeTask> kTasks = {
      {"text", make_text_task},           {"multilabel", make_multilabel_task},
      {"table", make_table_task},         {"credit", make_table_task},
      {"churn", make_table_task},         {"fraud", make_table_task},
      {"sessions", make_sessions_task},   {"volatility", make_volatility_task},
      {"direction", make_direction_task}, {"var", make_var_task}};
  return kTasks;
}

std::string command_words(const Options& o, const Common& common) {
  const CompareArguments& a = o.compare;
  std::string words = fmt::format("ballast compare {} --data {}", a.task, fmt::join(a.data, " "));
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words += fmt::format(" {} {}", option, value);
  };
  add("--test", fmt::format("{}", fmt::join(a.test, " ")));
  add("--label-column", a.label);
  add("--positive", a.positive);
  add("--column", a.column);
  add("--group", a.group);
  add("--time", a.time);
  if (a.epochs > 0) add("--epochs", fmt::format("{:g}", a.epochs));
  if (a.no_language_model) words += " --no-language-model";
  if (o.violations != "fail") add("--violations", o.violations);
  add("--seed", std::to_string(common.seed));
  return words;
}

void show_compare(const ComparisonRun& run, const Options& o, const Common& common, const decide::Decision& decision) {
  govern::ReportContext context{command_words(o, common), run.data, run.notes, run.checks, decision.id,
                                decision.created_at};
  if (!o.report.empty()) {
    base::write_file_atomic(o.report, govern::to_html(run.comparison, context));
    say(common, "report written to " + o.report);
  }
  if (common.json) {
    Json json = govern::to_json(run.comparison, true);
    json["data"] = run.data;
    json["checks"] = run.check_json;
    json["notes"] = run.notes;
    json["decision_id"] = decision.id;
    fmt::print("{}\n", base::dump_json(json));
  } else {
    fmt::print("{}decision {}\n", govern::to_text(run.comparison, context), decision.id);
  }
}

void run_compare(const Options& o, const Common& common) {
  base::set_threads(common.threads);
  const base::Stopwatch watch;
  const ComparisonRun result = run_comparison(o.compare, o.violations, common);
  std::vector<decide::Decision> decisions = {record_of(result, o.compare, o.violations, common.seed)};
  decisions.front().cost.seconds = watch.seconds();
  sign(decisions.front());
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  show_compare(result, o, common, decisions.front());
}

}  // namespace

std::vector<std::string> compare_tasks() {
  std::vector<std::string> names;
  for (const auto& [name, make] : tasks()) names.push_back(name);
  return names;
}

std::unique_ptr<CompareTask> make_task(const CompareArguments& arguments, const Common& common) {
  const auto found = tasks().find(arguments.task);
  if (found == tasks().end()) {
    throw Error(ErrorCode::usage,
                fmt::format("no task is called \"{}\", the nearest is {}", arguments.task,
                            ingest::nearest_name(arguments.task, compare_tasks())),
                "compare", fmt::format("tasks: {}", fmt::join(compare_tasks(), ", ")));
  }
  CompareArguments usual = arguments;
  if (usual.label.empty())
    usual.label = usual.task == "sessions" ? "anomaly" : usual.task == "multilabel" ? "labels" : "label";
  return found->second(usual, common);
}

void add_compare(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("compare", "Language model against traditional methods on the same rows");
  const auto o = std::make_shared<Options>();
  CompareArguments& a = o->compare;
  verb->add_option("task", a.task, fmt::format("{}", fmt::join(compare_tasks(), ", ")))->required();
  verb->add_option("--data", a.data, "Rows to learn from, and to judge on where there is no --test; prices")
      ->required();
  verb->add_option("--test", a.test,
                   "Rows to judge on (default: a fifth of the texts, folds of a table, the last fifth by --time)");
  verb->add_option("--text-column", a.text_columns, "text: columns of the text (default text)");
  verb->add_option("--label-column", a.label,
                   "Column of the label (default label; sessions: anomaly; multilabel: labels)");
  verb->add_option("--positive", a.positive, "Tables: the label that means the event");
  verb->add_option("--column", a.column, "Price column, or events column of sessions (default event_sequence)");
  verb->add_option("--drop", a.drop, "Tables: columns to leave out");
  verb->add_option("--categorical", a.categorical, "Tables: columns whose numbers are names");
  verb->add_option("--lexicon", a.lexicon,
                   "text: CSV of words with their label (word, and label, polarity or category)");
  verb->add_option("--model", a.model,
                   "Model folder to fine-tune (default: text the embedded one, tables a fresh one)");
  verb->add_flag("--no-language-model", a.no_language_model, "Tables: the traditional methods alone, in seconds");
  verb->add_option("--group", a.group, "Column (customer, company, thread) that must not be on both sides");
  verb->add_option("--time", a.time, "Column with the time of the decision: training must not be later than judging");
  verb->add_option("--available-at", a.available, "Column with the time when the inputs were known (with --time)");
  verb->add_option("--split", a.split, "Prices: first day that is judged (default: after the first third)");
  verb->add_option("--level", a.level, "var: confidence")->capture_default_str();
  verb->add_option("--window", a.window, "var: days of a window")->capture_default_str();
  verb->add_option("--epochs", a.epochs, "Of the language model (default: text 4, sessions 20, prices 80)");
  verb->add_option("--lr", a.lr, "Of the language model (default 4e-4)");
  verb->add_option("--folds", a.folds, "Where there is no --test")->check(CLI::Range(2, 20))->capture_default_str();
  verb->add_option("--violations", o->violations,
                   "What the checks find (same text, group or time on both sides): fail, drop the training rows, allow")
      ->check(CLI::IsMember({"fail", "drop", "allow"}))
      ->capture_default_str();
  verb->add_option("--report", o->report, "HTML file to write");
  add_common(*verb, common, "ballast compare text --data train.csv --test dev.csv --report comparison.html");
  verb->callback([o, &common] { run_compare(*o, common); });
  add_replay("comparison", replay_comparison);
}

}  // namespace ballast::apps
