// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/liquidity.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

using ::testing::HasSubstr;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

LiquidityItem hqla(const char* item, double amount, double unwind = 0) {
  return {"hqla", item, amount, -1, unwind};
}

TEST(LiquidityCoverage, HandComputedBank) {
  const std::vector<LiquidityItem> table = {hqla("level_1", 100),
                                            hqla("level_2a", 40),
                                            hqla("level_2b_rmbs", 8),
                                            hqla("level_2b", 10),
                                            {"outflow", "retail_stable", 1000},
                                            {"outflow", "retail_less_stable", 400},
                                            {"outflow", "operational", 120},
                                            {"outflow", "corporate", 150},
                                            {"outflow", "other_wholesale", 30},
                                            {"inflow", "retail", 60},
                                            {"inflow", "financial", 35}};
  const LiquidityCoverage c = liquidity_coverage(table);
  EXPECT_DOUBLE_EQ(c.level_2a, 34);
  EXPECT_DOUBLE_EQ(c.level_2b, 11);
  EXPECT_DOUBLE_EQ(c.cap_15, 0);  // 15/85 of 134 is 23.6, 15/60 of 100 is 25
  EXPECT_DOUBLE_EQ(c.cap_40, 0);  // 45 is below 2/3 of 100
  EXPECT_DOUBLE_EQ(c.stock, 145);
  EXPECT_DOUBLE_EQ(c.outflows, 50 + 40 + 30 + 60 + 30);
  EXPECT_DOUBLE_EQ(c.counted_inflows, 65);
  EXPECT_DOUBLE_EQ(c.net_outflows, 145);
  EXPECT_DOUBLE_EQ(c.ratio, 1);
}

TEST(LiquidityCoverage, BothCapsBind) {
  // 2B: 40 over 15/60 of 60 = 15 (and 15/85 of 145 = 25.6): 25 off. Then 85 + 15 over 40: 60 off. Stock 60 + 40.
  const LiquidityCoverage c = liquidity_coverage(std::vector<LiquidityItem>{
      hqla("level_1", 60), hqla("level_2a", 100), hqla("level_2b", 80), {"outflow", "derivatives", 50}});
  EXPECT_DOUBLE_EQ(c.cap_15, 25);
  EXPECT_DOUBLE_EQ(c.cap_40, 60);
  EXPECT_DOUBLE_EQ(c.stock, 100);
  EXPECT_DOUBLE_EQ(c.ratio, 2);
}

TEST(LiquidityCoverage, CapsUseTheUnwoundAmounts) {
  // A repo of level 1 for level 2A would dodge the cap: unwinding takes 40 of level 1 away and brings 47 of 2A back.
  const LiquidityCoverage c =
      liquidity_coverage(std::vector<LiquidityItem>{hqla("level_1", 100, -40), hqla("level_2a", 40, 40 / 0.85)});
  EXPECT_NEAR(c.cap_40, 74 - 40, 1e-12);
  EXPECT_NEAR(c.stock, 134 - 34, 1e-12);
}

TEST(LiquidityCoverage, CapsEqualTheLargestStockWithinTheShares) {
  // The formula of LCR30 against its meaning: take as much of 2B and 2A as 15 % and 40 % of the stock allow.
  base::Random random(11);
  for (int i = 0; i < 500; ++i) {
    const double l1 = 1 + 100 * random.uniform(), a = 200 * random.uniform(), b = 200 * random.uniform();
    const LiquidityCoverage c = liquidity_coverage(
        std::vector<LiquidityItem>{hqla("level_1", l1), hqla("level_2a", a / 0.85), hqla("level_2b", 2 * b)});
    const double kept_b = std::min({b, 15.0 / 60 * l1, 15.0 / 85 * (l1 + a)});
    const double kept_2 = std::min(a + kept_b, 2.0 / 3 * l1);
    EXPECT_NEAR(c.stock, l1 + kept_2, 1e-9);
    EXPECT_LE(kept_2 / c.stock, 0.4 + 1e-12);
  }
}

TEST(LiquidityCoverage, InflowsCountUpToThreeQuarters) {
  const LiquidityCoverage c = liquidity_coverage(std::vector<LiquidityItem>{
      hqla("level_1", 30), {"outflow", "other_contractual", 100}, {"inflow", "financial", 90}});
  EXPECT_DOUBLE_EQ(c.counted_inflows, 75);
  EXPECT_DOUBLE_EQ(c.ratio, 1.2);
  EXPECT_TRUE(std::isinf(liquidity_coverage(std::vector<LiquidityItem>{hqla("level_1", 30)}).ratio));
}

TEST(StableFunding, HandComputedBank) {
  const std::vector<LiquidityItem> table = {{"asf", "capital", 80},
                                            {"asf", "retail_stable", 200},
                                            {"asf", "retail_less_stable", 100},
                                            {"asf", "corporate_below_1_year", 120},
                                            {"asf", "other", 70},
                                            {"rsf", "cash", 20},
                                            {"rsf", "level_1", 100},
                                            {"rsf", "level_2a", 40},
                                            {"rsf", "financial_below_6_months", 60},
                                            {"rsf", "loans_below_1_year", 100},
                                            {"rsf", "mortgages_35", 200},
                                            {"rsf", "loans_1_year", 100},
                                            {"rsf", "commitments", 100},
                                            {"rsf", "other", 40}};
  const StableFunding f = stable_funding(table);
  EXPECT_DOUBLE_EQ(f.available, 80 + 190 + 90 + 60);
  EXPECT_DOUBLE_EQ(f.required, 5 + 6 + 9 + 50 + 130 + 85 + 5 + 40);
  EXPECT_DOUBLE_EQ(f.ratio, 420.0 / 330);
}

TEST(LiquidityRates, UnknownItemsAndBadNumbersAreNamed) {
  EXPECT_EQ(test::problem_of([] {
              rate_of({"outflow", "retail_stabel", 1});
            }),
            "item: \"retail_stabel\" is unknown in outflow, the nearest is retail_stable; others need a rate");
  EXPECT_EQ(test::problem_of([] {
              rate_of({"hqla", "level_3", 1, 0.5});
            }),
            "item: \"level_3\" is unknown in hqla, the nearest is level_1; others need a rate");
  EXPECT_EQ(test::problem_of([] {
              rate_of({"outflows", "derivatives", 1});
            }),
            "section: \"outflows\" is none of hqla, outflow, inflow, asf, rsf");
  EXPECT_EQ(test::problem_of([] { rate_of({"outflow", "derivatives", -1}); }), "amount: -1 is negative");
  EXPECT_EQ(test::problem_of([] { rate_of({"outflow", "derivatives", 1, 1.5}); }), "rate: 1.5 is above 1");
  EXPECT_DOUBLE_EQ(rate_of({"outflow", "trade_finance", 1, 0.05}), 0.05);
}

TEST(GapLadder, BucketsAndCumulation) {
  const std::vector<CashFlow> flows = {{0, 99, ""}, {1, 10, ""}, {1, -4, ""}, {7, -10, ""}, {8, 5, ""}, {400, -7, ""}};
  const std::vector<LadderRung> l = gap_ladder(flows);
  ASSERT_EQ(l.size(), 9u);
  EXPECT_DOUBLE_EQ(l[0].inflow, 10);
  EXPECT_DOUBLE_EQ(l[0].gap, 6);
  EXPECT_DOUBLE_EQ(l[1].outflow, 10);
  EXPECT_DOUBLE_EQ(l[1].cumulative_gap, -4);
  EXPECT_EQ(l[2].first_day, 8);
  EXPECT_DOUBLE_EQ(l[2].cumulative_gap, 1);
  EXPECT_DOUBLE_EQ(l[8].cumulative_gap, -6);
}

TEST(Survival, ScenariosByHand) {
  const std::vector<CashFlow> flows = {
      {2, -30, "deposits"}, {5, 20, "loans"}, {10, -60, "deposits"}, {12, 100, "loans"}};
  const Survival base = survival_horizon(flows, 80, {"base", 1, 1, 0, {}}, 30);
  EXPECT_TRUE(base.beyond_horizon);
  EXPECT_DOUBLE_EQ(base.lowest, 10);  // 80 - 30 + 20 - 60
  EXPECT_EQ(base.lowest_day, 10);
  const Survival run = survival_horizon(flows, 80, {"run", 0.5, 1, 0.1, {{"deposits", 1.2}}}, 30);
  EXPECT_FALSE(run.beyond_horizon);
  EXPECT_EQ(run.days, 9);  // 72 - 36 + 10 - 72 = -26
  EXPECT_NEAR(run.lowest, -26, 1e-12);
}

TEST(Survival, ScenarioFilesAreChecked) {
  const auto all = parse_liquidity_scenarios(
      "[[scenario]]\nname='a'\noutflows=1.5\n[scenario.categories]\ndeposits=2\n[[scenario]]\nname='b'\n", "s.toml");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_DOUBLE_EQ(all[0].outflows, 1.5);
  EXPECT_EQ(all[0].categories[0].first, "deposits");
  EXPECT_THAT(test::problem_of([] { parse_liquidity_scenarios("[[scenario]]\nname='a'\noutflow=1", "s.toml"); }),
              HasSubstr("field \"outflow\" is unknown"));
  EXPECT_THAT(test::problem_of([] { parse_liquidity_scenarios("[[scenario]]\nname='a'\nbuffer_haircut=2", "s.toml"); }),
              HasSubstr("field \"buffer_haircut\" must be a number in 0 … 1"));
  EXPECT_THAT(test::problem_of([] { parse_liquidity_scenarios("x = [", "s.toml"); }), HasSubstr("s.toml:1"));
  EXPECT_THAT(test::problem_of([] { parse_liquidity_scenarios("", "s.toml"); }), HasSubstr("has no [[scenario]]"));
}

TEST(MarketLiquidity, TwoPairsByHand) {
  // Highs twice the lows each day, the same range: beta = 2 ln²2, gamma = ln²2, alpha = ln 2, spread 2 (2-1)/(1+2).
  const std::vector<MarketDay> days = {{2, 1, 2, 1e6}, {2, 1, 2, 1e6}, {2, 1, 1, 1e6}};
  const MarketLiquidity m = market_liquidity(days);
  EXPECT_NEAR(m.corwin_schultz, 2.0 / 3, 1e-12);
  // Closes at the high against a middle of ln √2: 2 (ln 2 - ln √2) = ln 2 for both pairs.
  EXPECT_NEAR(m.abdi_ranaldo, std::log(2.0), 1e-12);
  EXPECT_NEAR(m.amihud, (0.0 / 2 + 0.5 / 1) / 2, 1e-12);
  EXPECT_THAT(test::problem_of([] {
                market_liquidity(std::vector<MarketDay>(2, {2, 1, 1, 1}));
              }),
              HasSubstr("2 days are too few, at least 3 are needed"));
  EXPECT_THAT(test::problem_of([] {
                market_liquidity(std::vector<MarketDay>{{2, 1, 1, 1}, {2, 1, -37, 1}, {2, 1, 1, 1}});
              }),
              HasSubstr("day 2 has prices that cannot be"));
}

TEST(MarketLiquidity, EstimatorsFindASimulatedSpread) {
  // Simulated: a random walk of 390 trades a day, each at the middle plus or minus half of 2 %.
  base::Random random(4);
  std::vector<MarketDay> days;
  double middle = 0;
  for (int d = 0; d < 1500; ++d) {
    MarketDay day{0, 1e9, 0, 1000};
    for (int t = 0; t < 390; ++t) {
      middle += 0.01 / std::sqrt(390.0) * random.normal();
      const double price = std::exp(middle) * (random.uniform() < 0.5 ? 0.99 : 1.01);
      day.high = std::max(day.high, price);
      day.low = std::min(day.low, price);
      day.close = price;
    }
    days.push_back(day);
  }
  const MarketLiquidity m = market_liquidity(days);
  EXPECT_NEAR(m.roll, 0.02, 0.003);
  EXPECT_NEAR(m.corwin_schultz, 0.02, 0.004);
  EXPECT_NEAR(m.abdi_ranaldo, 0.02, 0.004);
}

TEST(EarlyWarning, SignalCountsAreTested) {
  std::vector<std::int64_t> days;
  for (std::int64_t d = 7; d < 35; d += 7) days.push_back(d);  // 4 in four weeks
  days.push_back(0);
  EXPECT_GT(count_signals(days).p_value, 0.05);
  for (int i = 0; i < 5; ++i) days.push_back(1);
  const SignalCount c = count_signals(days);
  EXPECT_EQ(c.recent, 6);
  EXPECT_EQ(c.before, 4);
  EXPECT_NEAR(c.p_value, 0.0063694, 1e-6);  // binomial: at least 6 of 10 at 1/5
  EXPECT_EQ(count_signals(std::vector<std::int64_t>{-3, 90}).p_value, 1);
}

TEST(EarlyWarning, FundingStressByHand) {
  EXPECT_DOUBLE_EQ(funding_stress({}).index, 1);
  // R = 1.5 in 7 days, B = 2.4 in the 84 before: (1.5 + 1)/7 over 2.4/84 + 1/7 = 2.5 / 1.2.
  const std::vector<StressSignal> signals = {{0, 0.9}, {6, 0.6}, {7, 0.8}, {50, 1}, {90, 0.6}, {91, 1}, {-1, 1}};
  const FundingStress s = funding_stress(signals);
  EXPECT_DOUBLE_EQ(s.recent, 1.5);
  EXPECT_DOUBLE_EQ(s.before, 2.4);
  EXPECT_NEAR(s.index, 2.5 / 1.2, 1e-12);
  EXPECT_NEAR(funding_stress(signals, 7).recent, 0.8, 1e-12);                      // as it was known a week ago
  EXPECT_NEAR(funding_stress(std::vector<StressSignal>{{1, 1}}).index, 2, 1e-12);  // one text alone is not above 2
  const auto all = warning_indicators({kNone, kNone, kNone, kNone, kNone, 2.5, 3}, {});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].level, WarningLevel::red);  // amihud_ratio 3
  EXPECT_EQ(all[1].level, WarningLevel::amber);
}

TEST(MarketLiquidity, ClosesAloneGiveNoSpreadFromRanges) {
  const MarketLiquidity m =
      market_liquidity(std::vector<MarketDay>{{2, 2, 2, 0}, {3, 3, 3, 0}, {2, 2, 2, 0}, {3, 3, 3, 0}});
  EXPECT_TRUE(std::isnan(m.corwin_schultz));
  EXPECT_TRUE(std::isnan(m.abdi_ranaldo));
  EXPECT_TRUE(std::isnan(m.amihud));
  EXPECT_GT(m.roll, 0);
}

TEST(EarlyWarning, WorstIndicatorDecides) {
  const WarningLimits limits = parse_warning_limits("[limits]\nlcr_amber = 1.2\n", "l.toml");
  auto all = warning_indicators({1.15, 1.3, 90, kNone, 0.5}, limits);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(warning_level(all), WarningLevel::amber);
  EXPECT_EQ(warning_level(warning_indicators({1.5, 1.3, 20, kNone, kNone}, limits)), WarningLevel::red);
  EXPECT_EQ(warning_level({}), WarningLevel::green);
  EXPECT_THAT(test::problem_of([] { parse_warning_limits("[limits]\nlcr_amber = 0.5\n", "l.toml"); }),
              HasSubstr("lcr_amber and lcr_red are in the wrong order"));
}

}  // namespace
}  // namespace ballast::risk
