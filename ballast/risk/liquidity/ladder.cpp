// SPDX-License-Identifier: Apache-2.0
// Gap ladder, scenarios, survival horizon.
#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "ballast/base/error.h"
#include "ballast/risk/liquidity.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::risk {

using base::Error;
using base::ErrorCode;

std::vector<LadderRung> gap_ladder(std::span<const CashFlow> flows) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  std::vector<LadderRung> rungs;
  std::int64_t first = 1;
  for (const std::int64_t last : {std::int64_t{1}, std::int64_t{7}, std::int64_t{14}, std::int64_t{30},
                                  std::int64_t{60}, std::int64_t{90}, std::int64_t{180}, std::int64_t{365}, kLast}) {
    rungs.push_back({first, last, 0, 0, 0, 0});
    first = last == kLast ? last : last + 1;
  }
  for (const CashFlow& flow : flows) {
    if (flow.day < 1) continue;
    auto rung = std::find_if(rungs.begin(), rungs.end(), [&](const LadderRung& r) { return flow.day <= r.last_day; });
    (flow.amount > 0 ? rung->inflow : rung->outflow) += std::abs(flow.amount);
  }
  double sum = 0;
  for (LadderRung& rung : rungs) {
    rung.gap = rung.inflow - rung.outflow;
    rung.cumulative_gap = sum += rung.gap;
  }
  return rungs;
}

std::vector<LiquidityScenario> parse_liquidity_scenarios(std::string_view text, const std::string& where) {
  const toml::table document = parse_toml(text, where);
  refuse_unknown(document, {"scenario", "limits"}, where, "");
  std::vector<LiquidityScenario> all;
  std::set<std::string> names;
  const toml::array* list = document["scenario"].as_array();
  if (list == nullptr || list->empty()) throw Error(ErrorCode::bad_input, "has no [[scenario]]", where);
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    if (table == nullptr) throw Error(ErrorCode::bad_input, "scenario is not a table", where);
    LiquidityScenario s;
    s.name = (*table)["name"].value_or(std::string());
    if (s.name.empty() || !names.insert(s.name).second) {
      throw Error(ErrorCode::bad_input, fmt::format("scenario {} needs a name of its own", all.size() + 1), where);
    }
    refuse_unknown(*table, {"name", "inflows", "outflows", "buffer_haircut", "categories"}, where, s.name);
    s.inflows = number_field(*table, "inflows", 1, 0, 1e6, where, s.name);
    s.outflows = number_field(*table, "outflows", 1, 0, 1e6, where, s.name);
    s.buffer_haircut = number_field(*table, "buffer_haircut", 0, 0, 1, where, s.name);
    if (const toml::table* categories = (*table)["categories"].as_table()) {
      for (const auto& [key, value] : *categories) {
        s.categories.emplace_back(key.str(), number_field(*categories, key.str(), 1, 0, 1e6, where, s.name));
      }
    }
    all.push_back(std::move(s));
  }
  return all;
}

Survival survival_horizon(std::span<const CashFlow> flows, double buffer, const LiquidityScenario& scenario,
                          std::int64_t horizon_days) {
  std::map<std::int64_t, double> by_day;
  for (const CashFlow& flow : flows) {
    if (flow.day < 1 || flow.day > horizon_days) continue;
    double factor = flow.amount > 0 ? scenario.inflows : scenario.outflows;
    for (const auto& [category, more] : scenario.categories) {
      if (category == flow.category) factor *= more;
    }
    by_day[flow.day] += flow.amount * factor;
  }
  Survival out;
  out.scenario = scenario.name;
  double left = buffer * (1 - scenario.buffer_haircut);
  out.lowest = left;
  out.days = horizon_days;
  out.beyond_horizon = true;
  for (const auto& [day, net] : by_day) {
    left += net;
    if (left < out.lowest) {
      out.lowest = left;
      out.lowest_day = day;
    }
    if (left < 0 && out.beyond_horizon) {
      out.days = day - 1;
      out.beyond_horizon = false;
    }
  }
  return out;
}

}  // namespace ballast::risk
