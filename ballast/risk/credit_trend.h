// SPDX-License-Identifier: Apache-2.0
// A dated series per industry (or country, or product) beside the applications: to each application the latest values
// that were known on its date.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/ingest/record.h"
#include "ballast/risk/market.h"

namespace ballast::risk {

/// Observations of one key, by rising `available_at`.
struct TrendPoint {
  Day available_at;                            // from this day on it may be used
  std::vector<std::optional<double>> numbers;  // one a value column
};

class TrendSeries {
 public:
  /// A CSV or JSONL file with the key's column, `available_at` (a date), optionally `date` (the period that the values
  /// are about), and one column or more of numbers. Rows that cannot be used go to `quarantine`. A row that claims to
  /// have been available before its own `date` looks ahead: that is bad_input with the line, since the file's dates
  /// cannot be trusted then. Throws bad_input for absent columns and two rows of one key with the same `available_at`.
  static TrendSeries read(const std::string& file, const std::string& key,
                          const ingest::QuarantineSink& quarantine = {});

  /// "trend.NAME" of each value column: what join() adds.
  std::vector<std::string> columns() const;
  /// The last point of a key with available_at <= day; nothing where there is none.
  const TrendPoint* at(const std::string& key, Day day) const;
  const std::string& key() const { return key_; }

 private:
  std::string key_;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<TrendPoint>> points_;
};

/// Adds the series' columns to each application: the values known on the date in column `as_of`, empty where none were
/// known yet or the key is not in the series. Applications without a date that exists go to `quarantine`. Columns of
/// that name which are there already are an error (bad_input): values from outside would hide when they became known.
std::vector<ingest::Record> join_trend(std::vector<ingest::Record> applications, const TrendSeries& series,
                                       const std::string& as_of, const ingest::QuarantineSink& quarantine = {});

}  // namespace ballast::risk
