// SPDX-License-Identifier: Apache-2.0
// Rows of a comparison: reading them, who judges whom, and what the checks of the split see of each.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/risk/market_calendar.h"
#include "ballast/tabular/table.h"
#include "compare.h"
#include "table_reading.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kFoldStream = 0x5b117;
constexpr double kHeldOutByTime = 0.2;

/// Seconds of a date, a moment or a number; nothing where it is none of them.
std::optional<double> seconds_of_compare_rows(const std::string& text) {
  if (const auto moment = risk::parse_moment(text)) {
    return static_cast<double>(moment->time_since_epoch().count());
  }
  if (const auto day = risk::parse_day(text)) {
    return static_cast<double>(std::chrono::sys_seconds(*day).time_since_epoch().count());
  }
  bool finite = true;
  const double value = tabular::number_in(text, finite);
  if (finite && !std::isnan(value)) return value;
  return {};
}

double time_of(const ingest::Record& row, const std::string& column) {
  const std::string text = row.text(column).value_or("");
  const auto seconds = seconds_of_compare_rows(text);
  if (seconds) return *seconds;
  throw Error(ErrorCode::bad_input, "\"" + text.substr(0, 40) + "\" is no date, RFC 3339 moment or number",
              fmt::format("{}:{}, column {}", row.source, row.line, column));
}

std::vector<int> folds_by_time(const std::vector<ingest::Record>& rows, const std::string& column) {
  std::vector<double> times;
  for (const ingest::Record& row : rows) times.push_back(time_of(row, column));
  std::vector<double> sorted = times;
  std::sort(sorted.begin(), sorted.end());
  const auto at = static_cast<std::size_t>((1 - kHeldOutByTime) * static_cast<double>(sorted.size()));
  const double first = sorted[std::min(at, sorted.size() - 1)];
  std::vector<int> folds;
  for (const double t : times) folds.push_back(t < first ? govern::kTrainOnly : 0);
  if (std::count(folds.begin(), folds.end(), 0) == static_cast<std::ptrdiff_t>(folds.size())) {
    throw Error(ErrorCode::bad_input, "all rows have the same time, so that none is left to learn from", column);
  }
  return folds;
}

/// Deals shuffled keys out in turn, so that each fold gets as many (of each class).
std::vector<int> dealt(const std::vector<std::string>& keys, int folds, std::uint64_t seed) {
  std::map<std::string, int> fold_of;
  for (const std::string& key : keys) fold_of[key] = 0;
  std::vector<std::string> order;
  for (const auto& [key, fold] : fold_of) order.push_back(key);
  base::Random random(seed, kFoldStream);
  random.shuffle(std::span<std::string>(order));
  for (std::size_t i = 0; i < order.size(); ++i) fold_of[order[i]] = static_cast<int>(i) % folds;
  std::vector<int> out;
  for (const std::string& key : keys) out.push_back(fold_of[key]);
  return out;
}

std::vector<int> spread_classes(std::span<const int> classes, int folds, std::uint64_t seed) {
  std::map<int, std::vector<std::size_t>> rows_of;
  for (std::size_t i = 0; i < classes.size(); ++i) rows_of[classes[i]].push_back(i);
  std::vector<int> out(classes.size());
  std::size_t dealt_so_far = 0;
  base::Random random(seed, kFoldStream);
  for (auto& [label, rows] : rows_of) {
    random.shuffle(std::span<std::size_t>(rows));
    for (const std::size_t row : rows) out[row] = static_cast<int>(dealt_so_far++ % static_cast<std::size_t>(folds));
  }
  return out;
}

}  // namespace

CompareSide read_side(const std::vector<std::string>& files, const std::vector<std::string>& required,
                      const std::string& option, const Common& common) {
  CompareSide side;
  side.files = files_below(files);
  RowQuarantine quarantine(common);
  for (const std::string& file : side.files) {
    auto reader = ingest::RecordReader::open(file, {}, quarantine.sink());
    for (const std::string& column : required) {
      if (!column.empty()) reader.require_column(column, "the comparison", column);
    }
    for (ingest::Record row; reader.next(row);) side.rows.push_back(row);
  }
  quarantine.finish(false);
  if (side.rows.empty()) throw Error(ErrorCode::bad_input, "holds no usable row", files.front(), option);
  return side;
}

void add_split_row(const ingest::Record& row, int fold, const CompareArguments& a, govern::SplitRows& rows) {
  rows.sources.push_back(row.source);
  rows.lines.push_back(row.line);
  rows.folds.push_back(fold);
  if (!a.group.empty()) rows.groups.push_back(row.text(a.group).value_or(""));
  if (!a.time.empty()) rows.times.push_back(time_of(row, a.time));
  if (!a.available.empty()) {
    const bool missing = tabular::is_missing_text(row.text(a.available).value_or(""));
    rows.available.push_back(missing ? std::numeric_limits<double>::quiet_NaN() : time_of(row, a.available));
  }
}

std::vector<int> assign_folds(const std::vector<ingest::Record>& rows, std::span<const int> classes, int folds,
                              const CompareArguments& a, std::uint64_t seed) {
  if (!a.time.empty()) return folds_by_time(rows, a.time);
  if (a.group.empty()) return spread_classes(classes, folds, seed);
  std::vector<std::string> groups;
  for (const ingest::Record& row : rows) {
    const std::string group = row.text(a.group).value_or("");
    groups.push_back(group.empty() ? fmt::format("\n{}:{}", row.source, row.line) : group);  // a row on its own
  }
  return dealt(groups, folds, seed);
}

std::vector<std::int64_t> rows_where(std::span<const std::uint8_t> marked, bool value) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if ((marked[i] != 0) == value) out.push_back(static_cast<std::int64_t>(i));
  }
  return out;
}

}  // namespace ballast::apps
