// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "ballast/base/error.h"
#include "ballast/risk/market/cells.h"
#include "ballast/risk/portfolio.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string date_column(const std::vector<std::string>& columns, const std::vector<std::string>& prices) {
  for (const std::string& name : columns) {
    if (lower(name) != "volume" && std::find(prices.begin(), prices.end(), name) == prices.end()) return name;
  }
  return columns.front();
}

class PanelRows {
 public:
  PanelRows(PricePanel& panel, std::string date, const ingest::QuarantineSink& sink)
      : panel_(panel),
        date_(std::move(date)),
        sink_(sink),
        last_(std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) + std::chrono::days(1)) {}

  void add(const ingest::Record& row) {
    const std::string text = row.text(date_).value_or("");
    const auto day = parse_day(trimmed(text));
    if (!day) return refuse(row, date_, "not a date (expected YYYY-MM-DD)", text);
    if (*day > last_) return refuse(row, date_, "lies in the future", text);
    const auto [before, is_new] = lines_.emplace(*day, row.line);
    if (!is_new) return refuse(row, date_, fmt::format("date occurred before, in line {}", before->second), text);
    std::vector<double> cells;
    bool any = false;
    for (const std::string& name : panel_.instruments) {
      cells.push_back(cell(row, name));
      any = any || !std::isnan(cells.back());
    }
    if (any) rows_.emplace(*day, std::move(cells));
  }
  void finish() {
    for (auto& [day, cells] : rows_) {
      panel_.days.push_back(day);
      panel_.prices.insert(panel_.prices.end(), cells.begin(), cells.end());
    }
  }

 private:
  double cell(const ingest::Record& row, const std::string& name) {
    const std::string text = row.text(name).value_or("");
    if (trimmed(text).empty()) return kNone;
    const auto value = number(text);
    if (value && *value > 0) return *value;
    refuse(row, name, value ? "price is not positive" : "not a finite number", text);
    return kNone;
  }
  void refuse(const ingest::Record& row, const std::string& column, const std::string& reason,
              const std::string& text) {
    ++panel_.set_aside;
    if (sink_) sink_({panel_.source, row.line, column, reason, text.substr(0, 80)});
  }

  PricePanel& panel_;
  std::string date_;
  const ingest::QuarantineSink& sink_;
  Day last_;
  std::map<Day, std::int64_t> lines_;
  std::map<Day, std::vector<double>> rows_;
};

}  // namespace

std::int64_t PricePanel::find(const std::string& instrument) const {
  const auto found = std::find(instruments.begin(), instruments.end(), instrument);
  return found == instruments.end() ? -1 : found - instruments.begin();
}

PricePanel PricePanel::part(std::size_t first, std::size_t last, std::span<const std::size_t> columns) const {
  PricePanel out;
  out.source = source;
  for (const std::size_t c : columns) out.instruments.push_back(instruments[c]);
  out.days.assign(days.begin() + static_cast<std::ptrdiff_t>(first), days.begin() + static_cast<std::ptrdiff_t>(last));
  for (std::size_t r = first; r < last; ++r)
    for (const std::size_t c : columns) out.prices.push_back(price(r, c));
  out.rows = static_cast<std::int64_t>(out.days.size());
  return out;
}

PricePanel read_panel(const std::string& source, const ingest::QuarantineSink& quarantine) {
  PricePanel panel;
  panel.source = source;
  panel.instruments = price_columns(source);
  if (panel.instruments.empty()) {
    throw Error(ErrorCode::bad_input, "has no column of prices", source, "a date column and one column an instrument");
  }
  auto reader = ingest::RecordReader::open(source, {}, quarantine);
  PanelRows rows(panel, date_column(reader.columns(), panel.instruments), quarantine);
  for (ingest::Record row; reader.next(row);) {
    ++panel.rows;
    rows.add(row);
  }
  panel.rows += reader.quarantined();
  panel.set_aside += reader.quarantined();
  rows.finish();
  if (panel.days.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("none of {} rows has a usable date and price", panel.rows), source);
  }
  return panel;
}

}  // namespace ballast::risk
