// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/advice/universe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "ballast/base/error.h"
#include "ballast/ingest/record.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;

constexpr auto kStale = std::chrono::days(14);  // longer than any closure of an exchange

/// The price of one unit of `from` in `to`: the column FROMTO, else one divided by TOFROM.
class Exchange {
 public:
  Exchange(const risk::PricePanel& panel, std::string to) : panel_(panel), to_(std::move(to)) {}

  double rate(const risk::PricePanel& panel, std::size_t row, const std::string& from) const {
    if (from == to_) return 1;
    const auto [column, inverse] = column_of(from);
    // The last rate known: currencies and shares have different holidays.
    for (std::size_t r = row + 1; r-- > 0;) {
      const double price = panel.price(r, column);
      if (!std::isnan(price)) return inverse ? 1 / price : price;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::pair<std::size_t, bool> column_of(const std::string& from) const {
    if (const auto at = panel_.find(from + to_); at >= 0) return {static_cast<std::size_t>(at), false};
    if (const auto at = panel_.find(to_ + from); at >= 0) return {static_cast<std::size_t>(at), true};
    throw Error(ErrorCode::bad_input, "no rate to turn " + from + " into " + to_, panel_.source,
                "a column " + from + to_ + " with the price of one " + from);
  }

 private:
  const risk::PricePanel& panel_;
  std::string to_;
};

std::size_t column_of(const AdviceInputs& in, const HoldingLine& h) {
  const auto at = in.recent.find(h.instrument);
  if (at < 0) {
    throw Error(ErrorCode::bad_input,
                fmt::format("no column for \"{}\" of the portfolio's line {}", h.instrument, h.line), in.prices_file,
                "the nearest is " + ingest::nearest_name(h.instrument, in.recent.instruments));
  }
  return static_cast<std::size_t>(at);
}

void convert(risk::PricePanel& panel, const Exchange& exchange, std::size_t column, const std::string& currency) {
  for (std::size_t r = 0; r < panel.days.size(); ++r) {
    panel.prices[r * panel.width() + column] *= exchange.rate(panel, r, currency);
  }
}

/// Row of the last price; the panel's size where there is none.
std::size_t last_price(const risk::PricePanel& panel, std::size_t column) {
  for (std::size_t r = panel.days.size(); r-- > 0;)
    if (!std::isnan(panel.price(r, column))) return r;
  return panel.days.size();
}

std::size_t price_count(const risk::PricePanel& panel, std::size_t column) {
  std::size_t count = 0;
  for (std::size_t r = 0; r < panel.days.size(); ++r) count += !std::isnan(panel.price(r, column));
  return count;
}

class Builder {
 public:
  Builder(const AdviceInputs& in, std::string currency)
      : in_(in), currency_(std::move(currency)), exchange_(in.recent, currency_) {
    u_.recent = in.recent;
    u_.crises = in.crises;
  }

  Universe build() {
    for (const HoldingLine& h : in_.holdings) h.group == "cash" ? add_cash(h) : add_holding(h);
    if (!(u_.value > 0)) throw Error(ErrorCode::bad_input, "the portfolio is worth nothing", in_.prices_file);
    if (!in_.settings.held_only) add_candidates();
    for (Position& p : u_.positions) p.weight = p.target = p.value / u_.value;
    for (risk::Exposure& e : u_.cash) e.weight /= u_.value;
    select();
    return std::move(u_);
  }

 private:
  void add_cash(const HoldingLine& h) {
    const double rate = exchange_.rate(in_.recent, in_.recent.days.size() - 1, h.currency);
    const double money = h.value.value_or(h.quantity.value_or(0)) * rate;
    if (h.currency != currency_) used_.insert(exchange_.column_of(h.currency).first);
    u_.cash.push_back({"", "cash", h.currency, money, 0, 0});
    u_.cash_value += money;
    u_.value += money;
  }
  void add_holding(const HoldingLine& h) {
    const std::size_t column = column_of(in_, h);
    used_.insert(column);
    const std::size_t row = last_price(in_.recent, column);
    if (row == in_.recent.days.size()) {
      throw Error(ErrorCode::bad_input, fmt::format("\"{}\" has no recent price", h.instrument), in_.prices_file);
    }
    const double local = in_.recent.price(row, column);
    if (h.currency != currency_) {
      used_.insert(exchange_.column_of(h.currency).first);
      convert(u_.recent, exchange_, column, h.currency);
      for (risk::PricePanel& panel : u_.crises) convert(panel, exchange_, column, h.currency);
    }
    Position p;
    p.instrument = h.instrument;
    p.group = h.group;
    p.currency = h.currency;
    p.quantity = h.quantity ? *h.quantity : *h.value / local;
    p.price = local * exchange_.rate(in_.recent, row, h.currency);
    p.value = p.quantity * p.price;
    p.beta = h.beta.value_or(std::numeric_limits<double>::quiet_NaN());
    p.duration = h.duration.value_or(0);
    u_.value += p.value;
    u_.positions.push_back(std::move(p));
    position_columns_.push_back(column);
  }
  /// Columns that are neither held, nor the index, nor a currency's rate: what may be bought.
  void add_candidates() {
    for (std::size_t c = 0; c < in_.recent.width(); ++c) {
      const std::string& name = in_.recent.instruments[c];
      const std::size_t row = last_price(in_.recent, c);
      if (used_.contains(c) || name == in_.settings.index || is_currency_rate(name, currency_) ||
          row == in_.recent.days.size() || !enough(c))
        continue;
      Position p;
      p.instrument = name;
      p.currency = currency_;
      p.price = in_.recent.price(row, c);
      p.beta = std::numeric_limits<double>::quiet_NaN();
      u_.positions.push_back(std::move(p));
      position_columns_.push_back(c);
    }
  }
  bool enough(std::size_t column) const {
    const std::size_t row = last_price(u_.recent, column);
    return row < u_.recent.days.size() && u_.recent.days.back() - u_.recent.days[row] <= kStale &&
           price_count(u_.recent, column) > window();
  }
  std::size_t window() const {
    const std::size_t rows = u_.recent.days.size();
    return rows > in_.settings.window ? in_.settings.window : std::max(kLeastReturns, rows > 0 ? rows - 1 : 0);
  }
  void select() {
    for (std::size_t i = 0; i < u_.positions.size(); ++i) {
      if (enough(position_columns_[i])) {
        u_.movable.push_back(i);
        u_.columns.push_back(position_columns_[i]);
        continue;
      }
      u_.positions[i].verdict = "abstain";
      u_.positions[i].why = "too_few_prices";
      u_.thin.push_back(u_.positions[i].instrument);
      u_.thin_weight += u_.positions[i].weight;
    }
    if (!u_.movable.empty()) take_returns();
  }
  /// Of the days on which all movable positions (and the index, where it has enough) have a price.
  void take_returns() {
    std::vector<std::size_t> columns = u_.columns;
    const auto index = in_.settings.index.empty() ? -1 : in_.recent.find(in_.settings.index);
    const bool with_index = index >= 0 && enough(static_cast<std::size_t>(index));
    if (with_index) columns.push_back(static_cast<std::size_t>(index));
    const risk::PricePanel panel = complete(u_.recent.part(0, u_.recent.days.size(), columns));
    if (panel.days.size() < kLeastReturns + 1) return;
    const std::size_t count = std::min(in_.settings.window, panel.days.size() - 1);
    const risk::ReturnMatrix all = risk::window_returns(panel, panel.days.size() - 1, count);
    u_.from = risk::day_text(panel.days[panel.days.size() - count]);
    u_.returns = {all.count, u_.columns.size(), {}};
    for (std::size_t t = 0; t < all.count; ++t) {
      for (std::size_t i = 0; i < u_.columns.size(); ++i) u_.returns.values.push_back(all.at(t, i));
      if (with_index) u_.index.push_back(all.at(t, u_.columns.size()));
    }
  }
  static risk::PricePanel complete(const risk::PricePanel& panel) {
    risk::PricePanel out;
    out.source = panel.source;
    out.instruments = panel.instruments;
    for (std::size_t r = 0; r < panel.days.size(); ++r) {
      const auto first = panel.prices.begin() + static_cast<std::ptrdiff_t>(r * panel.width());
      const auto last = first + static_cast<std::ptrdiff_t>(panel.width());
      if (std::any_of(first, last, [](double p) { return std::isnan(p); })) continue;
      out.days.push_back(panel.days[r]);
      out.prices.insert(out.prices.end(), first, last);
    }
    return out;
  }

  const AdviceInputs& in_;
  std::string currency_;
  Exchange exchange_;
  Universe u_;
  std::vector<std::size_t> position_columns_;
  std::set<std::size_t> used_;
};

}  // namespace

std::vector<double> Universe::weights(double Position::*member) const {
  std::vector<double> out;
  for (const std::size_t i : movable) out.push_back(positions[i].*member);
  return out;
}

Universe make_universe(const AdviceInputs& inputs, const std::string& currency) {
  return Builder(inputs, currency).build();
}

}  // namespace ballast::decide
