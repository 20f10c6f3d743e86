// SPDX-License-Identifier: Apache-2.0
// The market desk's door for data: prices come in from CSV (also JSONL, gzipped), one series of bars goes out, ordered
// by exchange-local trading date, with corporate actions applied where given; then returns and their statistics. Rows
// that cannot be used go to quarantine with row and column.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/ingest/record.h"

namespace ballast::risk {

/// An exchange-local trading date.
using Day = std::chrono::sys_days;

/// "2020-04-20", "2020/04/20" or "20200420"; nothing for dates that do not exist (2021-02-29) or years
/// before 1800.
std::optional<Day> parse_day(std::string_view text);
std::string day_text(Day day);  // "2020-04-20"

/// One trading day. What the file does not have is NaN; `close` always holds the chosen column.
struct Bar {
  Day day;
  double open = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double close = 0;
  double volume = std::numeric_limits<double>::quiet_NaN();
  std::int64_t line = 0;  // of the file, from 1
};

struct Gap {
  Day from, to;  // neighbouring bars
};

struct PriceSeries {
  std::string source, column;
  std::vector<Bar> bars;  // strictly rising days
  std::int64_t rows = 0, quarantined = 0;
  std::vector<Gap> gaps;  // more than PriceOptions::gap_days calendar days apart
  bool negative_allowed = false;
};

struct PriceOptions {
  std::string column;           // empty: "close", or the only column of numbers
  bool allow_negative = false;  // prices of zero and below are kept; changes are then differences
  std::optional<Day> last_day;  // later dates are quarantined; default: tomorrow in UTC (exchanges east of Greenwich)
  int gap_days = 13;  // the longest closure since 2004 of an exchange that market_calendar.h knows (Chinese New Year)
  std::string encoding = "auto";
};

/// The columns that may hold prices: all but the date and volume, in file order. Throws as RecordReader::open.
std::vector<std::string> price_columns(const std::string& source, const std::string& encoding = "auto");

/// Reads one series. Quarantined: dates that do not exist, future dates, a date that occurred before (the first row
/// stays), cells that are empty or no finite number, prices ≤ 0 unless allowed. Rows may come in any order.
/// Throws bad_input: no such column, several columns and none chosen, no usable row.
PriceSeries read_prices(const std::string& source, const PriceOptions& options = {},
                        const ingest::QuarantineSink& quarantine = {});

/// A split (value: new shares for one old) or cash dividend (value: money a share), effective on its ex-date.
struct CorporateAction {
  enum class Kind { split, dividend };
  Day day;
  Kind kind = Kind::split;
  double value = 0;
};

/// CSV with columns date, kind ("split" or "dividend") and value; splits also as "4:1". Bad rows are quarantined.
std::vector<CorporateAction> read_actions(const std::string& source, const ingest::QuarantineSink& quarantine = {});

/// Back-adjusts raw prices so that simple returns are total returns: before a split prices are divided by its value,
/// before a dividend they are multiplied by (1 − dividend / close of the day before) (the CRSP convention). Volume is
/// multiplied by splits. Throws bad_input for a dividend not below that close. Actions before the first or after the
/// last bar change nothing.
void adjust_for_actions(PriceSeries& series, std::span<const CorporateAction> actions);

/// Changes of price, days[i] being the later day: simple returns, or differences where negative prices are allowed.
struct Returns {
  std::vector<Day> days;
  std::vector<double> values;
  bool differences = false;
  std::string source = {};  // the file and column that they come from, for messages
  std::size_t size() const { return values.size(); }
};
Returns returns_of(const PriceSeries& series);

struct ReturnStatistics {
  std::int64_t count = 0;
  double mean = 0, stdev = 0;    // a day; stdev with n − 1
  double annual_volatility = 0;  // stdev · √252
  double skewness = 0, excess_kurtosis = 0;
  double autocorrelation = 0;  // lag 1
  double worst = 0, best = 0;
  double max_drawdown = 0;  // loss fraction of the compounded returns; NaN for differences
};
/// Throws bad_input with fewer than two returns.
ReturnStatistics describe(const Returns& returns);

}  // namespace ballast::risk
