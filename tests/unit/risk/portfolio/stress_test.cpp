// SPDX-License-Identifier: Apache-2.0
// Crises, shocks and hedges by hand.
#include "ballast/risk/portfolio_stress.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ballast/base/random.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

PricePanel crisis_panel() {
  PricePanel p;
  p.instruments = {"A", "B", "C"};
  for (int d = 0; d < 5; ++d) p.days.push_back(*parse_day("2008-01-01") + std::chrono::days(d));
  // C begins late; B has a hole on the third day.
  p.prices = {100, 10, kNone, 120, 10, kNone, 60, kNone, 5, 30, 8, 5, 90, 9, 5};
  return p;
}

TEST(Crisis, WorstFallOfWeightsHeldThroughout) {
  const PricePanel p = crisis_panel();
  // 0.5 A + 0.4 B + 0.1 cash: 1, 1.1, 0.8, 0.57, 0.91.
  const std::vector<double> w = {0.5, 0.4, 0};
  const CrisisLoss loss = crisis_loss("2008", p, w);
  EXPECT_TRUE(loss.measured);
  EXPECT_DOUBLE_EQ(loss.coverage, 1);
  EXPECT_NEAR(loss.worst, 1 - 0.57 / 1.1, 1e-15);
  EXPECT_NEAR(loss.window_return, -0.09, 1e-15);
  EXPECT_EQ(day_text(loss.peak), "2008-01-02");
  EXPECT_EQ(day_text(loss.trough), "2008-01-04");
}

TEST(Crisis, WhatHadNoPriceIsLeftOutAndTooMuchOfItIsNoMeasure) {
  const PricePanel p = crisis_panel();
  // C stands for 10 % of what is invested: the others are scaled up to it.
  const CrisisLoss most = crisis_loss("2008", p, std::vector<double>{0.45, 0.45, 0.1});
  EXPECT_TRUE(most.measured);
  EXPECT_NEAR(most.coverage, 0.9, 1e-15);
  EXPECT_NEAR(most.window_return, 0.5 * 0.9 + 0.5 * 0.9 - 1, 1e-15);
  const CrisisLoss little = crisis_loss("2008", p, std::vector<double>{0.5, 0.2, 0.3});
  EXPECT_FALSE(little.measured);
  EXPECT_FALSE(crisis_loss("2008", PricePanel{}, std::vector<double>{}).measured);
}

TEST(Shocks, OwnBeforeClassBeforeBetaAndRatesThroughDuration) {
  const auto shocks = parse_shocks(
      "[[shock]]\nname = \"all\"\nindex = -0.2\nrates_bp = 100\n[shock.instruments]\nA = -0.5\n"
      "[shock.classes]\nbank = -0.3\n[shock.fx]\nEUR = -0.1\n",
      "s.toml");
  ASSERT_EQ(shocks.size(), 1u);
  const std::vector<Exposure> e = {{"A", "bank", "USD", 0.1, 1, 0},
                                   {"B", "bank", "EUR", 0.2, 1, 0},
                                   {"C", "oil", "USD", 0.3, 1.5, 0},
                                   {"BOND", "bond", "USD", 0.3, 0, 7},
                                   {"", "cash", "EUR", 0.1, 0, 0}};
  EXPECT_NEAR(shock_return(shocks[0], e, "USD"),
              0.1 * -0.5 + 0.2 * (0.7 * 0.9 - 1) + 0.3 * -0.3 + 0.3 * -0.07 + 0.1 * -0.1, 1e-15);
}

TEST(Shocks, NameWhatIsWrong) {
  const auto problem = [](const std::string& text) { return test::problem_of([&] { parse_shocks(text, "s.toml"); }); };
  EXPECT_EQ(problem(""), "s.toml: has no [[shock]]");
  EXPECT_EQ(problem("[[shock]]\nindex = -0.2\n"), "s.toml, shock 1: field \"name\" is missing");
  EXPECT_EQ(problem("[[shock]]\nname = \"a\"\nrate_bp = 1\n"),
            "s.toml, shock 1: field \"rate_bp\" is unknown (the nearest is rates_bp)");
  EXPECT_EQ(problem("[[shock]]\nname = \"a\"\n[shock.instruments]\nA = -1.5\n"),
            "s.toml, shock 1.instruments: field \"A\" must be a number in -1 … 10");
  EXPECT_NE(problem("[[shock]\n").find("s.toml:1"), std::string::npos);
}

TEST(Options, PutIsBlackScholes) {
  // Hull's example and put-call parity: S = 42, K = 40, r = 10 %, σ = 20 %, half a year: 0.81.
  EXPECT_NEAR(put_price(42, 40, 0.5, 0.2, 0.1, 0).value, 0.8086, 1e-4);
  EXPECT_NEAR(put_price(100, 100, 1, 0.2, 0.05, 0).value, 5.5735, 1e-4);
  const double up = put_price(100.01, 95, 0.25, 0.3, 0.02, 0.015).value;
  const double down = put_price(99.99, 95, 0.25, 0.3, 0.02, 0.015).value;
  EXPECT_NEAR(put_price(100, 95, 0.25, 0.3, 0.02, 0.015).delta, (up - down) / 0.02, 1e-6);
  EXPECT_NEAR(put_price(80, 95, 0, 0.3, 0.02, 0).value, 15, 1e-12);
  EXPECT_NEAR(put_price(0, 95, 1, 0.3, 0.02, 0).value, 95 * std::exp(-0.02), 1e-12);
}

HedgeInputs hedge_inputs() {
  base::Random random(3);
  HedgeInputs in;
  for (int t = 0; t < 500; ++t) {
    const double i = 0.01 * random.normal();
    in.index.push_back(i);
    in.portfolio.push_back(1.2 * i + 0.004 * random.normal());
  }
  in.exposures = {{"A", "", "USD", 0.6, 1.2, 0}, {"B", "", "USD", 0.4, 0, 6}};
  in.shocks = {{"fall", 0, -0.3, {}, {}, {}}, {"rates", 200, 0, {}, {}, {}}};
  HedgeInputs::Crisis crisis;
  crisis.loss.name = "2008";
  crisis.loss.measured = true;
  crisis.loss.worst = 0.4;
  for (int d = 0; d < 4; ++d) crisis.days.push_back(*parse_day("2008-01-01") + std::chrono::days(d));
  crisis.loss.peak = crisis.days[1];
  crisis.loss.trough = crisis.days[3];
  crisis.portfolio = {0.9, 1, 0.8, 0.6};
  crisis.index = {100, 110, 90, 66};
  in.crises = {crisis};
  in.base_currency = "USD";
  return in;
}

TEST(Hedges, ShortIndexLeavesTheResidual) {
  const HedgeInputs in = hedge_inputs();
  const HedgeTerms terms;
  const Hedge h = make_hedges(in, terms)[0];
  const BetaFit fit = fit_beta(in.portfolio, in.index);
  EXPECT_NEAR(fit.beta, 1.2, 0.05);
  EXPECT_NEAR(h.notional, fit.beta, 1e-15);
  EXPECT_NEAR(h.volatility, fit.residual_volatility, 1e-12);
  EXPECT_NEAR(h.volatility * h.volatility, (1 - fit.r_squared) * h.volatility_before * h.volatility_before, 1e-12);
  EXPECT_LT(h.cvar, 0.5 * h.cvar_before);
  EXPECT_NEAR(h.cost, fit.beta * (0.005 + 0.0004), 1e-15);
  ASSERT_EQ(h.crises.size(), 1u);
  EXPECT_NEAR(h.crises[0].after, 0.4 - fit.beta * (0.4 - 0.005 * 2 / 252 - 0.0002), 1e-12);
  EXPECT_NEAR(h.shocks[0].before, -0.6 * 0.36, 1e-15);
  EXPECT_NEAR(h.shocks[0].after, -0.6 * 0.36 + fit.beta * (0.3 - 0.0002), 1e-12);
}

TEST(Hedges, PutsPayBelowTheStrikeAndCostTheirPremium) {
  const HedgeInputs in = hedge_inputs();
  HedgeTerms terms;
  terms.volatility = 0.25;
  const Hedge h = make_hedges(in, terms)[1];
  const double premium = put_price(1, 0.9, 0.25, 0.25, 0.02, 0.015).value;
  EXPECT_NEAR(h.premium, premium, 1e-15);
  EXPECT_NEAR(h.cost, h.notional * premium * 4, 1e-15);
  EXPECT_NEAR(h.crises[0].after, 0.4 - h.notional * (0.9 - 0.6 - premium), 1e-12);
  EXPECT_NEAR(h.shocks[1].after - h.shocks[1].before, 0, 1e-12);
  EXPECT_LT(h.cvar, h.cvar_before);
  EXPECT_GT(h.cvar, make_hedges(in, terms)[0].cvar);
  // Two sessions to expiry: rolled once at 90, where the next one begins.
  terms.tenor = 1.0 / 252;
  const double short_premium = put_price(1, 0.9, 1.0 / 252, 0.25, 0.02, 0.015).value;
  const double gain = (99 - 90 - short_premium * 110) / 110 + (81 - 66 - short_premium * 90) / 110;
  EXPECT_NEAR(make_hedges(in, terms)[1].crises[0].after, 0.4 - h.notional * gain, 1e-12);
}

TEST(Hedges, DurationOverlayBringsRatesToTheTarget) {
  const HedgeInputs in = hedge_inputs();
  HedgeTerms terms;
  terms.target_duration = 1;
  const Hedge h = make_hedges(in, terms)[2];
  EXPECT_NEAR(h.notional, (2.4 - 1) / 8, 1e-15);
  EXPECT_NEAR(h.cost, h.notional * 0.01, 1e-15);
  EXPECT_NEAR(h.shocks[1].before, -2.4 * 0.02, 1e-15);
  EXPECT_NEAR(h.shocks[1].after, -1 * 0.02, 1e-15);
  EXPECT_NEAR(h.shocks[0].after, h.shocks[0].before, 1e-15);
}

TEST(Hedges, SayWhyTheyDoNotApply) {
  HedgeInputs in = hedge_inputs();
  in.index.clear();
  in.exposures[1].duration = 0;
  const auto hedges = make_hedges(in, {});
  EXPECT_EQ(hedges[0].why_not, "no_index");
  EXPECT_EQ(hedges[1].why_not, "no_index");
  EXPECT_EQ(hedges[2].why_not, "no_duration");
  EXPECT_FALSE(hedges[0].applies);
  EXPECT_EQ(test::problem_of([] { parse_hedge_terms("[put]\nstrik = 0.9\n", "h.toml"); }),
            "h.toml, put: field \"strik\" is unknown (the nearest is strike)");
}

}  // namespace
}  // namespace ballast::risk
