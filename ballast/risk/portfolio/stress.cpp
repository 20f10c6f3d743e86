// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/risk/portfolio_stress.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kCoverage = 0.8;

/// Instruments held that have a price on the first day.
std::vector<std::size_t> covered(const PricePanel& panel, std::span<const double> weights) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0 && !panel.days.empty() && !std::isnan(panel.price(0, i))) out.push_back(i);
  }
  return out;
}

std::map<std::string, double> shares(const toml::table& shock, std::string_view key, const std::string& where,
                                     const std::string& inside) {
  std::map<std::string, double> out;
  const auto node = shock[key];
  if (!node) return out;
  const toml::table* table = node.as_table();
  if (table == nullptr) {
    throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" must be a table of names and returns", key),
                where + ", " + inside);
  }
  for (const auto& [name, value] : *table) {
    out[std::string(name.str())] = number_field(*table, name.str(), 0, -1, 10, where, inside + fmt::format(".{}", key));
  }
  return out;
}

}  // namespace

const std::array<CrisisWindow, 2>& crisis_windows() {
  using namespace std::chrono;
  static const std::array<CrisisWindow, 2> windows = {
      {{"2008", sys_days(2007y / October / 1), sys_days(2009y / June / 30)},
       {"2020", sys_days(2020y / February / 1), sys_days(2020y / June / 30)}}};
  return windows;
}

std::vector<double> crisis_path(const PricePanel& panel, std::span<const double> weights) {
  const auto held = covered(panel, weights);
  double all = 0, have = 0;
  for (const double w : weights) all += w;
  for (const std::size_t i : held) have += weights[i];
  std::vector<double> path, last;
  for (const std::size_t i : held) last.push_back(panel.price(0, i));
  for (std::size_t r = 0; r < panel.days.size() && have > 0; ++r) {
    double value = 1 - all;
    for (std::size_t k = 0; k < held.size(); ++k) {
      const double price = panel.price(r, held[k]);
      if (!std::isnan(price)) last[k] = price;
      value += weights[held[k]] * (all / have) * last[k] / panel.price(0, held[k]);
    }
    path.push_back(value);
  }
  return path;
}

CrisisLoss crisis_loss(const std::string& name, const PricePanel& panel, std::span<const double> weights) {
  CrisisLoss loss;
  loss.name = name;
  double all = 0;
  for (const double w : weights) all += w;
  for (const std::size_t i : covered(panel, weights)) loss.coverage += weights[i] / all;
  const auto path = crisis_path(panel, weights);
  if (path.size() < 2 || loss.coverage < kCoverage) return loss;
  loss.measured = true;
  loss.window_return = path.back() - 1;
  std::size_t peak = 0;
  loss.peak = loss.trough = panel.days.front();
  for (std::size_t r = 1; r < path.size(); ++r) {
    if (path[r] > path[peak]) peak = r;
    const double fall = 1 - path[r] / path[peak];
    if (fall > loss.worst) {
      loss.worst = fall;
      loss.peak = panel.days[peak];
      loss.trough = panel.days[r];
    }
  }
  return loss;
}

std::vector<Shock> parse_shocks(std::string_view text, const std::string& where) {
  const toml::table file = parse_toml(text, where);
  refuse_unknown(file, {"shock"}, where, "");
  const toml::array* list = file["shock"].as_array();
  if (list == nullptr || list->empty()) throw Error(ErrorCode::bad_input, "has no [[shock]]", where);
  std::vector<Shock> shocks;
  for (const toml::node& node : *list) {
    const std::string number = fmt::format("shock {}", shocks.size() + 1);
    const toml::table* table = node.as_table();
    if (table == nullptr) throw Error(ErrorCode::bad_input, "is no table", where + ", " + number);
    refuse_unknown(*table, {"name", "rates_bp", "index", "instruments", "classes", "fx"}, where, number);
    Shock shock;
    shock.name = (*table)["name"].value_or(std::string());
    if (shock.name.empty()) throw Error(ErrorCode::bad_input, "field \"name\" is missing", where + ", " + number);
    shock.rates_bp = number_field(*table, "rates_bp", 0, -2000, 5000, where, number);
    shock.index = number_field(*table, "index", 0, -1, 10, where, number);
    shock.instruments = shares(*table, "instruments", where, number);
    shock.classes = shares(*table, "classes", where, number);
    shock.currencies = shares(*table, "fx", where, number);
    shocks.push_back(std::move(shock));
  }
  return shocks;
}

double shock_return(const Shock& shock, std::span<const Exposure> exposures, const std::string& base_currency) {
  double total = 0;
  for (const Exposure& e : exposures) {
    double move = e.beta * shock.index;
    if (const auto own = shock.instruments.find(e.instrument); own != shock.instruments.end()) {
      move = own->second;
    } else if (const auto group = shock.classes.find(e.group); group != shock.classes.end()) {
      move = group->second;
    }
    move -= e.duration * shock.rates_bp / 1e4;
    double currency = 0;
    if (const auto fx = shock.currencies.find(e.currency); fx != shock.currencies.end() && e.currency != base_currency)
      currency = fx->second;
    total += e.weight * (std::max(0.0, 1 + move) * (1 + currency) - 1);
  }
  return total;
}

}  // namespace ballast::risk
