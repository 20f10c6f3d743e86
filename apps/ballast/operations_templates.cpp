// SPDX-License-Identifier: Apache-2.0
// `ballast operations templates`: log lines to message templates and their parameters.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/risk/operations_templates.h"
#include "operations.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct OperationsTemplatesArguments {
  std::string log, format = "auto", encoding = "auto", column, truth, frozen, freeze;
  bool whole_lines = false, online = false, strict = false;
};

struct Line {
  std::int64_t number = 0, id = 0;  // id 0: no template fits
  std::string content, truth;
};

bool is_table(const OperationsTemplatesArguments& a) {
  return !a.column.empty() || (a.format != "auto" && a.format != "txt");
}

void print_operations_templates(const risk::TemplateMiner& miner, const Line& line) {
  Json out = {{"line", line.number}, {"template_id", nullptr}, {"template", nullptr}, {"parameters", Json::array()}};
  if (line.id > 0) {
    out["template_id"] = line.id;
    out["template"] = miner.text(line.id);
    out["parameters"] = miner.parameters(line.id, line.content);
  }
  std::printf("%s\n", base::dump_json(out).c_str());
}

std::vector<Line> read_operations_templates(const OperationsTemplatesArguments& a, const Common& common,
                                            risk::TemplateMiner& miner) {
  ingest::ReadOptions options;
  options.format = is_table(a) ? ingest::format_named(a.format) : ingest::Format::text;
  options.encoding = a.encoding;
  const std::string column = is_table(a) ? (a.column.empty() ? "Content" : a.column) : "text";
  std::vector<std::string> required = {column};
  if (!a.truth.empty()) required.push_back(a.truth);
  const bool mine = a.frozen.empty() || !a.freeze.empty();
  std::vector<Line> lines;
  SetAside aside(common, a.strict);
  std::int64_t rows = 0;
  read_rows(a.log, options, aside, required, [&](const ingest::Record& row) {
    Line line;
    const std::string text = row.text(column).value_or("");
    const bool whole = is_table(a) || a.whole_lines;
    line.number = is_table(a) ? ++rows : row.line;
    line.content = whole ? text : std::string(risk::split_log_line(text).content);
    if (!a.truth.empty()) line.truth = row.text(a.truth).value_or("");
    line.id = mine ? miner.add(line.content) : miner.match(line.content);
    if (a.online && common.json) {
      print_operations_templates(miner, line);
      if (a.log == "-") std::fflush(stdout);  // whoever pipes a live log in wants each line now
      line.content.clear();
    }
    lines.push_back(std::move(line));
  });
  return lines;
}

void report_operations_templates(const OperationsTemplatesArguments& a, const Common& common,
                                 const std::vector<Line>& lines, const risk::TemplateMiner& miner) {
  std::vector<std::string> truth, said;
  std::int64_t unknown = 0;
  for (const Line& line : lines) {
    truth.push_back(line.truth);
    said.push_back(std::to_string(a.online || line.id == 0 ? line.id : miner.resolve(line.id)));
    unknown += line.id == 0;
  }
  std::string words = fmt::format("{} lines, {} templates", lines.size(), miner.templates().size());
  if (unknown > 0) words += fmt::format(", {} lines fit no frozen template", unknown);
  if (!a.truth.empty()) words += fmt::format(", grouping accuracy {:.4f}", risk::grouping_accuracy(truth, said));
  say(common, words);
}

void print_table(const risk::TemplateMiner& miner) {
  std::vector<risk::LogTemplate> all = miner.templates();
  std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.lines > y.lines; });
  fmt::print("{:>6} {:>9}  {}\n", "id", "lines", "template");
  for (const risk::LogTemplate& t : all) fmt::print("{:>6} {:>9}  {}\n", t.id, t.lines, t.text);
}

void run_operations_templates(const OperationsTemplatesArguments& a, const Common& common) {
  risk::TemplateMiner miner;
  if (!a.frozen.empty()) miner = risk::TemplateMiner::thaw(base::read_json(a.frozen), a.frozen);
  std::vector<Line> lines = read_operations_templates(a, common, miner);
  if (common.json && !a.online) {
    for (Line& line : lines) {
      if (line.id > 0) line.id = miner.resolve(line.id);
      print_operations_templates(miner, line);
    }
  }
  if (!common.json) print_table(miner);
  if (!a.freeze.empty()) {
    const Json frozen = miner.freeze();
    base::write_file_atomic(a.freeze, frozen.dump(1) + "\n");
    say(common, fmt::format("version {} of the templates in {}", frozen["version"].get<std::int64_t>(), a.freeze));
  }
  report_operations_templates(a, common, lines, miner);
}

}  // namespace

void add_operations_templates(CLI::App& desk, Common& common) {
  CLI::App* verb = desk.add_subcommand("templates", "Log lines to message templates");
  const auto a = std::make_shared<OperationsTemplatesArguments>();
  verb->add_option("LOG", a->log, "A log (one line a message), or a table with --text-column; - for standard input")
      ->required();
  verb->add_option("--format", a->format, "auto (a plain log), txt, csv, tsv, jsonl or json")->capture_default_str();
  verb->add_option("--encoding", a->encoding, "auto (UTF-8, UTF-16, GB18030) or a name")->capture_default_str();
  verb->add_option("--text-column", a->column, "The log is a table, and this column has the messages");
  verb->add_flag("--whole-lines", a->whole_lines, "Lines have no header (time, level, component) to leave out");
  verb->add_option("--templates", a->frozen, "Frozen templates: lines are matched, nothing new is learnt");
  verb->add_option("--freeze", a->freeze,
                   "Write the templates here; with --templates, go on learning and write the next version");
  verb->add_flag("--online", a->online, "Write each line at once, with the templates known so far");
  verb->add_option("--truth", a->truth, "Column with the true event of each row: says the grouping accuracy");
  verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  add_common(*verb, common, "ballast operations templates server.log --json");
  verb->callback([a, &common] { run_operations_templates(*a, common); });
}

}  // namespace ballast::apps
