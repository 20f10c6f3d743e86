// SPDX-License-Identifier: Apache-2.0
// The as-of join.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/risk/credit_trend.h"
#include "ballast/tabular/table.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kAvailable = "available_at";
constexpr const char* kDate = "date";

std::string place(const ingest::Record& row) {
  return fmt::format("{}:{}", row.source, row.line);
}

/// The date of a time stamp counts: what became known during a day may be used from that day on.
std::optional<Day> day_of(const std::string& text) {
  const std::size_t time = text.find_first_of("T ");
  return parse_day(std::string_view(text).substr(0, time));
}

/// Adds named values to a row, whatever kind of file it came from.
class ColumnAdder {
 public:
  explicit ColumnAdder(std::vector<std::string> names) : names_(std::move(names)) {}

  void add(ingest::Record& row, const std::vector<std::string>& values) {
    for (const std::string& name : names_) {
      if (row.has(name)) {
        throw Error(ErrorCode::bad_input, "has a column \"" + name + "\" of its own", place(row),
                    "leave it out, or rename it");
      }
    }
    if (row.names == nullptr) {
      for (std::size_t i = 0; i < names_.size(); ++i) {
        row.object[names_[i]] = values[i].empty() ? base::Json() : base::Json(values[i]);
      }
      return;
    }
    if (row.names != before_) {
      before_ = row.names;
      auto longer = std::make_shared<std::vector<std::string>>(*row.names);
      longer->insert(longer->end(), names_.begin(), names_.end());
      after_ = longer;
    }
    row.names = after_;
    row.values.insert(row.values.end(), values.begin(), values.end());
  }

 private:
  std::vector<std::string> names_;
  std::shared_ptr<const std::vector<std::string>> before_, after_;
};

}  // namespace

TrendSeries TrendSeries::read(const std::string& file, const std::string& key,
                              const ingest::QuarantineSink& quarantine) {
  TrendSeries series;
  series.key_ = key;
  auto reader = ingest::RecordReader::open(file, {}, quarantine);
  reader.require_column(key, "--trend-key");
  reader.require_column(kAvailable, "");
  for (const std::string& name : reader.columns()) {
    if (name != key && name != kAvailable && name != kDate) series.names_.push_back(name);
  }
  if (series.names_.empty()) throw Error(ErrorCode::bad_input, "has no column of values", file);
  const auto set_aside = [&](const ingest::Record& row, const std::string& column, const std::string& reason) {
    if (quarantine) quarantine({row.source, row.line, column, reason, ""});
  };
  for (ingest::Record row; reader.next(row);) {
    const auto available = day_of(row.text(kAvailable).value_or(""));
    const std::string about = row.text(kDate).value_or("");
    if (!available) {
      set_aside(row, kAvailable, "is not a date: " + row.text(kAvailable).value_or("").substr(0, 40));
      continue;
    }
    const auto date = day_of(about);
    if (!about.empty() && !date) {
      set_aside(row, kDate, "is not a date: " + about.substr(0, 40));
      continue;
    }
    if (date && *available < *date) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("looks ahead: available_at {} is before the date {} that the values are about",
                              day_text(*available), day_text(*date)),
                  place(row), "available_at is the day on which the values became known");
    }
    TrendPoint point{*available, {}};
    bool usable = true;
    for (const std::string& name : series.names_) {
      const std::string text = row.text(name).value_or("");
      bool finite = true;
      const double value = tabular::number_in(text, finite);
      if (!tabular::is_missing_text(text) && std::isnan(value)) {
        set_aside(row, name, "is not a number: " + text.substr(0, 40));
        usable = false;
        break;
      }
      point.numbers.push_back(std::isnan(value) ? std::nullopt : std::optional(value));
    }
    if (usable) series.points_[row.text(key).value_or("")].push_back(std::move(point));
  }
  if (series.points_.empty()) throw Error(ErrorCode::bad_input, "holds no usable row", file);
  for (auto& [name, points] : series.points_) {
    std::stable_sort(points.begin(), points.end(),
                     [](const TrendPoint& a, const TrendPoint& b) { return a.available_at < b.available_at; });
    const auto twice = std::adjacent_find(points.begin(), points.end(), [](const TrendPoint& a, const TrendPoint& b) {
      return a.available_at == b.available_at;
    });
    if (twice != points.end()) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("\"{}\" has two rows available at {}", name, day_text(twice->available_at)), file);
    }
  }
  return series;
}

std::vector<std::string> TrendSeries::columns() const {
  std::vector<std::string> columns;
  for (const std::string& name : names_) columns.push_back("trend." + name);
  return columns;
}

const TrendPoint* TrendSeries::at(const std::string& key, Day day) const {
  const auto it = points_.find(key);
  if (it == points_.end()) return nullptr;
  const auto later = std::upper_bound(it->second.begin(), it->second.end(), day,
                                      [](Day d, const TrendPoint& p) { return d < p.available_at; });
  return later == it->second.begin() ? nullptr : &*(later - 1);
}

std::vector<ingest::Record> join_trend(std::vector<ingest::Record> applications, const TrendSeries& series,
                                       const std::string& as_of, const ingest::QuarantineSink& quarantine) {
  if (!applications.empty()) {
    for (const std::string& column : {series.key(), as_of}) {
      if (!applications.front().has(column)) {
        throw Error(ErrorCode::bad_input, "there is no column \"" + column + "\"", applications.front().source,
                    "the nearest is \"" + ingest::nearest_name(column, applications.front().columns()) + "\"");
      }
    }
  }
  ColumnAdder adder(series.columns());
  std::vector<ingest::Record> out;
  for (ingest::Record& row : applications) {
    const std::string date = row.text(as_of).value_or("");
    const auto day = day_of(date);
    if (!day) {
      if (quarantine) quarantine({row.source, row.line, as_of, "is not a date: " + date.substr(0, 40), ""});
      continue;
    }
    const TrendPoint* point = series.at(row.text(series.key()).value_or(""), *day);
    std::vector<std::string> values(series.columns().size());
    for (std::size_t i = 0; point != nullptr && i < values.size(); ++i) {
      if (point->numbers[i]) values[i] = fmt::format("{}", *point->numbers[i]);
    }
    adder.add(row, values);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace ballast::risk
