// SPDX-License-Identifier: Apache-2.0
// Applications from outside to columns that the model can score; the others are set aside with the reason.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "ballast/base/error.h"
#include "ballast/risk/credit.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using tabular::Table;

/// As tabular reads a cell: without white space around it, and empty for what says "no value".
std::string text_in(const ingest::Record& row, const std::string& column) {
  const std::string text = row.text(column).value_or("");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  const std::string bare = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  return tabular::is_missing_text(bare) ? "" : bare;
}

/// Problems of rows by their number, so that they can be told in row order.
using Problems = std::map<std::size_t, ingest::Quarantined>;

/// Columns of `schema` that are read as they stand; the row numbers that fit.
Table read_columns(const tabular::Schema& schema, std::span<const ingest::Record> rows, std::vector<std::size_t>& kept,
                   Problems& problems) {
  std::vector<std::uint8_t> refused(rows.size(), 0);
  std::size_t at = 0;
  // Rows that do not fit vanish from the table, in order.
  Table table = tabular::table_as(schema, rows, [&](const ingest::Quarantined& q) {
    while (rows[at].line != q.line || rows[at].source != q.source) ++at;
    problems[at] = q;
    refused[at++] = 1;
  });
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (refused[i] == 0) kept.push_back(i);
  }
  return table;
}

}  // namespace

std::string CreditModel::unusable(const tabular::Column& column, std::int64_t row, bool allow_unseen) const {
  const auto at = static_cast<std::size_t>(row);
  if (column.spec.kind == tabular::ColumnKind::categorical) {
    return !allow_unseen && column.codes[at] == tabular::kUnseenCode ? "has a value that training never saw" : "";
  }
  const auto it = ranges_.find(column.spec.name);
  const double value = column.numbers[at];
  if (it == ranges_.end() || std::isnan(value)) return "";
  const auto [low, high] = it->second;
  if (value < 0 && low >= 0) return fmt::format("is {}, and was never negative in training", value);
  const double width = high - low;
  if (value < low - width || value > high + width) {
    return fmt::format("is {}, out of range: training had {} to {}", value, low, high);
  }
  return "";
}

ReadApplications CreditModel::read(std::span<const ingest::Record> rows, bool allow_unseen,
                                   const ingest::QuarantineSink& quarantine) const {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no applications");
  tabular::Schema plain;
  for (const tabular::ColumnSpec& spec : schema_.columns) {
    if (std::none_of(notes_.begin(), notes_.end(), [&](const Notes& n) { return n.column == spec.name; })) {
      plain.columns.push_back(spec);
    }
  }
  for (const Notes& notes : notes_) {
    if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(notes.column); })) {
      throw Error(ErrorCode::bad_input, "the text column \"" + notes.column + "\" that the model needs is absent",
                  rows.front().source);
    }
  }
  Problems problems;
  std::vector<std::size_t> kept;
  const auto tell = [&] {
    if (!quarantine) return;
    for (const auto& [row, problem] : problems) quarantine(problem);
  };
  Table table;
  try {
    table = read_columns(plain, rows, kept, problems);
  } catch (const Error&) {  // not one row fits: which and why is told all the same
    tell();
    throw;
  }
  std::vector<std::int64_t> good;
  ReadApplications out;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const ingest::Record& record = rows[kept[i]];
    for (const tabular::Column& column : table.columns) {
      std::string reason = unusable(column, row, allow_unseen);
      if (reason.empty()) continue;
      if (column.spec.kind == tabular::ColumnKind::categorical) {
        reason += ": " + record.text(column.spec.name).value_or("").substr(0, 40);
      }
      problems[kept[i]] = {record.source, record.line, column.spec.name, reason, ""};
      break;
    }
    if (problems.contains(kept[i])) continue;
    good.push_back(row);
    out.kept.push_back(kept[i]);
  }
  tell();
  if (good.empty()) {
    const auto& first = problems.begin()->second;
    throw Error(ErrorCode::bad_input, "no application can be scored", fmt::format("{}:{}", first.source, first.line),
                "the first one: column \"" + first.column + "\" " + first.reason);
  }
  out.table = table.take(good);
  for (const Notes& notes : notes_) {
    std::vector<std::string> texts;
    for (const std::size_t i : out.kept) texts.push_back(text_in(rows[i], notes.column));
    tabular::Column column;
    column.spec = *schema_.find(notes.column);
    column.numbers = notes.reader->scores(texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].empty()) column.numbers[i] = std::numeric_limits<double>::quiet_NaN();
    }
    out.table.columns.push_back(std::move(column));
  }
  out.table = out.table.only(schema_.names());
  return out;
}

}  // namespace ballast::risk
