// SPDX-License-Identifier: Apache-2.0
// The portfolio file, and what a decision keeps of its inputs.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/decide/advice.h"
#include "ballast/ingest/record.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

[[noreturn]] void refuse(const ingest::Record& row, const std::string& column, const std::string& what,
                         const std::string& hint = "") {
  throw Error(ErrorCode::bad_input, what, fmt::format("{}:{}, column \"{}\"", row.source, row.line, column), hint);
}

std::string cell(const ingest::Record& row, const std::string& column) {
  std::string text = row.text(column).value_or("");
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> number(const ingest::Record& row, const std::string& column, bool may_be_negative) {
  const std::string text = cell(row, column);
  if (text.empty()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || std::abs(value) > 1e15) {
    refuse(row, column, "\"" + text.substr(0, 40) + "\" is no decimal number", "digits and one point, as 1250.50");
  }
  if (value < 0 && !may_be_negative) {
    refuse(row, column, "\"" + text + "\" is negative", "the desk advises long-only portfolios");
  }
  return value;
}

bool is_currency(const std::string& text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

HoldingLine line_of(const ingest::Record& row) {
  HoldingLine h;
  h.line = row.line;
  h.instrument = cell(row, "instrument");
  if (h.instrument.empty()) refuse(row, "instrument", "is empty");
  h.currency = cell(row, "currency");
  if (!is_currency(h.currency)) {
    refuse(row, "currency", "\"" + h.currency.substr(0, 40) + "\" is no currency", "an ISO 4217 code, as USD");
  }
  h.group = cell(row, "class");
  h.quantity = number(row, "quantity", false);
  h.value = number(row, "value", false);
  if (h.quantity.has_value() == h.value.has_value()) {
    refuse(row, h.value ? "value" : "quantity", h.value ? "is given beside quantity" : "is empty, and so is value",
           "one of the two");
  }
  h.duration = number(row, "duration", false);
  h.beta = number(row, "beta", true);
  if (h.group == "cash" && h.quantity) std::swap(h.quantity, h.value);  // a unit of money is worth one
  return h;
}

Json optional_json(const std::optional<double>& v) {
  return v ? Json(*v) : Json();
}

std::optional<double> optional_field(const Json& object, const char* key, const std::string& where) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  return base::json_field<double>(object, key, where);
}

Json panel_json(const risk::PricePanel& panel) {
  Json days = Json::array(), rows = Json::array();
  for (std::size_t r = 0; r < panel.days.size(); ++r) {
    days.push_back(risk::day_text(panel.days[r]));
    Json row = Json::array();
    for (std::size_t i = 0; i < panel.width(); ++i) {
      const double price = panel.price(r, i);
      row.push_back(std::isnan(price) ? Json() : Json(price));
    }
    rows.push_back(std::move(row));
  }
  return {{"days", std::move(days)}, {"rows", std::move(rows)}};
}

risk::PricePanel panel_from(const Json& json, const std::vector<std::string>& instruments, const std::string& where) {
  risk::PricePanel panel;
  panel.source = where;
  panel.instruments = instruments;
  for (const Json& day : base::json_field<Json>(json, "days", where)) {
    const auto parsed = risk::parse_day(day.is_string() ? day.get<std::string>() : "");
    if (!parsed) throw Error(ErrorCode::bad_input, "a day is no date", where);
    panel.days.push_back(*parsed);
  }
  for (const Json& row : base::json_field<Json>(json, "rows", where)) {
    if (!row.is_array() || row.size() != panel.width()) throw Error(ErrorCode::bad_input, "a row is cut", where);
    for (const Json& price : row) {
      panel.prices.push_back(price.is_number() ? price.get<double>() : std::numeric_limits<double>::quiet_NaN());
    }
  }
  if (panel.prices.size() != panel.days.size() * panel.width()) {
    throw Error(ErrorCode::bad_input, "days and rows of prices differ in number", where);
  }
  panel.rows = static_cast<std::int64_t>(panel.days.size());
  return panel;
}

Json settings_json(const AdviceSettings& s) {
  return {{"objective", risk::objective_name(s.objective)},
          {"currency", s.currency},
          {"index", s.index},
          {"window", s.window},
          {"cost", s.cost},
          {"turnover", std::isfinite(s.turnover) ? Json(s.turnover) : Json()},
          {"band", s.band},
          {"least_turnover", s.least_turnover},
          {"held_only", s.held_only}};
}

AdviceSettings settings_from(const Json& json, const std::string& where) {
  AdviceSettings s;
  s.objective = risk::objective_named(base::json_field<std::string>(json, "objective", where));
  s.currency = base::json_field<std::string>(json, "currency", where);
  s.index = base::json_field<std::string>(json, "index", where);
  s.window = base::json_field<std::size_t>(json, "window", where);
  s.cost = base::json_field<double>(json, "cost", where);
  s.turnover = optional_field(json, "turnover", where).value_or(s.turnover);
  s.band = base::json_field<double>(json, "band", where);
  s.least_turnover = base::json_field<double>(json, "least_turnover", where);
  s.held_only = base::json_field<bool>(json, "held_only", where);
  return s;
}

}  // namespace

std::vector<HoldingLine> read_holdings(const std::string& source) {
  auto reader = ingest::RecordReader::open(source, {}, [](const ingest::Quarantined& q) {
    throw Error(ErrorCode::bad_input, q.reason, fmt::format("{}:{}", q.source, q.line),
                "a portfolio that lacks a line is another portfolio");
  });
  for (const char* column : {"instrument", "currency"}) reader.require_column(column, "the portfolio", column);
  std::vector<HoldingLine> lines;
  double sum = 0;
  for (ingest::Record row; reader.next(row);) {
    lines.push_back(line_of(row));
    const HoldingLine& last = lines.back();
    sum += last.quantity.value_or(0) + last.value.value_or(0);
    for (const HoldingLine& before : lines) {
      if (&before != &last && before.instrument == last.instrument && last.group != "cash") {
        refuse(row, "instrument", fmt::format("\"{}\" occurred before, in line {}", last.instrument, before.line));
      }
    }
  }
  if (!(sum > 0)) throw Error(ErrorCode::bad_input, "holds nothing of value", source);
  return lines;
}

void take_prices(AdviceInputs& inputs, const risk::PricePanel& panel) {
  std::vector<std::size_t> all(panel.width());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const std::size_t wanted = (inputs.settings.window + 1) * 6 / 5;
  inputs.recent = panel.part(panel.days.size() - std::min(wanted, panel.days.size()), panel.days.size(), all);
  inputs.crises.clear();
  for (const risk::CrisisWindow& w : risk::crisis_windows()) {
    const auto row = [&](auto edge) { return static_cast<std::size_t>(edge - panel.days.begin()); };
    inputs.crises.push_back(panel.part(row(std::lower_bound(panel.days.begin(), panel.days.end(), w.from)),
                                       row(std::upper_bound(panel.days.begin(), panel.days.end(), w.to)), all));
  }
}

bool is_currency_rate(const std::string& column, const std::string& currency) {
  return column.size() == 6 && is_currency(column.substr(0, 3)) && is_currency(column.substr(3)) &&
         (column.starts_with(currency) || column.ends_with(currency));
}

Json inputs_json(const AdviceInputs& in) {
  Json holdings = Json::array();
  for (const HoldingLine& h : in.holdings) {
    holdings.push_back({{"instrument", h.instrument},
                        {"class", h.group},
                        {"currency", h.currency},
                        {"quantity", optional_json(h.quantity)},
                        {"value", optional_json(h.value)},
                        {"duration", optional_json(h.duration)},
                        {"beta", optional_json(h.beta)},
                        {"line", h.line}});
  }
  Json crises = Json::array();
  for (const risk::PricePanel& panel : in.crises) crises.push_back(panel_json(panel));
  return {{"holdings", std::move(holdings)},
          {"profile", in.profile},
          {"shocks", in.shocks},
          {"hedges", in.hedges},
          {"settings", settings_json(in.settings)},
          {"prices",
           {{"file", in.prices_file},
            {"sha256", in.prices_hash},
            {"instruments", in.recent.instruments},
            {"recent", panel_json(in.recent)},
            {"crises", std::move(crises)}}}};
}

AdviceInputs inputs_from_json(const Json& json, const std::string& where) {
  AdviceInputs in;
  for (const Json& h : base::json_field<Json>(json, "holdings", where)) {
    in.holdings.push_back({base::json_field<std::string>(h, "instrument", where),
                           base::json_field<std::string>(h, "currency", where),
                           base::json_field<std::string>(h, "class", where), optional_field(h, "quantity", where),
                           optional_field(h, "value", where), optional_field(h, "duration", where),
                           optional_field(h, "beta", where), base::json_field<std::int64_t>(h, "line", where)});
  }
  in.profile = base::json_field<std::string>(json, "profile", where);
  in.shocks = base::json_field<std::string>(json, "shocks", where);
  in.hedges = base::json_field<std::string>(json, "hedges", where);
  in.settings = settings_from(base::json_field<Json>(json, "settings", where), where);
  const Json prices = base::json_field<Json>(json, "prices", where);
  in.prices_file = base::json_field<std::string>(prices, "file", where);
  in.prices_hash = base::json_field<std::string>(prices, "sha256", where);
  const auto instruments = base::json_field<std::vector<std::string>>(prices, "instruments", where);
  in.recent = panel_from(base::json_field<Json>(prices, "recent", where), instruments, in.prices_file);
  for (const Json& crisis : base::json_field<Json>(prices, "crises", where)) {
    in.crises.push_back(panel_from(crisis, instruments, in.prices_file));
  }
  return in;
}

std::string money_text(double amount, const std::string& currency) {
  const bool none = currency == "JPY" || currency == "KRW" || currency == "VND" || currency == "CLP";
  const bool three =
      currency == "KWD" || currency == "BHD" || currency == "OMR" || currency == "JOD" || currency == "TND";
  const int digits = none ? 0 : three ? 3 : 2;
  const double unit = std::pow(10.0, digits);
  const double rounded = std::nearbyint(amount * unit) / unit;  // ties to even
  return fmt::format("{:.{}f}", rounded == 0 ? 0.0 : rounded, digits);
}

}  // namespace ballast::decide
