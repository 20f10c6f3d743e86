// SPDX-License-Identifier: Apache-2.0
// Files and stored signals to the inputs of a liquidity assessment.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/risk/liquidity.h"
#include "ballast/risk/operations_losses.h"
#include "liquidity.h"
#include "operations.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

Json read_flows(const LiquidityArguments& a, const Common& common, std::int64_t today) {
  Json flows = Json::array();
  SetAside aside(common, a.strict);
  std::int64_t past = 0;
  read_rows(a.cashflows, {}, aside, {"amount"}, [&](const ingest::Record& row) {
    const double amount = risk::number_cell(row, "amount");
    std::int64_t flow_day = 0;
    if (row.has("day")) {
      const double day = risk::number_cell(row, "day");
      if (day != std::floor(day) || std::abs(day) > 1e6) {
        throw std::invalid_argument("day: is not a whole number of days");
      }
      flow_day = static_cast<std::int64_t>(day);
    } else {
      if (!row.has("date")) throw std::invalid_argument("date: there is neither a day nor a date");
      flow_day = risk::day_number(risk::word_cell(row, "date"), "date") - today;
    }
    past += flow_day < 1;
    flows.push_back({flow_day, amount, row.text("category").value_or("")});
  });
  if (past > 0) say(common, fmt::format("{} flows are dated {} or before and are not counted", past, a.as_of));
  return flows;
}

Json read_items(const LiquidityArguments& a, const Common& common) {
  Json items = Json::array();
  SetAside aside(common, a.strict);
  read_rows(a.table, {}, aside, {"section", "item", "amount"}, [&](const ingest::Record& row) {
    risk::LiquidityItem item{risk::word_cell(row, "section"), risk::word_cell(row, "item"),
                             risk::number_cell(row, "amount"), -1, 0};
    if (!row.text("rate").value_or("").empty()) {
      item.rate = risk::number_cell(row, "rate");
      if (item.rate < 0) throw std::invalid_argument("rate: is negative");
    }
    if (!row.text("unwind").value_or("").empty()) item.unwind = risk::number_cell(row, "unwind");
    risk::rate_of(item);
    items.push_back({{"section", item.section},
                     {"item", item.item},
                     {"amount", item.amount},
                     {"rate", item.rate},
                     {"unwind", item.unwind}});
  });
  return items;
}

Json read_prices(const LiquidityArguments& a, const Common& common, std::int64_t today) {
  Json days = Json::array();
  SetAside aside(common, a.strict);
  std::int64_t last = std::numeric_limits<std::int64_t>::min(), later = 0;
  read_rows(a.prices, {}, aside, {"date", "high", "low", "close"}, [&](const ingest::Record& row) {
    const std::string date = risk::word_cell(row, "date");
    const std::int64_t day = risk::day_number(date, "date");
    risk::MarketDay d{risk::number_cell(row, "high"), risk::number_cell(row, "low"), risk::number_cell(row, "close"),
                      0};
    if (row.has("volume") && !row.text("volume").value_or("").empty()) d.volume = risk::number_cell(row, "volume");
    if (day <= last) throw std::invalid_argument("date: is not after the row before");
    for (const auto& [name, price] : {std::pair("high", d.high), {"low", d.low}, {"close", d.close}}) {
      if (price <= 0) throw std::invalid_argument(fmt::format("{}: the price {} is not positive", name, price));
    }
    if (d.high < d.low) throw std::invalid_argument("high: is below the low");
    if (d.volume < 0) throw std::invalid_argument("volume: is negative");
    last = day;
    if (day > today) {
      ++later;
      return;
    }
    days.push_back({std::stoi(date.substr(0, 4)), d.high, d.low, d.close, d.volume});
  });
  if (later > 0) say(common, fmt::format("{} days after {} are not used", later, a.as_of));
  if (days.empty()) throw Error(ErrorCode::bad_input, "has no day up to " + a.as_of, a.prices);
  return days;
}

/// Documents with a liquidity or a credit signal, each once.
Json read_signals(const LiquidityArguments& a, const Common& common, std::int64_t today) {
  store::Store store = store::Store::open(common.store);
  std::map<std::string, std::pair<std::int64_t, double>> documents;
  std::int64_t undated = 0;
  for (const char* risk : {"liquidity", "credit"}) {
    for (const store::SignalTime& signal : store.signal_times(risk, a.entity)) {
      try {
        const std::int64_t days_ago = today - risk::day_number(signal.at, "published_at");
        auto& document = documents.try_emplace(signal.document_id, days_ago, 0).first->second;
        document.second = std::max(document.second, signal.probability);
      } catch (const std::invalid_argument&) {
        ++undated;
      }
    }
  }
  if (undated > 0) say(common, fmt::format("{} stored signals have no readable date and are not counted", undated));
  Json signals = Json::array();
  for (const auto& [id, seen] : documents) {
    if (seen.first >= 0) signals.push_back({seen.first, seen.second});  // later ones are not known yet
  }
  return signals;
}

}  // namespace

Json read_liquidity_inputs(const LiquidityArguments& a, const Common& common) {
  std::int64_t today = 0;
  try {
    today = risk::day_number(a.as_of, "--as-of");
  } catch (const std::invalid_argument& e) {
    throw Error(ErrorCode::usage, e.what());
  }
  Json inputs = {{"as_of", a.as_of},
                 {"horizon", a.horizon},
                 {"buffer", a.buffer < 0 ? Json() : Json(a.buffer)},
                 {"scenarios", nullptr},
                 {"scenarios_file", a.scenarios},
                 {"entity", a.entity},
                 {"items", nullptr},
                 {"flows", nullptr},
                 {"prices", nullptr},
                 {"signals", nullptr}};
  if (!a.scenarios.empty()) inputs["scenarios"] = base::read_file(a.scenarios);
  if (!a.table.empty()) inputs["items"] = read_items(a, common);
  if (!a.cashflows.empty()) inputs["flows"] = read_flows(a, common, today);
  if (!a.prices.empty()) inputs["prices"] = read_prices(a, common, today);
  if (a.signals || !a.entity.empty()) inputs["signals"] = read_signals(a, common, today);
  return inputs;
}

}  // namespace ballast::apps
