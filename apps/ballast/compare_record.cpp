// SPDX-License-Identifier: Apache-2.0
#include "compare_record.h"

#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

/// What the checks say of the split: a line each, and the rows to leave out where that was asked for.
struct Checked {
  std::vector<std::string> lines;
  Json json = Json::object();
  std::vector<std::uint8_t> drop;
  std::int64_t rows_dropped = 0;
};

Checked check_compare_record(CompareTask& task, const std::string& violations) {
  const govern::SplitRows rows = task.rows();
  const govern::SplitReport report = govern::check_split(rows);
  Checked out;
  out.json = govern::to_json(report, rows);
  std::vector<std::string> found;
  for (const govern::SplitFinding& finding : report.findings) found.push_back(govern::describe(finding, rows));
  const bool only_rows = !found.empty();
  for (const std::string& line : task.own_findings()) found.push_back(line);
  out.json["own_findings"] = found.size() - report.findings.size();
  if (!found.empty() && violations == "fail") {
    throw Error(ErrorCode::bad_input, fmt::format("{}", fmt::join(found, "; ")), "",
                only_rows ? "leave the rows out with --violations drop, or accept them with --violations allow"
                          : "accept it with --violations allow");
  }
  for (const std::string& line : found) {
    out.lines.push_back(line +
                        (violations == "allow" ? " (ALLOWED: the figures are too good to be true)" : " (left out)"));
  }
  std::vector<std::string> ran = report.checked;
  for (const std::string& name : task.own_checks()) ran.push_back(name);
  out.json["checked"] = ran;
  if (ran.empty()) out.lines.push_back("none: this task has --group and --time");
  if (found.empty() && !ran.empty()) out.lines.push_back(fmt::format("nothing found: {}", fmt::join(ran, ", ")));
  if (report.pairs_left_out > 0) {
    out.lines.push_back(fmt::format("{} pairs of similar texts were not compared", report.pairs_left_out));
  }
  if (violations == "drop" && only_rows) out.drop = report.rows_to_drop(rows.size());
  return out;
}

Json hashes_of(const std::vector<std::string>& sources) {
  Json out = Json::array();
  for (const std::string& file : files_below(sources)) {
    if (file == "-") throw Error(ErrorCode::usage, "a comparison reads files, so that it can be repeated", "--data");
    out.push_back({{"file", file}, {"sha256", base::sha256_file(file)}});
  }
  return out;
}

Json files_json(const CompareArguments& a) {
  Json files = {{"data", hashes_of(a.data)}, {"test", hashes_of(a.test)}};
  if (!a.lexicon.empty()) files["lexicon"] = hashes_of({a.lexicon});
  return files;
}

}  // namespace

Json to_json(const CompareArguments& a) {
  return {{"task", a.task},
          {"data", a.data},
          {"test", a.test},
          {"text_columns", a.text_columns},
          {"drop", a.drop},
          {"categorical", a.categorical},
          {"label", a.label},
          {"positive", a.positive},
          {"column", a.column},
          {"lexicon", a.lexicon},
          {"model", a.model},
          {"split", a.split},
          {"group", a.group},
          {"time", a.time},
          {"available", a.available},
          {"epochs", a.epochs},
          {"lr", a.lr},
          {"level", a.level},
          {"folds", a.folds},
          {"window", a.window},
          {"no_language_model", a.no_language_model}};
}

CompareArguments arguments_from(const Json& json, const std::string& where) {
  using base::json_field;
  using Names = std::vector<std::string>;
  CompareArguments a;
  a.task = json_field<std::string>(json, "task", where);
  a.data = json_field<Names>(json, "data", where);
  a.test = json_field<Names>(json, "test", where);
  a.text_columns = json_field<Names>(json, "text_columns", where);
  a.drop = json_field<Names>(json, "drop", where);
  a.categorical = json_field<Names>(json, "categorical", where);
  a.label = json_field<std::string>(json, "label", where);
  a.positive = json_field<std::string>(json, "positive", where);
  a.column = json_field<std::string>(json, "column", where);
  a.lexicon = json_field<std::string>(json, "lexicon", where);
  a.model = json_field<std::string>(json, "model", where);
  a.split = json_field<std::string>(json, "split", where);
  a.group = json_field<std::string>(json, "group", where);
  a.time = json_field<std::string>(json, "time", where);
  a.available = json_field<std::string>(json, "available", where);
  a.epochs = json_field<double>(json, "epochs", where);
  a.lr = json_field<double>(json, "lr", where);
  a.level = json_field<double>(json, "level", where);
  a.folds = json_field<int>(json, "folds", where);
  a.window = json_field<int>(json, "window", where);
  a.no_language_model = json.value("no_language_model", true);  // older records of tables had none
  return a;
}

ComparisonRun run_comparison(const CompareArguments& a, const std::string& violations, const Common& common) {
  const auto task = make_task(a, common);
  Checked checked = check_compare_record(*task, violations);
  for (const std::string& line : checked.lines) say(common, "check: " + line);
  if (!checked.drop.empty()) task->drop(checked.drop);
  ComparisonRun run;
  run.comparison = task->compare();
  run.data = task->data_words();
  run.notes = task->notes();
  run.checks = std::move(checked.lines);
  run.check_json = std::move(checked.json);
  run.check_json["violations"] = violations;
  std::tie(run.model, run.model_hash) = task->base_model();
  return run;
}

decide::Decision record_of(const ComparisonRun& run, const CompareArguments& a, const std::string& violations,
                           std::uint64_t seed) {
  decide::Decision d;
  d.kind = "comparison";
  d.subject = run.data;
  d.inputs = {{"arguments", to_json(a)}, {"violations", violations}, {"files", files_json(a)}};
  d.model = run.model;
  d.model_hash = run.model_hash;
  d.seed = seed;
  d.outcome = govern::to_json(run.comparison, false);
  d.outcome["checks"] = run.check_json;
  d.reasons = {{"verdict", run.comparison.verdict.en, 0}, {"结论", run.comparison.verdict.zh, 0}};
  return d;
}

decide::Decision replay_comparison(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  const CompareArguments a = arguments_from(base::json_field<Json>(was.inputs, "arguments", where), where);
  if (files_json(a) != base::json_field<Json>(was.inputs, "files", where)) {
    throw Error(ErrorCode::bad_input, "a file that it was computed from has changed since", where,
                "its record holds the SHA-256 of each");
  }
  Common common;
  common.seed = was.seed;
  common.quiet = true;
  const auto violations = base::json_field<std::string>(was.inputs, "violations", where);
  return record_of(run_comparison(a, violations, common), a, violations, was.seed);
}

}  // namespace ballast::apps
