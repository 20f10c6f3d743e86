// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ballast/base/error.h"
#include "ballast/risk/market.h"
#include "ballast/risk/market/cells.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

std::string date_column(const std::vector<std::string>& columns) {
  for (const std::string& name : columns) {
    const std::string low = lower(name);
    if (low == "date" || low == "day" || low == "trading_date") return name;
  }
  return columns.front();
}

std::vector<std::string> candidates(const std::vector<std::string>& columns) {
  const std::string date = date_column(columns);
  std::vector<std::string> out;
  for (const std::string& name : columns) {
    if (name != date && lower(name) != "volume") out.push_back(name);
  }
  return out;
}

std::string chosen_column(const ingest::RecordReader& reader, const std::string& source, const std::string& wanted) {
  if (!wanted.empty()) {
    reader.require_column(wanted, "--column", "close");
    return wanted;
  }
  const auto names = candidates(reader.columns());
  if (names.size() == 1) return names.front();
  for (const std::string& name : names) {
    if (lower(name) == "close") return name;
  }
  throw Error(ErrorCode::bad_input,
              names.empty() ? "has no column of prices"
                            : "has several instruments: " + fmt::format("{}", fmt::join(names, ", ")),
              source, "choose one with --column");
}

Day tomorrow() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) + std::chrono::days(1);
}

/// The checks of one row; the reason why it is set aside, or empty.
struct RowReader {
  const PriceOptions& options;
  std::string date, column;
  Day last_day;
  std::map<Day, std::int64_t> seen = {};  // day → line

  struct Problem {
    std::string column, reason, excerpt;
  };
  std::optional<Problem> read(const ingest::Record& row, Bar& bar) {
    const std::string date_text = row.text(date).value_or("");
    const auto day = parse_day(trimmed(date_text));
    if (!day) return Problem{date, "not a date (expected YYYY-MM-DD)", date_text};
    if (*day > last_day) return Problem{date, "lies in the future", date_text};
    const std::string price_text = row.text(column).value_or("");
    if (trimmed(price_text).empty()) return Problem{column, "no price", price_text};
    const auto price = number(price_text);
    if (!price) return Problem{column, "not a finite number", price_text};
    if (*price <= 0 && !options.allow_negative) {
      return Problem{column, "price is not positive (--allow-negative keeps it and uses differences)", price_text};
    }
    const auto [before, is_new] = seen.emplace(*day, row.line);
    if (!is_new) return Problem{date, fmt::format("date occurred before, in line {}", before->second), date_text};
    bar.day = *day;
    bar.close = *price;
    bar.line = row.line;
    return std::nullopt;
  }
};

struct OptionalColumn {
  std::string name;
  double Bar::*member;
};

std::vector<OptionalColumn> optional_columns(const std::vector<std::string>& columns, const std::string& chosen) {
  std::vector<OptionalColumn> out;
  const bool bars = lower(chosen) == "close";  // another instrument's range says nothing about this one
  for (const std::string& name : columns) {
    const std::string low = lower(name);
    if (bars && low == "open") out.push_back({name, &Bar::open});
    if (bars && low == "high") out.push_back({name, &Bar::high});
    if (bars && low == "low") out.push_back({name, &Bar::low});
    if (low == "volume") out.push_back({name, &Bar::volume});
  }
  return out;
}

}  // namespace

std::vector<std::string> price_columns(const std::string& source, const std::string& encoding) {
  ingest::ReadOptions reading;
  reading.encoding = encoding;
  return candidates(ingest::RecordReader::open(source, reading).columns());
}

PriceSeries read_prices(const std::string& source, const PriceOptions& options,
                        const ingest::QuarantineSink& quarantine) {
  ingest::ReadOptions reading;
  reading.encoding = options.encoding;
  auto reader = ingest::RecordReader::open(source, reading, quarantine);
  PriceSeries series{source, chosen_column(reader, source, options.column), {}, 0, 0, {}, options.allow_negative};
  if (parse_day(date_column(reader.columns()))) {
    throw Error(ErrorCode::bad_input, "the first line holds a date where the names of columns are expected",
                source + ":1", "a header such as date,close");
  }
  const auto extra = optional_columns(reader.columns(), series.column);
  RowReader rows{options, date_column(reader.columns()), series.column, options.last_day.value_or(tomorrow())};
  std::int64_t set_aside = 0;
  for (ingest::Record row; reader.next(row);) {
    ++series.rows;
    Bar bar;
    if (const auto problem = rows.read(row, bar)) {
      ++set_aside;
      if (quarantine) {
        quarantine({source, row.line, problem->column, problem->reason, problem->excerpt.substr(0, 80)});
      }
      continue;
    }
    for (const auto& [name, member] : extra) {
      if (const auto text = row.text(name)) bar.*member = number(*text).value_or(bar.*member);
    }
    series.bars.push_back(bar);
  }
  series.rows += reader.quarantined();
  series.quarantined = set_aside + reader.quarantined();
  if (series.bars.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("none of {} rows has a usable date and price", series.rows),
                source + ", column " + series.column);
  }
  std::sort(series.bars.begin(), series.bars.end(), [](const Bar& a, const Bar& b) { return a.day < b.day; });
  for (std::size_t i = 1; i < series.bars.size(); ++i) {
    const Day from = series.bars[i - 1].day, to = series.bars[i].day;
    if (to - from > std::chrono::days(options.gap_days)) series.gaps.push_back({from, to});
  }
  return series;
}

}  // namespace ballast::risk
