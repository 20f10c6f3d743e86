// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/credit_terms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"

namespace ballast::risk {
namespace {

std::string problem_of(const std::string& toml) {
  try {
    parse_policy(toml, "p.toml");
  } catch (const base::Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(ExpectedLoss, IsTheProduct) {
  EXPECT_DOUBLE_EQ(expected_loss(0.02, 0.45, 100000), 900);
  EXPECT_DOUBLE_EQ(exposure_at_default(7000, 3000, 0.4), 8200);
  EXPECT_THROW(expected_loss(1.2, 0.45, 1), base::Error);
}

// The illustrative risk weights of the Basel framework (CRE99.3, other retail, LGD 45 %): risk weight = 12.5 · K.
TEST(RetailCapital, IsThatOfTheBaselTable) {
  for (const auto& [pd, weight] : {std::pair{0.0005, 0.0663},
                                   {0.001, 0.1116},
                                   {0.0025, 0.2115},
                                   {0.004, 0.2842},
                                   {0.005, 0.3236},
                                   {0.0075, 0.4010},
                                   {0.01, 0.4577},
                                   {0.015, 0.5337},
                                   {0.02, 0.5799},
                                   {0.03, 0.6279},
                                   {0.04, 0.6501},
                                   {0.05, 0.6642},
                                   {0.06, 0.6773},
                                   {0.1, 0.7554},
                                   {0.15, 0.8860},
                                   {0.2, 1.0028}}) {
    EXPECT_NEAR(12.5 * retail_capital(pd, 0.45), weight, 6e-4) << pd;
  }
  EXPECT_EQ(retail_capital(1, 0.45), 0);
}

TEST(Ifrs9, StagesFollowDaysAndIncreaseOfRisk) {
  EXPECT_EQ(ifrs9_stage(0.02, 0.015, 0), 1);
  EXPECT_EQ(ifrs9_stage(0.03, 0.015, 0), 2);   // twice as high
  EXPECT_EQ(ifrs9_stage(0.004, 0.001, 0), 1);  // four times, but by 0.3 points only
  EXPECT_EQ(ifrs9_stage(0.02, {}, 30), 1);  // more than 30 days are meant
  EXPECT_EQ(ifrs9_stage(0.02, {}, 31), 2);
  EXPECT_EQ(ifrs9_stage(0.02, {}, 90), 3);
}

TEST(Ifrs9, AllowanceIsThatOfTheHandComputedTable) {
  const std::vector<double> exposure = {1000, 600, 250};
  // Year: survival 1, 0.95, 0.9025; discount 1.1^-0.5, 1.1^-1.5, 1.1^-2.5.
  const double first = 0.05 * 0.4 * 1000 / std::sqrt(1.1);
  const double life =
      first + 0.95 * 0.05 * 0.4 * 600 / std::pow(1.1, 1.5) + 0.9025 * 0.05 * 0.4 * 250 / std::pow(1.1, 2.5);
  EXPECT_NEAR(loss_allowance(1, 0.05, 0.4, exposure, 0.1), first, 1e-10);
  EXPECT_NEAR(loss_allowance(2, 0.05, 0.4, exposure, 0.1), life, 1e-10);
  EXPECT_NEAR(loss_allowance(3, 0.05, 0.4, exposure, 0.1), 400, 1e-10);
}

TEST(RetailCapital, CorrelationAndScaleByHand) {
  EXPECT_NEAR(retail_correlation(0), 0.16, 1e-15);
  EXPECT_NEAR(retail_correlation(0.01), 0.16 - 0.13 * 0.29531191, 1e-9);  // 1 - exp(-0.35)
  EXPECT_NEAR(retail_correlation(1), 0.03, 1e-15);
  EXPECT_NEAR(retail_capital(0.02, 0.9), 2 * retail_capital(0.02, 0.45), 1e-15);  // K is linear in LGD
  EXPECT_EQ(retail_capital(0, 0.45), retail_capital(0.0005, 0.45));               // the floor
}

TEST(Ifrs9, EveryEdgeOfTheStages) {
  const StageRules rules;  // 30 and 90 days, twice and half a point more
  EXPECT_EQ(ifrs9_stage(0.02, {}, 30, rules), 1);
  EXPECT_EQ(ifrs9_stage(0.02, {}, 89, rules), 2);
  EXPECT_EQ(ifrs9_stage(1, {}, 0, rules), 3);                  // in default
  EXPECT_EQ(ifrs9_stage(0.25, 0.125, 0, rules), 2);            // exactly twice
  EXPECT_EQ(ifrs9_stage(0.2499, 0.125, 0, rules), 1);          // not quite twice
  EXPECT_EQ(ifrs9_stage(0.0078125, 0.00390625, 0, rules), 1);  // twice, but less than half a point more
  EXPECT_EQ(ifrs9_stage(0.03, 0.02, 95, rules), 3);            // days past due come first
  EXPECT_THROW(ifrs9_stage(-0.1, {}, 0, rules), base::Error);
}

TEST(Ifrs9, AllowanceOfALoanThatEndsWithinAYear) {
  // 18 months at 6 %: after a year what is left is six instalments' present value, exposed for half of the second year.
  const double paid = 10000 * 0.005 / (1 - std::pow(1.005, -18));
  const double left = paid * (1 - std::pow(1.005, -6)) / 0.005;
  const std::vector<double> balances = yearly_balances(10000, 0.06, 18);
  ASSERT_EQ(balances.size(), 2u);
  EXPECT_NEAR(balances[1], left / 2, 1e-8);
  const double life = 0.03 * 0.45 * (10000 / std::sqrt(1.06) + 0.97 * left / 2 / std::pow(1.06, 1.5));
  EXPECT_NEAR(loss_allowance(2, 0.03, 0.45, balances, 0.06), life, 1e-9);
  EXPECT_NEAR(loss_allowance(1, 0.03, 0.45, balances, 0.06), 0.03 * 0.45 * 10000 / std::sqrt(1.06), 1e-9);
  // A loan of six months has half a year of risk in stage 1 as in stage 2.
  const std::vector<double> half = yearly_balances(10000, 0.06, 6);
  ASSERT_EQ(half.size(), 1u);
  EXPECT_NEAR(half[0], 5000, 1e-9);
  EXPECT_EQ(loss_allowance(1, 0.03, 0.45, half, 0.06), loss_allowance(2, 0.03, 0.45, half, 0.06));
}

TEST(Instalment, IsTheAnnuity) {
  EXPECT_NEAR(instalment(10000, 0.06, 12), 860.664297, 1e-6);  // standard loan table
  EXPECT_NEAR(instalment(1200, 0, 12), 100, 1e-12);
  const auto balances = yearly_balances(10000, 0.06, 18);
  ASSERT_EQ(balances.size(), 2u);
  EXPECT_EQ(balances[0], 10000);
  EXPECT_LT(balances[1], 10000 * 0.5 * 0.5);  // less than half is left, for half a year
  EXPECT_THROW(instalment(1, 0.1, 0), base::Error);
}

TEST(Money, RoundsHalfToEven) {
  EXPECT_EQ(money(0.125), "0.12");
  EXPECT_EQ(money(0.375), "0.38");
  EXPECT_EQ(money(1250), "1250.00");
}

CreditPolicy policy() {
  return parse_policy(
      "[amount]\ndefault = 10000\nmin = 1000\nmax = 8000\n[verdict]\napprove_pd = 0.05\ndecline_pd = 0.1\n"
      "[price]\nfunding = 0.02\ncost = 0.01\nmargin = 0.005\nhurdle = 0.12\n",
      "p.toml");
}

TEST(Decide, RateIsTheSumOfItsParts) {
  Application a;
  a.requested = 5000;
  const CreditDecision d = decide(0.02, {0.01, 0.03}, a, policy());
  EXPECT_EQ(d.outcome, "approve");
  EXPECT_EQ(d.amount, 5000);
  const double sum = 0.02 + 0.02 * 0.45 + retail_capital(0.02, 0.45) * 0.12 + 0.01 + 0.005;
  EXPECT_NEAR(d.price.rate(), sum, 1e-15);
  EXPECT_GE(d.rate, sum - 1e-12);
  EXPECT_LT(d.rate - sum, 1e-4);
  EXPECT_NEAR(d.expected_loss, 0.02 * 0.45 * 5000, 1e-9);
}

TEST(Decide, OutcomesFollowThePolicy) {
  Application a;
  a.requested = 5000;
  EXPECT_EQ(decide(0.07, {0.06, 0.08}, a, policy()).outcome, "refer");
  EXPECT_EQ(decide(0.04, {0.02, 0.12}, a, policy()).outcome, "refer");  // might be above the limit
  const CreditDecision no = decide(0.11, {0.1, 0.12}, a, policy());
  EXPECT_EQ(no.outcome, "decline");
  EXPECT_EQ(no.amount, 0);
  EXPECT_EQ(no.why, "the PD 0.1100 is above 0.1000");
  a.days_past_due = 31;
  EXPECT_EQ(decide(0.02, {0.01, 0.03}, a, policy()).outcome, "refer");
}

TEST(Decide, AmountKeepsEveryLimit) {
  Application a;
  a.requested = 20000;
  CreditPolicy p = policy();
  EXPECT_EQ(decide(0.02, {0.01, 0.03}, a, p).amount, 8000);
  p.max_expected_loss = 45;
  const CreditDecision small = decide(0.02, {0.01, 0.03}, a, p);
  EXPECT_EQ(small.amount, 5000);
  EXPECT_LE(small.expected_loss, 45 + 1e-9);
  a.income = 500;
  a.term_months = 24;
  const CreditDecision poor = decide(0.02, {0.01, 0.03}, a, p);
  EXPECT_LE(poor.instalment, 0.35 * 500 + 1e-9);
  EXPECT_GT(poor.instalment, 0.35 * 500 - 0.01);
  a.income = 10;
  EXPECT_EQ(decide(0.02, {0.01, 0.03}, a, p).outcome, "decline");
}

TEST(Decide, SaysBothExpectedCreditLossesAndBooksTheStagesOne) {
  Application a;
  a.requested = 5000, a.term_months = 24;
  const CreditDecision one = decide(0.02, {0.01, 0.03}, a, policy());
  const auto balances = yearly_balances(5000, one.rate, 24);
  // By hand: a year's loss is PD · LGD · balance, discounted half a year on; the second year is reached by 98 %.
  const double first = 0.02 * 0.45 * balances[0] / std::sqrt(1 + one.rate);
  const double second = 0.98 * 0.02 * 0.45 * balances[1] / std::pow(1 + one.rate, 1.5);
  EXPECT_NEAR(one.loss_12_months, first, 1e-9);
  EXPECT_NEAR(one.loss_lifetime, first + second, 1e-9);
  EXPECT_EQ(one.stage, 1);
  EXPECT_EQ(one.allowance, one.loss_12_months);
  a.pd_at_origination = 0.005;
  const CreditDecision two = decide(0.02, {0.01, 0.03}, a, policy());
  EXPECT_EQ(two.stage, 2);
  EXPECT_EQ(two.allowance, two.loss_lifetime);
  a.days_past_due = 95;
  const CreditDecision three = decide(0.02, {0.01, 0.03}, a, policy());
  EXPECT_EQ(three.stage, 3);
  EXPECT_NEAR(three.allowance, 0.45 * 5000, 1e-9);
}

TEST(Policy, TheExampleIsCompleteAndHasTheDefaults) {
  const CreditPolicy example =
      read_policy(std::filesystem::path(BALLAST_SOURCE_DIR) / "examples" / "credit_policy.toml");
  const CreditPolicy plain = parse_policy("[amount]\ncolumn = \"credit_amount\"\n", "p.toml");
  EXPECT_EQ(example.amount_column, "credit_amount");
  EXPECT_EQ(example.term_column, "duration_months");
  for (const auto& [a, b] : {std::pair{example.approve_pd, plain.approve_pd},
                             {example.decline_pd, plain.decline_pd},
                             {example.lgd, plain.lgd},
                             {example.conversion, plain.conversion},
                             {example.funding, plain.funding},
                             {example.cost, plain.cost},
                             {example.margin, plain.margin},
                             {example.hurdle, plain.hurdle},
                             {example.max_rate, plain.max_rate},
                             {example.min_amount, plain.min_amount},
                             {example.max_amount, plain.max_amount},
                             {example.max_instalment_share, plain.max_instalment_share},
                             {example.stages.pd_ratio, plain.stages.pd_ratio},
                             {example.stages.pd_increase, plain.stages.pd_increase}}) {
    EXPECT_EQ(a, b);
  }
}

TEST(Policy, MistakesAreNamed) {
  EXPECT_EQ(problem_of(""), "p.toml: amount.column or amount.default is needed");
  EXPECT_EQ(problem_of("[amount]\ndefault = 1\n[price]\nfundng = 0.1\n"),
            "p.toml: unknown name \"price.fundng\" (the nearest is \"funding\")");
  EXPECT_EQ(problem_of("[amount]\ndefault = 1\n[loss]\nlgd = 45\n"), "p.toml: loss.lgd is 45, expected 0 to 1");
  EXPECT_EQ(problem_of("[amount]\ndefault = 1\n[verdict]\napprove_pd = 0.3\n"),
            "p.toml: verdict.approve_pd is above verdict.decline_pd");
  EXPECT_NE(problem_of("[amount\n").find("p.toml:1"), std::string::npos);
  EXPECT_NE(problem_of("currency = \"euro\"\n").find("ISO 4217"), std::string::npos);
}

}  // namespace
}  // namespace ballast::risk
