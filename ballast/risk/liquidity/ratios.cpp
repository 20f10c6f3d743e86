// SPDX-License-Identifier: Apache-2.0
// LCR and NSFR.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "ballast/ingest/record.h"
#include "ballast/risk/liquidity.h"

namespace ballast::risk {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// LCR30.
constexpr std::array kHqla = {LiquidityRate{"hqla", "level_1", 1}, LiquidityRate{"hqla", "level_2a", 0.85},
                              LiquidityRate{"hqla", "level_2b_rmbs", 0.75}, LiquidityRate{"hqla", "level_2b", 0.5}};

// LCR40. "insured" is full cover by an effective deposit insurance scheme.
constexpr std::array kFlows = {LiquidityRate{"outflow", "retail_stable_3", 0.03},
                               LiquidityRate{"outflow", "retail_stable", 0.05},
                               LiquidityRate{"outflow", "retail_less_stable", 0.1},
                               LiquidityRate{"outflow", "small_business_stable", 0.05},
                               LiquidityRate{"outflow", "small_business_less_stable", 0.1},
                               LiquidityRate{"outflow", "operational_insured", 0.05},
                               LiquidityRate{"outflow", "operational", 0.25},
                               LiquidityRate{"outflow", "cooperative_network", 0.25},
                               LiquidityRate{"outflow", "corporate_insured", 0.2},
                               LiquidityRate{"outflow", "corporate", 0.4},
                               LiquidityRate{"outflow", "other_wholesale", 1},
                               LiquidityRate{"outflow", "secured_level_1", 0},
                               LiquidityRate{"outflow", "secured_central_bank", 0},
                               LiquidityRate{"outflow", "secured_level_2a", 0.15},
                               LiquidityRate{"outflow", "secured_sovereign", 0.25},
                               LiquidityRate{"outflow", "secured_level_2b_rmbs", 0.25},
                               LiquidityRate{"outflow", "secured_level_2b", 0.5},
                               LiquidityRate{"outflow", "secured_other", 1},
                               LiquidityRate{"outflow", "derivatives", 1},
                               LiquidityRate{"outflow", "downgrade_collateral", 1},
                               LiquidityRate{"outflow", "collateral_valuation", 0.2},
                               LiquidityRate{"outflow", "structured_financing", 1},
                               LiquidityRate{"outflow", "commitments_retail", 0.05},
                               LiquidityRate{"outflow", "credit_commitments_corporate", 0.1},
                               LiquidityRate{"outflow", "liquidity_commitments_corporate", 0.3},
                               LiquidityRate{"outflow", "commitments_banks", 0.4},
                               LiquidityRate{"outflow", "credit_commitments_financial", 0.4},
                               LiquidityRate{"outflow", "liquidity_commitments_financial", 1},
                               LiquidityRate{"outflow", "commitments_other", 1},
                               LiquidityRate{"outflow", "other_contractual", 1},
                               LiquidityRate{"inflow", "reverse_repo_level_1", 0},
                               LiquidityRate{"inflow", "reverse_repo_level_2a", 0.15},
                               LiquidityRate{"inflow", "reverse_repo_level_2b_rmbs", 0.25},
                               LiquidityRate{"inflow", "reverse_repo_level_2b", 0.5},
                               LiquidityRate{"inflow", "margin_lending", 0.5},
                               LiquidityRate{"inflow", "reverse_repo_other", 1},
                               LiquidityRate{"inflow", "committed_facilities", 0},
                               LiquidityRate{"inflow", "operational_deposits", 0},
                               LiquidityRate{"inflow", "retail", 0.5},
                               LiquidityRate{"inflow", "corporate", 0.5},
                               LiquidityRate{"inflow", "financial", 1},
                               LiquidityRate{"inflow", "derivatives", 1},
                               LiquidityRate{"inflow", "other_contractual", 1}};

// NSF30.
constexpr std::array kFunding = {LiquidityRate{"asf", "capital", 1},
                                 LiquidityRate{"asf", "funding_1_year", 1},
                                 LiquidityRate{"asf", "retail_stable", 0.95},
                                 LiquidityRate{"asf", "retail_less_stable", 0.9},
                                 LiquidityRate{"asf", "corporate_below_1_year", 0.5},
                                 LiquidityRate{"asf", "operational", 0.5},
                                 LiquidityRate{"asf", "sovereign_below_1_year", 0.5},
                                 LiquidityRate{"asf", "financial_6_to_12_months", 0.5},
                                 LiquidityRate{"asf", "other", 0},
                                 LiquidityRate{"rsf", "cash", 0},
                                 LiquidityRate{"rsf", "central_bank_reserves", 0},
                                 LiquidityRate{"rsf", "level_1", 0.05},
                                 LiquidityRate{"rsf", "financial_secured_level_1", 0.1},
                                 LiquidityRate{"rsf", "level_2a", 0.15},
                                 LiquidityRate{"rsf", "financial_below_6_months", 0.15},
                                 LiquidityRate{"rsf", "level_2b", 0.5},
                                 LiquidityRate{"rsf", "encumbered_6_to_12_months", 0.5},
                                 LiquidityRate{"rsf", "financial_6_to_12_months", 0.5},
                                 LiquidityRate{"rsf", "operational_deposits", 0.5},
                                 LiquidityRate{"rsf", "loans_below_1_year", 0.5},
                                 LiquidityRate{"rsf", "mortgages_35", 0.65},
                                 LiquidityRate{"rsf", "loans_1_year_35", 0.65},
                                 LiquidityRate{"rsf", "loans_1_year", 0.85},
                                 LiquidityRate{"rsf", "securities", 0.85},
                                 LiquidityRate{"rsf", "commodities", 0.85},
                                 LiquidityRate{"rsf", "initial_margin", 0.85},
                                 LiquidityRate{"rsf", "encumbered_1_year", 1},
                                 LiquidityRate{"rsf", "derivative_assets", 1},
                                 LiquidityRate{"rsf", "derivative_liabilities", 0.2},
                                 LiquidityRate{"rsf", "commitments", 0.05},
                                 LiquidityRate{"rsf", "other", 1}};

}  // namespace

std::span<const LiquidityRate> liquidity_rates() {
  static const std::vector<LiquidityRate> kAll = [] {
    std::vector<LiquidityRate> all(kHqla.begin(), kHqla.end());
    all.insert(all.end(), kFlows.begin(), kFlows.end());
    all.insert(all.end(), kFunding.begin(), kFunding.end());
    return all;
  }();
  return kAll;
}

double rate_of(const LiquidityItem& item) {
  if (!(item.amount >= 0)) throw std::invalid_argument(fmt::format("amount: {} is negative", item.amount));
  if (item.rate > 1) throw std::invalid_argument(fmt::format("rate: {} is above 1", item.rate));
  std::vector<std::string> names;
  for (const LiquidityRate& r : liquidity_rates()) {
    if (r.section != item.section) continue;
    if (r.item == item.item) return item.rate >= 0 ? item.rate : r.rate;
    names.emplace_back(r.item);
  }
  if (names.empty()) {
    throw std::invalid_argument(
        fmt::format("section: \"{}\" is none of hqla, outflow, inflow, asf, rsf", item.section));
  }
  // A rate of the table's own allows items that the standard leaves to supervisors.
  if (item.rate >= 0 && item.section != "hqla") return item.rate;
  throw std::invalid_argument(fmt::format("item: \"{}\" is unknown in {}, the nearest is {}; others need a rate",
                                          item.item, item.section, ingest::nearest_name(item.item, names)));
}

LiquidityCoverage liquidity_coverage(std::span<const LiquidityItem> items) {
  LiquidityCoverage c;
  double adjusted_1 = 0, adjusted_2a = 0, adjusted_2b = 0;
  for (const LiquidityItem& item : items) {
    const double rate = rate_of(item);
    const double value = item.amount * rate, adjusted = (item.amount + item.unwind) * rate;
    if (item.section == "outflow") c.outflows += value;
    if (item.section == "inflow") c.inflows += value;
    if (item.section != "hqla") continue;
    const bool first = item.item == "level_1", second = item.item == "level_2a";
    (first ? c.level_1 : second ? c.level_2a : c.level_2b) += value;
    (first ? adjusted_1 : second ? adjusted_2a : adjusted_2b) += adjusted;
  }
  c.cap_15 =
      std::max({adjusted_2b - 15.0 / 85 * (adjusted_1 + adjusted_2a), adjusted_2b - 15.0 / 60 * adjusted_1, 0.0});
  c.cap_40 = std::max(adjusted_2a + adjusted_2b - c.cap_15 - 2.0 / 3 * adjusted_1, 0.0);
  c.stock = c.level_1 + c.level_2a + c.level_2b - c.cap_15 - c.cap_40;
  c.counted_inflows = std::min(c.inflows, 0.75 * c.outflows);
  c.net_outflows = c.outflows - c.counted_inflows;
  c.ratio = c.net_outflows > 0 ? c.stock / c.net_outflows : kInfinite;
  return c;
}

StableFunding stable_funding(std::span<const LiquidityItem> items) {
  StableFunding f;
  for (const LiquidityItem& item : items) {
    const double value = item.amount * rate_of(item);
    if (item.section == "asf") f.available += value;
    if (item.section == "rsf") f.required += value;
  }
  f.ratio = f.required > 0 ? f.available / f.required : kInfinite;
  return f;
}

}  // namespace ballast::risk
