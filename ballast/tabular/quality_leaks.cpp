// SPDX-License-Identifier: Apache-2.0
// Single columns, patterns of missing values and repeated values that tell the label too well.
#include "ballast/tabular/quality_leaks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "ballast/base/error.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {
namespace {

// The best honest single columns of public credit data reach 0.88 (an automated approval flag); a score of 0.95 from
// one column means that it was written after the outcome, or from it.
constexpr double kTooGoodAlone = 0.95;
// Missing values are often informative (an applicant who never stated his debts), up to about 0.8.
constexpr double kTooGoodMissing = 0.9;
// A value is "in one class only" where chance would have had to be this kind, over all values looked at.
constexpr double kSmallChance = 1e-6;
constexpr int kCells = 20;
// Repeats that make a fraction a filled-in value rather than a measured one, and the rows that make a case.
constexpr std::int64_t kRepeats = 5, kCaseRows = 20;

struct ClassCount {
  std::int64_t rows = 0, bads = 0;
  bool pure() const { return bads == 0 || bads == rows; }
};

/// The cell of each row: equal-mass ranges for numbers, levels for names, one for missing values.
std::vector<int> cells_of(const Column& column) {
  if (column.spec.kind == ColumnKind::categorical) {
    std::vector<int> cells;
    for (const int code : column.codes) cells.push_back(code + 1);
    return cells;
  }
  std::vector<double> values;
  for (const double v : column.numbers) {
    if (!std::isnan(v)) values.push_back(v);
  }
  std::sort(values.begin(), values.end());
  std::vector<double> cuts;
  for (int k = 1; k < kCells && !values.empty(); ++k) {
    cuts.push_back(values[values.size() * static_cast<std::size_t>(k) / kCells]);
  }
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::vector<int> cells;
  for (const double v : column.numbers) {
    const auto at = std::upper_bound(cuts.begin(), cuts.end(), v) - cuts.begin();
    cells.push_back(std::isnan(v) ? 0 : static_cast<int>(at) + 1);
  }
  return cells;
}

double auc_of_cells(std::span<const int> cells, std::span<const std::uint8_t> truth, std::span<const int> fold) {
  std::map<int, ClassCount> counts[2];
  ClassCount all[2];
  for (std::size_t i = 0; i < cells.size(); ++i) {
    for (ClassCount* c : {&counts[fold[i]][cells[i]], &all[fold[i]]}) ++c->rows, c->bads += truth[i];
  }
  std::vector<double> scores;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const int other = 1 - fold[i];
    const auto it = counts[other].find(cells[i]);
    const ClassCount cell = it == counts[other].end() ? ClassCount{} : it->second;
    const double prior = static_cast<double>(all[other].bads) / static_cast<double>(all[other].rows);
    scores.push_back((static_cast<double>(cell.bads) + prior) / (static_cast<double>(cell.rows) + 1));
  }
  return auc(scores, truth);
}

/// ln of the chance that `rows` rows are all of the class they are of.
double log_chance(const ClassCount& c, double bad_rate) {
  return static_cast<double>(c.rows) * std::log(c.bads > 0 ? bad_rate : 1 - bad_rate);
}

std::map<double, ClassCount> fractions_of(const Column& column, std::span<const std::uint8_t> truth) {
  std::map<double, ClassCount> counts;
  for (std::size_t i = 0; i < column.numbers.size(); ++i) {
    const double v = column.numbers[i];
    if (std::isnan(v) || v == std::floor(v)) continue;
    ++counts[v].rows;
    counts[v].bads += truth[i];
  }
  return counts;
}

struct Trace {
  std::string column;
  std::int64_t rows = 0, values = 0;
  bool strong = false;
};

/// Fractions in a column of whole numbers: every repeated one in one class only, and both classes there, is what
/// filling by a class's own mean leaves behind. A few rows alone prove nothing (strong = false) but join a proven case.
std::optional<Trace> imputation_trace(const Column& column, std::span<const std::uint8_t> truth, double bad_rate) {
  if (column.spec.kind != ColumnKind::numeric) return {};
  const auto counts = fractions_of(column, truth);
  std::int64_t fractions = 0, values = 0;
  Trace trace{column.spec.name, 0, 0, false};
  ClassCount rows_of_pure;
  for (const auto& [value, count] : counts) fractions += count.rows;
  for (const double v : column.numbers) values += std::isnan(v) ? 0 : 1;
  // Whole numbers have to be the rule, or fractions are simply how the column is measured.
  if (counts.empty() || fractions * 2 > values) return {};
  double chance = 0;
  for (const auto& [value, count] : counts) {
    if (!count.pure()) return {};
    if (count.rows < kRepeats) continue;
    trace.rows += count.rows;
    ++trace.values;
    rows_of_pure.rows += count.rows;
    rows_of_pure.bads += count.bads;
    chance += log_chance(count, bad_rate);
  }
  const bool few_values = static_cast<std::int64_t>(counts.size()) * 4 <= fractions;
  if (trace.rows == 0 || !few_values) return {};
  trace.rows = fractions;
  trace.values = static_cast<std::int64_t>(counts.size());
  trace.strong = rows_of_pure.rows >= kCaseRows && !rows_of_pure.pure() && chance < std::log(kSmallChance);
  return trace;
}

void find_traces(const Table& inputs, std::span<const std::uint8_t> truth, double bad_rate, QualityReport& report) {
  std::vector<Trace> traces;
  bool proven = false;
  for (const Column& column : inputs.columns) {
    const auto trace = imputation_trace(column, truth, bad_rate);
    if (!trace) continue;
    traces.push_back(*trace);
    proven = proven || trace->strong;
  }
  if (!proven) return;
  Finding finding{"imputation_trace", FindingSeverity::leakage, {}, ""};
  std::string list;
  for (const Trace& trace : traces) {
    finding.columns.push_back(trace.column);
    list += fmt::format("{}{} ({} rows, {} values)", list.empty() ? "" : ", ", trace.column, trace.rows, trace.values);
  }
  finding.text =
      "whole-number columns hold repeated fractions, each in one class only, as if missing values had been "
      "filled by someone who saw the label: " +
      list;
  report.findings.push_back(std::move(finding));
}

/// Repeated values of one column that are in one class only, beyond chance; at most `tested` values were looked at.
void find_one_class_values(const Column& column, std::span<const std::uint8_t> truth, double bad_rate,
                           QualityReport& report) {
  std::map<std::string, ClassCount> names;
  std::map<double, ClassCount> numbers;
  const bool numeric = column.spec.kind == ColumnKind::numeric;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(truth.size()); ++i) {
    if (column.missing(i)) continue;
    ClassCount& c = numeric ? numbers[column.numbers[static_cast<std::size_t>(i)]] : names[cell_text(column, i)];
    ++c.rows;
    c.bads += truth[static_cast<std::size_t>(i)];
  }
  const double tested = static_cast<double>(numeric ? numbers.size() : names.size());
  std::vector<std::string> found[2];
  const auto look = [&](const std::string& value, const ClassCount& c) {
    if (!c.pure() || c.rows < kCaseRows || log_chance(c, bad_rate) + std::log(tested) > std::log(kSmallChance)) return;
    found[c.bads > 0 ? 1 : 0].push_back(fmt::format("{} ({} rows)", value, c.rows));
  };
  for (const auto& [value, count] : numbers) look(fmt::format("{}", value), count);
  for (const auto& [value, count] : names) look(value, count);
  if (found[0].empty() && found[1].empty()) return;
  const bool both = !found[0].empty() && !found[1].empty();
  std::string text = fmt::format("values of {} that occur in one class only:", column.spec.name);
  for (const int c : {1, 0}) {
    if (found[c].empty()) continue;
    const std::size_t shown = std::min<std::size_t>(found[c].size(), 3);
    text += fmt::format(" {}only {}{}", c == 0 && both ? "; " : "", c == 1 ? "positive: " : "negative: ",
                        fmt::join(found[c].begin(), found[c].begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (found[c].size() > shown) text += fmt::format(" and {} more", found[c].size() - shown);
  }
  report.findings.push_back(
      {"one_class_values", both ? FindingSeverity::leakage : FindingSeverity::warning, {column.spec.name}, text});
}

void find_missing_patterns(const Table& inputs, std::span<const std::uint8_t> truth, std::span<const int> fold,
                           double bad_rate, QualityReport& report) {
  std::vector<std::vector<int>> patterns(truth.size());
  std::vector<std::string> holed;
  for (const Column& column : inputs.columns) {
    ClassCount missing;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if (!column.missing(static_cast<std::int64_t>(i))) continue;
      ++missing.rows;
      missing.bads += truth[i];
      patterns[i].push_back(static_cast<int>(&column - inputs.columns.data()));
    }
    if (missing.rows == 0) continue;
    holed.push_back(column.spec.name);
    if (missing.rows >= kCaseRows && missing.pure() && log_chance(missing, bad_rate) < std::log(kSmallChance)) {
      report.findings.push_back({"missing_pattern",
                                 FindingSeverity::leakage,
                                 {column.spec.name},
                                 fmt::format("all {} rows without {} are of the {} class", missing.rows,
                                             column.spec.name, missing.bads > 0 ? "positive" : "negative")});
    }
  }
  if (holed.empty()) return;
  std::map<std::vector<int>, int> numbered;
  std::vector<int> cells;
  for (const auto& pattern : patterns) {
    cells.push_back(numbered.emplace(pattern, static_cast<int>(numbered.size())).first->second);
  }
  const double reached = auc_of_cells(cells, truth, fold);
  if (reached >= kTooGoodMissing) {
    report.findings.push_back({"missing_pattern", FindingSeverity::leakage, holed,
                               fmt::format("which values are missing tells the label with AUC {:.3f}", reached)});
  }
}

}  // namespace

double single_column_auc(const Column& column, std::span<const std::uint8_t> truth, std::span<const int> fold) {
  return auc_of_cells(cells_of(column), truth, fold);
}

void find_leaks(const Table& inputs, std::span<const std::uint8_t> truth, QualityReport& report) {
  const std::vector<int> fold = stratified_folds(truth, 2, 1);
  const double bads = static_cast<double>(std::count_if(truth.begin(), truth.end(), [](auto t) { return t != 0; }));
  const double bad_rate = bads / static_cast<double>(truth.size());
  find_traces(inputs, truth, bad_rate, report);
  find_missing_patterns(inputs, truth, fold, bad_rate, report);
  for (std::size_t c = 0; c < inputs.columns.size(); ++c) {
    ColumnQuality& quality = report.columns[c];
    quality.auc = single_column_auc(inputs.columns[c], truth, fold);
    if (quality.auc >= kTooGoodAlone) {
      report.findings.push_back({"single_column",
                                 FindingSeverity::leakage,
                                 {quality.name},
                                 fmt::format("{} alone tells the label with AUC {:.3f}", quality.name, quality.auc)});
    }
    find_one_class_values(inputs.columns[c], truth, bad_rate, report);
  }
}

}  // namespace ballast::tabular
