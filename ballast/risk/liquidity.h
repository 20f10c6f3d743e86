// SPDX-License-Identifier: Apache-2.0
// The liquidity desk: cash flows, balance-sheet tables and prices in; gap ladder, LCR, NSFR, survival horizon, market
// liquidity and an early-warning level out. Amounts are in one currency; flows are positive where money comes in.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::risk {

struct CashFlow {
  std::int64_t day = 0;  // days after the reporting date, 1 = the next day; 0 and less are already settled
  double amount = 0;
  std::string category;
};

struct LadderRung {
  std::int64_t first_day = 0, last_day = 0;  // inclusive
  double inflow = 0, outflow = 0;            // both positive
  double gap = 0, cumulative_gap = 0;
};
/// Buckets end on days 1, 7, 14, 30, 60, 90, 180, 365; the last has no end. Flows of day 0 and before are not counted.
std::vector<LadderRung> gap_ladder(std::span<const CashFlow> flows);

/// How a stress changes contractual flows and the buffer.
struct LiquidityScenario {
  std::string name;
  double inflows = 1, outflows = 1;                        // factors
  double buffer_haircut = 0;                               // share of the buffer that is lost
  std::vector<std::pair<std::string, double>> categories;  // a further factor on flows of a category
};
/// `[[scenario]]` tables with name, inflows, outflows, buffer_haircut and [scenario.categories]. Throws bad_input
/// naming `where`, the scenario and the field.
std::vector<LiquidityScenario> parse_liquidity_scenarios(std::string_view toml, const std::string& where);

struct Survival {
  std::string scenario;
  std::int64_t days =
      0;  // the last day on which the buffer covers all net outflows so far; the horizon where it never fails
  bool beyond_horizon = false;  // the buffer never failed
  double lowest = 0;            // least buffer left within the horizon (negative: the shortfall)
  std::int64_t lowest_day = 0;
};
Survival survival_horizon(std::span<const CashFlow> flows, double buffer, const LiquidityScenario& scenario,
                          std::int64_t horizon_days);

/// One line of an LCR or NSFR table.
struct LiquidityItem {
  std::string section;  // LCR: hqla, outflow, inflow; NSFR: asf, rsf
  std::string item;     // as in liquidity_rates()
  double amount = 0;
  double rate = -1;   // replaces the standard's rate; negative: the standard's
  double unwind = 0;  // hqla: change of the market value when secured funding within 30 days is unwound (LCR30)
};

struct LiquidityRate {
  std::string_view section, item;
  double rate;  // hqla: 1 - haircut; flows: run-off or inflow rate; asf, rsf: factor
};
/// The rates of the Basel framework (LCR30, LCR40, NSF30), as fractions.
std::span<const LiquidityRate> liquidity_rates();
/// The rate of an item: its own or the standard's. Throws std::invalid_argument ("column: reason") for unknown items,
/// negative amounts and rates outside 0 … 1.
double rate_of(const LiquidityItem& item);

struct LiquidityCoverage {
  double level_1 = 0, level_2a = 0, level_2b = 0;  // after haircuts
  double cap_15 = 0, cap_40 = 0;                   // taken off for the caps on level 2B and level 2
  double stock = 0;
  double outflows = 0, inflows = 0, counted_inflows = 0, net_outflows = 0;
  double ratio = 0;  // infinite where there are no net outflows
};
/// LCR20 and LCR30: stock = level 1 + 2A + 2B - caps; net outflows = outflows - min(inflows, 75 % of outflows).
LiquidityCoverage liquidity_coverage(std::span<const LiquidityItem> items);

struct StableFunding {
  double available = 0, required = 0;
  double ratio = 0;  // infinite where nothing is required
};
StableFunding stable_funding(std::span<const LiquidityItem> items);

/// One day of one instrument; volume in units (shares), prices positive.
struct MarketDay {
  double high = 0, low = 0, close = 0, volume = 0;
};
struct MarketLiquidity {
  std::int64_t days = 0;
  double amihud = 0;  // mean of |return| per million of traded value (Amihud 2002); NaN without volume
  double roll = 0;    // 2 √-cov of successive log price changes (Roll 1984); 0 where the covariance is positive
  double corwin_schultz = 0;  // mean of daily estimates, negative ones counted 0 (Corwin & Schultz 2012)
  double abdi_ranaldo = 0;  // mean of 2 √((c - η)(c - η')), two-day estimates, negative ones 0 (Abdi & Ranaldo 2017)
                            // both NaN where high equals low on every day: the file has closes only
};
/// Spreads are fractions of the price. Throws bad_input with fewer than 3 days, naming the first unusable day.
MarketLiquidity market_liquidity(std::span<const MarketDay> days);

/// Do recent signals come more often than before? Exact test of two Poisson rates (Przyborowski & Wilenski 1940).
struct SignalCount {
  std::int64_t recent = 0, before = 0;
  std::int64_t recent_days = 7, before_days = 28;
  double p_value = 1;  // of at least as many recent ones, were the rate unchanged
};
SignalCount count_signals(std::span<const std::int64_t> days_ago, std::int64_t recent_days = 7,
                          std::int64_t before_days = 28);

/// A document with a liquidity or credit signal.
struct StressSignal {
  std::int64_t days_ago = 0;
  double probability = 0;  // of the signal; the higher where there are two
};
/// Funding stress from texts: how dense the signals of the last days are against the time before,
///   index = (R / recent_days + a) / (B / before_days + a),   a = 1 / recent_days,
/// where R and B add up the probabilities of the recent signals and of those before. 1: as ever; 2: twice as dense. The
/// prior a (one signal in the recent days) keeps a single text from raising an alarm where there were none.
struct FundingStress {
  double recent = 0, before = 0;  // R and B
  double index = 1;
};
/// As it was known `shift` days ago; later signals do not count.
FundingStress funding_stress(std::span<const StressSignal> signals, std::int64_t shift = 0,
                             std::int64_t recent_days = 7, std::int64_t before_days = 84);

enum class WarningLevel { green, amber, red };
const char* warning_level_name(WarningLevel level);

/// Limits of the early-warning level; below (ratios, days) or above (spread ratio, p-value inverted) them it is raised.
struct WarningLimits {
  double lcr_amber = 1.1, lcr_red = 1.0;
  double nsfr_amber = 1.05, nsfr_red = 1.0;
  double survival_amber = 60, survival_red = 30;    // days, of the worst scenario
  double spread_amber = 1.5, spread_red = 2.5;      // recent spread against the time before
  double amihud_amber = 1.5, amihud_red = 2.5;      // recent price impact against the time before
  double signals_amber = 0.05, signals_red = 0.01;  // p-value
  double funding_amber = 2, funding_red = 4;        // funding-stress index
};
/// A `[limits]` table with these names. Throws bad_input for unknown names or limits in the wrong order.
WarningLimits parse_warning_limits(std::string_view toml, const std::string& where);

struct WarningIndicator {
  std::string name;
  double value = 0, amber = 0, red = 0;
  WarningLevel level = WarningLevel::green;
};
/// What was measured; NaN: not measured, no indicator.
struct WarningInputs {
  double lcr, nsfr, survival_days, spread_ratio, signals_p;
  double funding_stress = std::numeric_limits<double>::quiet_NaN();
  double amihud_ratio = std::numeric_limits<double>::quiet_NaN();
};
std::vector<WarningIndicator> warning_indicators(const WarningInputs& inputs, const WarningLimits& limits);
/// The worst of the indicators.
WarningLevel warning_level(std::span<const WarningIndicator> indicators);

}  // namespace ballast::risk
