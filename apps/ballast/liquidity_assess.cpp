// SPDX-License-Identifier: Apache-2.0
// The inputs of a liquidity assessment to its outcome: ladder, ratios, survival, market liquidity, funding stress,
// level.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/clock.h"
#include "ballast/base/hash.h"
#include "ballast/risk/credit_terms.h"
#include "ballast/risk/liquidity.h"
#include "liquidity.h"

namespace ballast::apps {
namespace {

using base::Json;
using risk::money;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kRecentDays = 21, kBeforeDays = 250;  // trading days: a month against a year before it
constexpr std::int64_t kWeeksShown = 12;

Json number_liquidity_assess(double x) {
  return std::isfinite(x) ? Json(x) : Json();
}

Json ladder_json(const std::vector<risk::LadderRung>& ladder) {
  Json out = Json::array();
  for (const risk::LadderRung& r : ladder) {
    const bool open = r.last_day == std::numeric_limits<std::int64_t>::max();
    out.push_back({{"first_day", r.first_day},
                   {"last_day", open ? Json() : Json(r.last_day)},
                   {"inflow", money(r.inflow)},
                   {"outflow", money(r.outflow)},
                   {"gap", money(r.gap)},
                   {"cumulative_gap", money(r.cumulative_gap)}});
  }
  return out;
}

Json market_json(const risk::MarketLiquidity& m) {
  return {{"days", m.days},
          {"amihud", number_liquidity_assess(m.amihud)},
          {"roll", m.roll},
          {"corwin_schultz", number_liquidity_assess(m.corwin_schultz)},
          {"abdi_ranaldo", number_liquidity_assess(m.abdi_ranaldo)}};
}

void add_ratios(const Json& inputs, Json& out, risk::WarningInputs& measured, double& buffer) {
  std::vector<risk::LiquidityItem> items;
  for (const Json& i : inputs.at("items")) {
    items.push_back({i.at("section"), i.at("item"), i.at("amount"), i.at("rate"), i.at("unwind")});
  }
  const auto has = [&](const char* section) {
    return std::any_of(items.begin(), items.end(), [&](const auto& item) { return item.section == section; });
  };
  if (has("hqla") || has("outflow")) {
    const risk::LiquidityCoverage c = risk::liquidity_coverage(items);
    out["lcr"] = {{"ratio", number_liquidity_assess(c.ratio)},
                  {"stock", money(c.stock)},
                  {"level_1", money(c.level_1)},
                  {"level_2a", money(c.level_2a)},
                  {"level_2b", money(c.level_2b)},
                  {"cap_15", money(c.cap_15)},
                  {"cap_40", money(c.cap_40)},
                  {"outflows", money(c.outflows)},
                  {"inflows", money(c.inflows)},
                  {"counted_inflows", money(c.counted_inflows)},
                  {"net_outflows", money(c.net_outflows)}};
    measured.lcr = c.ratio;
    if (buffer < 0) buffer = c.stock;
  }
  if (has("asf") || has("rsf")) {
    const risk::StableFunding f = risk::stable_funding(items);
    out["nsfr"] = {{"ratio", number_liquidity_assess(f.ratio)},
                   {"available", money(f.available)},
                   {"required", money(f.required)}};
    measured.nsfr = f.ratio;
  }
}

void add_flows(const Json& inputs, double buffer, Json& out, risk::WarningInputs& measured) {
  std::vector<risk::CashFlow> flows;
  for (const Json& f : inputs.at("flows")) flows.push_back({f.at(0), f.at(1), f.at(2)});
  out["ladder"] = ladder_json(risk::gap_ladder(flows));
  if (buffer < 0) {
    out["notes"].push_back("no survival horizon: give --buffer, or a --table with hqla");
    return;
  }
  std::vector<risk::LiquidityScenario> scenarios = {{"contractual", 1, 1, 0, {}}};
  if (!inputs.at("scenarios").is_null()) {
    for (auto& s : risk::parse_liquidity_scenarios(inputs.at("scenarios").get<std::string>(),
                                                   inputs.at("scenarios_file").get<std::string>())) {
      scenarios.push_back(std::move(s));
    }
  }
  out["buffer"] = money(buffer);
  out["survival"] = Json::array();
  for (const risk::LiquidityScenario& s : scenarios) {
    const risk::Survival survival = risk::survival_horizon(flows, buffer, s, inputs.at("horizon"));
    out["survival"].push_back({{"scenario", s.name},
                               {"days", survival.days},
                               {"beyond_horizon", survival.beyond_horizon},
                               {"lowest", money(survival.lowest)},
                               {"lowest_day", survival.lowest_day}});
    measured.survival_days = std::fmin(measured.survival_days, static_cast<double>(survival.days));
  }
}

void add_market(const Json& inputs, Json& out, risk::WarningInputs& measured) {
  std::vector<risk::MarketDay> days;
  std::vector<int> years;
  for (const Json& d : inputs.at("prices")) {
    years.push_back(d.at(0));
    days.push_back({d.at(1), d.at(2), d.at(3), d.at(4)});
  }
  const std::span<const risk::MarketDay> all(days);
  Json& market = out["market"];
  market = {{"all", market_json(risk::market_liquidity(all))}, {"by_year", Json::array()}};
  for (std::size_t begin = 0, end = 0; begin < days.size(); begin = end) {
    while (end < days.size() && years[end] == years[begin]) ++end;
    if (end - begin < 3) continue;
    Json year = {{"year", years[begin]}};
    year.update(market_json(risk::market_liquidity(all.subspan(begin, end - begin))));
    market["by_year"].push_back(std::move(year));
  }
  if (days.size() < kRecentDays + kBeforeDays) {
    out["notes"].push_back(
        fmt::format("{} trading days are too few to compare a month with the year before", days.size()));
    return;
  }
  const risk::MarketLiquidity recent = risk::market_liquidity(all.last(kRecentDays));
  const risk::MarketLiquidity before = risk::market_liquidity(all.last(kRecentDays + kBeforeDays).first(kBeforeDays));
  market["recent"] = market_json(recent);
  market["before"] = market_json(before);
  if (before.corwin_schultz > 0) measured.spread_ratio = recent.corwin_schultz / before.corwin_schultz;
  if (before.amihud > 0) measured.amihud_ratio = recent.amihud / before.amihud;
  market["spread_ratio"] = number_liquidity_assess(measured.spread_ratio);
  market["amihud_ratio"] = number_liquidity_assess(measured.amihud_ratio);
}

void add_signals(const Json& inputs, Json& out, risk::WarningInputs& measured) {
  std::vector<risk::StressSignal> signals;
  std::vector<std::int64_t> days_ago;
  for (const Json& s : inputs.at("signals")) {
    signals.push_back({s.at(0), s.at(1)});
    days_ago.push_back(s.at(0));
  }
  const risk::SignalCount c = risk::count_signals(days_ago);
  const risk::FundingStress stress = risk::funding_stress(signals);
  Json weeks = Json::array();
  for (std::int64_t week = kWeeksShown - 1; week >= 0; --week) {
    weeks.push_back({{"days_ago", 7 * week}, {"index", risk::funding_stress(signals, 7 * week).index}});
  }
  out["signals"] = {{"entity", inputs.at("entity")}, {"recent", c.recent},
                    {"recent_days", c.recent_days},  {"before", c.before},
                    {"before_days", c.before_days},  {"p_value", c.p_value}};
  out["funding_stress"] = {{"index", stress.index},
                           {"recent", stress.recent},
                           {"before", stress.before},
                           {"formula",
                            "(R / 7 + 1 / 7) / (B / 84 + 1 / 7), R and B the summed probabilities of liquidity "
                            "and credit signals in the last 7 days and the 84 before"},
                           {"weeks", weeks}};
  measured.signals_p = c.p_value;
  measured.funding_stress = stress.index;
}

}  // namespace

decide::Decision assess_liquidity(const Json& inputs, std::uint64_t seed) {
  const base::Stopwatch watch;
  risk::WarningLimits limits;
  decide::Decision d;
  if (!inputs.at("scenarios").is_null()) {
    const auto text = inputs.at("scenarios").get<std::string>();
    limits = risk::parse_warning_limits(text, inputs.at("scenarios_file").get<std::string>());
    d.policy_hash = base::sha256_hex(text);
  }
  risk::WarningInputs measured{kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};
  Json out = {{"as_of", inputs.at("as_of")}, {"notes", Json::array()}};
  double buffer = inputs.at("buffer").is_null() ? -1 : inputs.at("buffer").get<double>();
  if (!inputs.at("items").is_null()) add_ratios(inputs, out, measured, buffer);
  if (!inputs.at("flows").is_null()) add_flows(inputs, buffer, out, measured);
  if (!inputs.at("prices").is_null()) add_market(inputs, out, measured);
  if (!inputs.at("signals").is_null()) add_signals(inputs, out, measured);
  const auto indicators = risk::warning_indicators(measured, limits);
  Json list = Json::array();
  for (const risk::WarningIndicator& i : indicators) {
    const std::string level = risk::warning_level_name(i.level);
    list.push_back({{"name", i.name},
                    {"value", number_liquidity_assess(i.value)},
                    {"amber", i.amber},
                    {"red", i.red},
                    {"level", level}});
    d.reasons.push_back({i.name, fmt::format("{}: amber at {:g}, red at {:g}", level, i.amber, i.red),
                         std::isfinite(i.value) ? i.value : 0});
  }
  out["early_warning"] = {{"level", risk::warning_level_name(risk::warning_level(indicators))}, {"indicators", list}};
  d.kind = "liquidity";
  const auto entity = inputs.at("entity").get<std::string>();
  d.subject = inputs.at("as_of").get<std::string>() + (entity.empty() ? "" : " " + entity);
  d.inputs = inputs;
  d.model = "liquidity indicators";
  d.seed = seed;
  d.outcome = std::move(out);
  d.cost.seconds = watch.seconds();
  return d;
}

}  // namespace ballast::apps
