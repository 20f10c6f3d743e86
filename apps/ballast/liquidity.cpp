// SPDX-License-Identifier: Apache-2.0
// `ballast liquidity`: cash flows, LCR and NSFR tables, prices and stored signals to one report with a warning level.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/risk/liquidity.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/store/store.h"
#include "operations.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kRecentDays = 21, kBeforeDays = 250;  // trading days: a month against a year before it

struct Arguments {
  std::string cashflows, table, scenarios, prices, as_of;
  double buffer = -1;
  std::int64_t horizon = 365;
  bool signals = false, strict = false;
};

/// Money leaves as a decimal string.
std::string money(double amount) {
  return fmt::format("{:.2f}", amount == 0 ? 0.0 : amount);
}
Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json();
}

std::vector<risk::CashFlow> read_flows(const Arguments& a, const Common& common, std::int64_t today) {
  std::vector<risk::CashFlow> flows;
  SetAside aside(common, a.strict);
  std::int64_t past = 0;
  read_rows(a.cashflows, {}, aside, {"amount"}, [&](const ingest::Record& row) {
    risk::CashFlow flow;
    flow.amount = number_of(row, "amount");
    if (row.has("day")) {
      const double day = number_of(row, "day");
      if (day != std::floor(day) || std::abs(day) > 1e6)
        throw std::invalid_argument("day: is not a whole number of days");
      flow.day = static_cast<std::int64_t>(day);
    } else {
      if (!row.has("date")) throw std::invalid_argument("date: there is neither a day nor a date");
      flow.day = risk::day_number(word_of(row, "date"), "date") - today;
    }
    flow.category = row.text("category").value_or("");
    past += flow.day < 1;
    flows.push_back(std::move(flow));
  });
  if (past > 0) say(common, fmt::format("{} flows are dated {} or before and are not counted", past, a.as_of));
  return flows;
}

std::vector<risk::LiquidityItem> read_items(const Arguments& a, const Common& common) {
  std::vector<risk::LiquidityItem> items;
  SetAside aside(common, a.strict);
  read_rows(a.table, {}, aside, {"section", "item", "amount"}, [&](const ingest::Record& row) {
    risk::LiquidityItem item{word_of(row, "section"), word_of(row, "item"), number_of(row, "amount"), -1, 0};
    if (!row.text("rate").value_or("").empty()) {
      item.rate = number_of(row, "rate");
      if (item.rate < 0) throw std::invalid_argument("rate: is negative");
    }
    if (!row.text("unwind").value_or("").empty()) item.unwind = number_of(row, "unwind");
    risk::rate_of(item);
    items.push_back(std::move(item));
  });
  return items;
}

std::vector<risk::MarketDay> read_prices(const Arguments& a, const Common& common) {
  std::vector<risk::MarketDay> days;
  SetAside aside(common, a.strict);
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  read_rows(a.prices, {}, aside, {"date", "high", "low", "close"}, [&](const ingest::Record& row) {
    const std::int64_t day = risk::day_number(word_of(row, "date"), "date");
    risk::MarketDay d{number_of(row, "high"), number_of(row, "low"), number_of(row, "close"), 0};
    if (row.has("volume") && !row.text("volume").value_or("").empty()) d.volume = number_of(row, "volume");
    if (day <= last) throw std::invalid_argument("date: is not after the row before");
    for (const auto& [name, price] : {std::pair("high", d.high), {"low", d.low}, {"close", d.close}}) {
      if (price <= 0) throw std::invalid_argument(fmt::format("{}: the price {} is not positive", name, price));
    }
    if (d.high < d.low) throw std::invalid_argument("high: is below the low");
    if (d.volume < 0) throw std::invalid_argument("volume: is negative");
    last = day;
    days.push_back(d);
  });
  return days;
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
          {"amihud", number(m.amihud)},
          {"roll", m.roll},
          {"corwin_schultz", m.corwin_schultz},
          {"abdi_ranaldo", m.abdi_ranaldo}};
}

void add_ratios(const Arguments& a, const Common& common, Json& out, risk::WarningInputs& inputs, double& buffer) {
  const std::vector<risk::LiquidityItem> items = read_items(a, common);
  const auto has = [&](const char* section) {
    return std::any_of(items.begin(), items.end(), [&](const auto& item) { return item.section == section; });
  };
  if (has("hqla") || has("outflow")) {
    const risk::LiquidityCoverage c = risk::liquidity_coverage(items);
    out["lcr"] = {{"ratio", number(c.ratio)},
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
    inputs.lcr = c.ratio;
    if (buffer < 0) buffer = c.stock;
  }
  if (has("asf") || has("rsf")) {
    const risk::StableFunding f = risk::stable_funding(items);
    out["nsfr"] = {{"ratio", number(f.ratio)}, {"available", money(f.available)}, {"required", money(f.required)}};
    inputs.nsfr = f.ratio;
  }
}

void add_flows(const Arguments& a, const Common& common, std::int64_t today, double buffer, Json& out,
               risk::WarningInputs& inputs) {
  const std::vector<risk::CashFlow> flows = read_flows(a, common, today);
  out["ladder"] = ladder_json(risk::gap_ladder(flows));
  if (buffer < 0) {
    say(common, "no survival horizon: give --buffer, or a --table with hqla");
    return;
  }
  std::vector<risk::LiquidityScenario> scenarios = {{"contractual", 1, 1, 0, {}}};
  if (!a.scenarios.empty()) {
    for (auto& s : risk::parse_liquidity_scenarios(base::read_file(a.scenarios), a.scenarios)) {
      scenarios.push_back(std::move(s));
    }
  }
  out["buffer"] = money(buffer);
  out["survival"] = Json::array();
  for (const risk::LiquidityScenario& s : scenarios) {
    const risk::Survival survival = risk::survival_horizon(flows, buffer, s, a.horizon);
    out["survival"].push_back({{"scenario", s.name},
                               {"days", survival.days},
                               {"beyond_horizon", survival.beyond_horizon},
                               {"lowest", money(survival.lowest)},
                               {"lowest_day", survival.lowest_day}});
    inputs.survival_days = std::fmin(inputs.survival_days, static_cast<double>(survival.days));
  }
}

void add_market(const Arguments& a, const Common& common, Json& out, risk::WarningInputs& inputs) {
  const std::vector<risk::MarketDay> days = read_prices(a, common);
  out["market"] = {{"all", market_json(risk::market_liquidity(days))}};
  if (days.size() < kRecentDays + kBeforeDays) return;
  const std::span<const risk::MarketDay> all(days);
  const risk::MarketLiquidity recent = risk::market_liquidity(all.last(kRecentDays));
  const risk::MarketLiquidity before = risk::market_liquidity(all.last(kRecentDays + kBeforeDays).first(kBeforeDays));
  out["market"]["recent"] = market_json(recent);
  out["market"]["before"] = market_json(before);
  if (before.corwin_schultz > 0) inputs.spread_ratio = recent.corwin_schultz / before.corwin_schultz;
  out["market"]["spread_ratio"] = number(inputs.spread_ratio);
}

void add_signals(const Common& common, std::int64_t today, Json& out, risk::WarningInputs& inputs) {
  store::Store store = store::Store::open(common.store);
  std::vector<std::int64_t> days_ago;
  std::int64_t undated = 0;
  for (const std::string& time : store.signal_times("liquidity")) {
    try {
      days_ago.push_back(today - risk::day_number(time, "published_at"));
    } catch (const std::invalid_argument&) {
      ++undated;
    }
  }
  if (undated > 0) say(common, fmt::format("{} stored signals have no readable date and are not counted", undated));
  const risk::SignalCount c = risk::count_signals(days_ago);
  out["signals"] = {{"recent", c.recent},
                    {"recent_days", c.recent_days},
                    {"before", c.before},
                    {"before_days", c.before_days},
                    {"p_value", c.p_value}};
  inputs.signals_p = c.p_value;
}

void print_text(const Json& out) {
  if (out.contains("ladder")) {
    fmt::print("{:>9} {:>18} {:>18} {:>18} {:>18}\n", "days", "inflow", "outflow", "gap", "cumulative");
    for (const Json& r : out["ladder"]) {
      const std::string days = r["last_day"].is_null()
                                   ? fmt::format("> {}", r["first_day"].get<std::int64_t>() - 1)
                                   : fmt::format("{}-{}", r["first_day"].get<int>(), r["last_day"].get<int>());
      fmt::print("{:>9} {:>18} {:>18} {:>18} {:>18}\n", days, r["inflow"].get<std::string>(),
                 r["outflow"].get<std::string>(), r["gap"].get<std::string>(), r["cumulative_gap"].get<std::string>());
    }
  }
  for (const char* ratio : {"lcr", "nsfr"}) {
    if (!out.contains(ratio)) continue;
    const Json& value = out[ratio]["ratio"];
    fmt::print("{:<6} {}\n", ratio,
               value.is_null() ? "no net outflows" : fmt::format("{:.1f} %", 100 * value.get<double>()));
  }
  if (out.contains("survival")) {
    for (const Json& s : out["survival"]) {
      fmt::print("survives {}{} days: {} (lowest {} on day {})\n", s["beyond_horizon"].get<bool>() ? "at least " : "",
                 s["days"].get<std::int64_t>(), s["scenario"].get<std::string>(), s["lowest"].get<std::string>(),
                 s["lowest_day"].get<std::int64_t>());
    }
  }
  if (out.contains("market")) fmt::print("market liquidity {}\n", out["market"].dump());
  if (out.contains("signals")) fmt::print("signals {}\n", out["signals"].dump());
  fmt::print("early warning: {}\n", out["early_warning"]["level"].get<std::string>());
  for (const Json& i : out["early_warning"]["indicators"]) {
    fmt::print("  {:<14} {:>10.4g}  {}\n", i["name"].get<std::string>(),
               i["value"].is_null() ? std::numeric_limits<double>::infinity() : i["value"].get<double>(),
               i["level"].get<std::string>());
  }
}

void run(Arguments& a, const Common& common) {
  if (a.cashflows.empty() && a.table.empty() && a.prices.empty() && !a.signals) {
    throw Error(ErrorCode::usage, "nothing to look at", "liquidity",
                "give --cashflows, --table, --prices or --signals");
  }
  if (a.horizon < 1 || a.horizon > 100000) throw Error(ErrorCode::usage, "must lie in 1 … 100000", "--horizon");
  if (a.as_of.empty()) a.as_of = base::utc_now().substr(0, 10);
  std::int64_t today = 0;
  try {
    today = risk::day_number(a.as_of, "--as-of");
  } catch (const std::invalid_argument& e) {
    throw Error(ErrorCode::usage, e.what());
  }
  risk::WarningLimits limits;
  if (!a.scenarios.empty()) limits = risk::parse_warning_limits(base::read_file(a.scenarios), a.scenarios);
  risk::WarningInputs inputs{kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};
  Json out = {{"as_of", a.as_of}};
  double buffer = a.buffer;
  if (!a.table.empty()) add_ratios(a, common, out, inputs, buffer);
  if (!a.cashflows.empty()) add_flows(a, common, today, buffer, out, inputs);
  if (!a.prices.empty()) add_market(a, common, out, inputs);
  if (a.signals) add_signals(common, today, out, inputs);
  const auto indicators = risk::warning_indicators(inputs, limits);
  Json list = Json::array();
  for (const risk::WarningIndicator& i : indicators) {
    list.push_back({{"name", i.name},
                    {"value", number(i.value)},
                    {"amber", i.amber},
                    {"red", i.red},
                    {"level", risk::warning_level_name(i.level)}});
  }
  out["early_warning"] = {{"level", risk::warning_level_name(risk::warning_level(indicators))}, {"indicators", list}};
  if (common.json) {
    std::printf("%s\n", base::dump_json(out).c_str());
  } else {
    print_text(out);
  }
}

}  // namespace

void add_liquidity(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("liquidity", "Gap ladder, LCR, NSFR, survival, market liquidity, early warning");
  const auto a = std::make_shared<Arguments>();
  verb->add_option("--cashflows", a->cashflows,
                   "Table with date (or day), amount (in positive, out negative), category");
  verb->add_option(
      "--table", a->table,
      "LCR and NSFR table: section (hqla, outflow, inflow, asf, rsf), item, amount, optional rate and unwind");
  verb->add_option("--scenarios", a->scenarios, "TOML with [[scenario]] and [limits]");
  verb->add_option("--buffer", a->buffer, "Liquid buffer for the survival horizon (default: the LCR's stock)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--horizon", a->horizon, "Days looked ahead for the survival horizon")->capture_default_str();
  verb->add_option("--prices", a->prices, "Daily date, high, low, close, volume of one instrument");
  verb->add_flag("--signals", a->signals, "Count the liquidity signals in the store");
  verb->add_option("--as-of", a->as_of, "Reporting date YYYY-MM-DD (default: today)");
  verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  add_common(*verb, common,
             "ballast liquidity --cashflows flows.csv --table lcr.csv --scenarios stress.toml --as-of 2026-06-30");
  verb->callback([a, &common] { run(*a, common); });
}

}  // namespace ballast::apps
