// SPDX-License-Identifier: Apache-2.0
// Counts of what a table holds, and what is odd about it.
#include "ballast/tabular/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "ballast/base/error.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/quality_leaks.h"

namespace ballast::tabular {
namespace {

using base::Json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kManyMissing = 0.4;

/// A code such as 98 or 999 at the end of a column, far above everything else: it is not a measurement.
std::optional<double> special_code(const std::vector<double>& ascending) {
  static constexpr std::array kCodes = {96.0,  97.0,  98.0,   99.0,   996.0,  997.0,
                                        998.0, 999.0, 9996.0, 9998.0, 9999.0, 99999.0};
  const double last = ascending.back();
  if (std::find(kCodes.begin(), kCodes.end(), last) == kCodes.end()) return {};
  const auto first = std::lower_bound(ascending.begin(), ascending.end(), last);
  if (ascending.end() - first < 5) return {};
  auto below = first;  // 96 beside 98
  while (below != ascending.begin() && std::find(kCodes.begin(), kCodes.end(), *(below - 1)) != kCodes.end()) --below;
  if (below == ascending.begin()) return {};
  return *(below - 1) < last / 2 ? std::optional(last) : std::nullopt;
}

ColumnQuality describe(const Column& column, QualityReport& report) {
  ColumnQuality q{column.spec.name, column.spec.kind, 0, 0, 0, 0, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};
  const auto rows = report.rows;
  for (std::int64_t i = 0; i < rows; ++i) q.missing += column.missing(i) ? 1 : 0;
  if (column.spec.kind == ColumnKind::categorical) {
    q.distinct = static_cast<std::int64_t>(std::set<int>(column.codes.begin(), column.codes.end()).size() -
                                           (q.missing > 0 ? 1u : 0u));
  } else {
    std::vector<double> values;
    for (const double v : column.numbers) {
      if (!std::isnan(v)) values.push_back(v);
    }
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
      q.distinct += i == 0 || values[i] != values[i - 1] ? 1 : 0;
      q.not_whole += values[i] != std::floor(values[i]) ? 1 : 0;
    }
    if (!values.empty()) {
      q.min = values.front(), q.max = values.back(), q.median = quantile(values, 0.5);
      q.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
      const double low = quantile(values, 0.25), high = quantile(values, 0.75), reach = 3 * (high - low);
      // Where half of the column is one value the range says nothing about what is far out.
      for (const double v : values) q.outliers += reach > 0 && (v < low - reach || v > high + reach) ? 1 : 0;
      if (const auto code = special_code(values)) {
        report.findings.push_back({"special_code",
                                   FindingSeverity::note,
                                   {q.name},
                                   fmt::format("{} ends in {}, which looks like a code, not a number", q.name, *code)});
      }
    }
  }
  return q;
}

void note_column(const ColumnQuality& q, QualityReport& report) {
  const double missing = static_cast<double>(q.missing) / static_cast<double>(report.rows);
  if (q.distinct <= 1) {
    report.findings.push_back({"constant",
                               FindingSeverity::warning,
                               {q.name},
                               q.distinct == 0 ? fmt::format("{} holds no value at all", q.name)
                                               : fmt::format("{} holds one value only", q.name)});
  }
  if (missing >= kManyMissing && q.distinct > 0) {
    report.findings.push_back({"missing",
                               FindingSeverity::warning,
                               {q.name},
                               fmt::format("{} is missing in {:.1f} % of the rows", q.name, 100 * missing)});
  }
  if (q.outliers > 0) {
    report.findings.push_back(
        {"outliers",
         FindingSeverity::note,
         {q.name},
         fmt::format("{} has {} far-out values ({:.1f} %), up to {:.6g} where the median is {:.6g}", q.name, q.outliers,
                     100 * static_cast<double>(q.outliers) / static_cast<double>(report.rows),
                     std::abs(q.max - q.median) > std::abs(q.min - q.median) ? q.max : q.min, q.median)});
  }
}

void find_duplicates(const Table& inputs, std::span<const std::uint8_t> truth, QualityReport& report) {
  std::map<std::string, std::array<std::int64_t, 2>> rows;
  std::string key;
  for (std::int64_t i = 0; i < report.rows; ++i) {
    key.clear();
    for (const Column& column : inputs.columns) {
      const auto at = static_cast<std::size_t>(i);
      if (column.spec.kind == ColumnKind::numeric)
        key.append(reinterpret_cast<const char*>(&column.numbers[at]), 8);
      else
        key.append(reinterpret_cast<const char*>(&column.codes[at]), 4);
    }
    ++rows[key][truth.empty() ? 0 : truth[static_cast<std::size_t>(i)]];
  }
  std::int64_t contradicting = 0;
  for (const auto& [row, counts] : rows) {
    const std::int64_t all = counts[0] + counts[1];
    report.duplicates += all - 1;
    contradicting += counts[0] > 0 && counts[1] > 0 ? all : 0;
  }
  if (report.duplicates > 0) {
    report.findings.push_back({"duplicates",
                               FindingSeverity::warning,
                               {},
                               fmt::format("{} rows repeat the inputs of an earlier row", report.duplicates)});
  }
  if (contradicting > 0) {
    report.findings.push_back({"contradictions",
                               FindingSeverity::note,
                               {},
                               fmt::format("{} rows share their inputs with a row of the other class", contradicting)});
  }
}

}  // namespace

const char* severity_name(FindingSeverity severity) {
  switch (severity) {
    case FindingSeverity::note:
      return "note";
    case FindingSeverity::warning:
      return "warning";
    case FindingSeverity::leakage:
      return "leakage";
  }
  return "note";
}

bool QualityReport::leakage_suspected() const {
  return !leaking_columns().empty();
}

std::vector<std::string> QualityReport::leaking_columns() const {
  std::vector<std::string> names;
  for (const Finding& finding : findings) {
    if (finding.severity != FindingSeverity::leakage) continue;
    for (const std::string& name : finding.columns) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

Json QualityReport::to_json() const {
  Json json = {{"rows", rows},
               {"duplicates", duplicates},
               {"leakage_suspected", leakage_suspected()},
               {"leaking_columns", leaking_columns()},
               {"findings", Json::array()},
               {"columns", Json::array()}};
  for (const Finding& f : findings) {
    json["findings"].push_back(
        {{"kind", f.kind}, {"severity", severity_name(f.severity)}, {"columns", f.columns}, {"text", f.text}});
  }
  const auto number = [](double x) { return std::isnan(x) ? Json() : Json(x); };
  for (const ColumnQuality& q : columns) {
    Json one = {{"name", q.name},
                {"kind", q.kind == ColumnKind::numeric ? "numeric" : "categorical"},
                {"missing", q.missing},
                {"distinct", q.distinct},
                {"auc", number(q.auc)}};
    if (q.kind == ColumnKind::numeric) {
      one.update({{"not_whole", q.not_whole},
                  {"outliers", q.outliers},
                  {"min", number(q.min)},
                  {"median", number(q.median)},
                  {"mean", number(q.mean)},
                  {"max", number(q.max)}});
    }
    json["columns"].push_back(std::move(one));
  }
  return json;
}

QualityReport quality_report(const Table& inputs, std::span<const std::uint8_t> truth) {
  BALLAST_CHECK(truth.empty() || static_cast<std::int64_t>(truth.size()) == inputs.rows(), truth.size());
  QualityReport report;
  report.rows = inputs.rows();
  for (const Column& column : inputs.columns) {
    report.columns.push_back(describe(column, report));
    note_column(report.columns.back(), report);
  }
  const std::vector<std::string> identifiers = identifier_columns(inputs);
  for (const std::string& name : identifiers) {
    report.findings.push_back({"identifier",
                               FindingSeverity::warning,
                               {name},
                               fmt::format("{} numbers the rows and should not be an input", name)});
  }
  find_duplicates(inputs.without(identifiers), truth, report);
  if (!truth.empty()) find_leaks(inputs, truth, report);
  std::stable_sort(report.findings.begin(), report.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return report;
}

}  // namespace ballast::tabular
