// SPDX-License-Identifier: Apache-2.0
// ballast quality: what is wrong, odd or too good to be true in a table.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/tabular/quality.h"
#include "table_reading.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct QualityArguments {
  std::vector<std::string> data, drop;
  std::string label, positive;
  bool strict = false;
};

/// With a label of two values and no --positive, the rarer one: the report does not depend on which it is.
std::vector<std::uint8_t> truth_of(const tabular::Column& label, const std::string& positive) {
  if (!positive.empty()) return tabular::binary_truth(label, positive);
  if (label.spec.levels.size() != 2) {
    throw Error(ErrorCode::bad_input, fmt::format("holds {} different values", label.spec.levels.size()),
                "column \"" + label.spec.name + "\"", "name one with --positive");
  }
  return tabular::binary_truth(label, label.spec.levels.front());
}

void print_data_quality(const tabular::QualityReport& report, std::int64_t quarantined) {
  fmt::print("{} rows, {} columns, {} set aside\n", report.rows, report.columns.size(), quarantined);
  for (const tabular::Finding& f : report.findings)
    fmt::print("{:<8} {}\n", tabular::severity_name(f.severity), f.text);
  if (report.leakage_suspected()) {
    fmt::print("verdict  do not train: the label seems to leak into {}\n", fmt::join(report.leaking_columns(), ", "));
  } else {
    fmt::print("verdict  no leakage suspected\n");
  }
}

void run_data_quality(const QualityArguments& arguments, const Common& common) {
  base::set_threads(common.threads);
  RowQuarantine quarantine(common);
  tabular::TableOptions options;
  options.drop = arguments.drop;
  if (!arguments.label.empty()) options.categorical = {arguments.label};
  tabular::Table table = tabular::read_table(arguments.data, options, quarantine.sink());
  std::vector<std::uint8_t> truth;
  if (!arguments.label.empty()) {
    table = table.take(tabular::labelled_rows(table, table.at(arguments.label), arguments.data[0], quarantine.sink()));
    truth = truth_of(table.at(arguments.label), arguments.positive);
    table = table.without(std::vector<std::string>{arguments.label});
  }
  quarantine.finish(arguments.strict);
  const tabular::QualityReport report = tabular::quality_report(table, truth);
  if (common.json) {
    base::Json json = report.to_json();
    json["quarantined"] = quarantine.count();
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_data_quality(report, quarantine.count());
  }
  if (arguments.strict && report.leakage_suspected()) {
    throw Error(ErrorCode::bad_input,
                fmt::format("the label seems to leak into {}", fmt::join(report.leaking_columns(), ", ")),
                arguments.data[0]);
  }
}

}  // namespace

void add_quality(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("quality", "What is wrong in a table, and which columns seem to know the label");
  const auto a = std::make_shared<QualityArguments>();
  verb->add_option("--data", a->data, "CSV or JSONL files with the same columns")->required();
  verb->add_option("--label", a->label, "The column to be predicted; without it nothing is said about leakage");
  verb->add_option("--positive", a->positive, "The label's value of interest, where there are more than two");
  verb->add_option("--drop", a->drop, "Columns to leave out");
  verb->add_flag("--strict", a->strict, "Exit code 2 for bad rows or suspected leakage");
  add_common(*verb, common, "ballast quality --data heloc.csv --label label --json");
  verb->callback([a, &common] { run_data_quality(*a, common); });
}

}  // namespace ballast::apps
