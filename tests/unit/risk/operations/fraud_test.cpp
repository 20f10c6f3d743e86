// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_fraud.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ballast/base/random.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// amount and kind (three levels) tell fraud; noise does not; `time` runs a row an hour, `card` over 40 cards.
tabular::Table transactions(std::int64_t rows, std::uint64_t seed) {
  base::Random random(seed);
  tabular::Table t;
  tabular::Column amount, noise, kind, time, card, label;
  amount.spec = {"amount", tabular::ColumnKind::numeric, false, false, {}};
  noise.spec = {"noise", tabular::ColumnKind::numeric, false, false, {}};
  kind.spec = {"kind", tabular::ColumnKind::categorical, false, false, {"atm", "shop", "web"}};
  time.spec = {"time", tabular::ColumnKind::numeric, true, false, {}};
  card.spec = {"card", tabular::ColumnKind::numeric, true, false, {}};
  label.spec = {"fraud", tabular::ColumnKind::categorical, false, false, {"no", "yes"}};
  for (std::int64_t i = 0; i < rows; ++i) {
    const double a = 100 * std::exp(random.normal());
    const int k = static_cast<int>(random.below(3));
    amount.numbers.push_back(a);
    noise.numbers.push_back(random.normal());
    kind.codes.push_back(k);
    time.numbers.push_back(1.7e9 + 3600 * static_cast<double>(i));
    card.numbers.push_back(static_cast<double>(random.below(40)));
    const double odds = -4 + 0.01 * a + (k == 2 ? 1.5 : 0);
    label.codes.push_back(random.uniform() < 1 / (1 + std::exp(-odds)) ? 1 : 0);
    t.lines.push_back(i + 2);
  }
  t.columns = {amount, noise, kind, time, card, label};
  return t;
}

FraudTraining training() {
  FraudTraining t;
  t.label = "fraud";
  t.fraud = "yes";
  t.columns = {"", "time", "card"};
  t.costs.amount_column = "amount";
  t.folds = 3;
  t.top_cards = 2;
  t.library_defaults = true;  // fast
  return t;
}

TEST(CostCurve, ByHand) {
  // Looking costs 1, a missed fraud 5, an honest transaction blocked 3. By falling probability: fraud, fraud, honest,
  // fraud, honest. Costs of 0 to 5 alerts: 15, 11, 7, 8, 4, 5.
  const std::vector<double> p = {0.1, 0.9, 0.4, 0.8, 0.3};
  const std::vector<std::uint8_t> truth = {0, 1, 0, 1, 1};
  const std::vector<double> losses(5, 5.0);
  FraudCosts costs;
  costs.investigation = 1;
  costs.false_block = 3;
  const CostCurve curve = cost_curve(p, truth, losses, costs);
  std::vector<double> all;
  for (const CostPoint& point : curve.points) all.push_back(point.cost);
  EXPECT_THAT(all, ElementsAre(15, 11, 7, 8, 4, 5));
  EXPECT_EQ(curve.best.threshold, 0.3);
  EXPECT_EQ(curve.best.alerts, 4);
  EXPECT_EQ(curve.best.caught, 3);
  EXPECT_EQ(curve.pass_all, 15);
  EXPECT_EQ(curve.review_all, 5);
  EXPECT_EQ(curve.block.value(), 0.8);  // two frauds blocked save two looks; the third costs 3 − 1
  const CostPoint at = cost_at(0.35, p, truth, losses, costs);
  EXPECT_EQ(at.cost, 8);
  EXPECT_EQ(at.missed, 1);
}

TEST(CostCurve, EqualProbabilitiesAreOneThreshold) {
  const std::vector<double> p = {0.5, 0.5, 0.5, 0.2};
  const std::vector<std::uint8_t> truth = {1, 0, 0, 0};
  const std::vector<double> losses(4, 100.0);
  const CostCurve curve = cost_curve(p, truth, losses, {});
  EXPECT_EQ(curve.best.alerts, 3);  // not 1: the three cannot be told apart
  EXPECT_EQ(curve.best.cost, 30);
  const std::vector<std::uint8_t> none(4, 0);
  EXPECT_THAT(test::problem_of([&] { cost_curve(p, none, losses, {}); }), HasSubstr("at least one fraud"));
}

TEST(CardPrecision, FoundCardsLeaveTheNextDays) {
  // Day 0: cards 1 (0.9, fraud) and 2 (0.8) are looked at, precision 1/2. Day 1: card 1 is gone; 3 (0.7, fraud) and 2
  // (0.6, fraud): 2/2; with card 1 it would be 1 and 3.
  const std::vector<double> p = {0.9, 0.8, 0.1, 0.95, 0.7, 0.6};
  const std::vector<std::uint8_t> truth = {1, 0, 1, 0, 1, 1};
  const std::vector<std::int64_t> card = {1, 2, 3, 1, 3, 2}, day = {0, 0, 0, 1, 1, 1};
  const CardPrecision cards = card_precision(p, truth, card, day, 2);
  EXPECT_THAT(cards.days, ElementsAre(0.5, 1));
  EXPECT_EQ(cards.mean, 0.75);
}

TEST(TransactionTime, WhatIsATime) {
  EXPECT_EQ(transaction_time("2018-07-25 00:00:29"), 1532476829);
  EXPECT_EQ(transaction_time("2018-07-25T02:00:29+02:00"), 1532476829);
  EXPECT_EQ(transaction_time("2018-07-25"), 1532476800);
  EXPECT_EQ(transaction_time("17"), 17);
  for (const char* bad : {"2018-02-30", "2018-13-01 00:00:00", "2018-07-25 25:00:00", "yesterday", "inf", ""}) {
    EXPECT_FALSE(transaction_time(bad)) << bad;
  }
}

ingest::Record row(const std::string& id, const std::string& time, const std::string& amount) {
  ingest::Record r;
  r.source = "t.csv";
  r.line = 7;
  r.object = {{"id", id}, {"at", time}, {"amount", amount}};
  return r;
}

TEST(TransactionGuard, SaysColumnAndReason) {
  TransactionGuard guard({"id", "at", ""}, "amount", 1532476829);
  EXPECT_FALSE(guard.check(row("1", "2018-07-25 00:00:29", "5")));
  const auto reason = [&](const ingest::Record& r) {
    const auto bad = guard.check(r);
    return bad ? bad->column + " " + bad->reason : "";
  };
  EXPECT_EQ(reason(row("1", "2018-07-25", "5")), "id is there twice: 1");
  EXPECT_EQ(reason(row("2", "2018-02-30", "5")), "at is no date and time: 2018-02-30");
  EXPECT_EQ(reason(row("2", "2018-07-27", "5")), "at lies in the future: 2018-07-27");
  EXPECT_EQ(reason(row("2", "2018-07-25", "-0.01")), "amount is negative: -0.01");
  EXPECT_EQ(reason(row("2", "2018-07-25", "much")), "amount is not a number: much");
  EXPECT_EQ(reason(row("2", "2018-07-25", "")), "amount is missing");
  EXPECT_EQ(reason(row("", "2018-07-25", "5")), "id is missing");
  EXPECT_EQ(reason(row("2", "2018-07-25", "5")), "");  // what was set aside does not count as seen
}

TEST(FraudModel, ScoresAddUpAndReadBackBitForBit) {
  const tabular::Table table = transactions(1500, 1);
  const FraudModel model = FraudModel::train(table, training());
  EXPECT_THAT(model.schema().names(), ElementsAre("amount", "noise", "kind"));
  ASSERT_EQ(model.candidates().size(), 2u);
  for (const FraudCandidate& c : model.candidates()) {
    EXPECT_GT(c.figures.auc.auc, 0.7) << c.name;
    EXPECT_LE(c.figures.at_threshold.cost, std::min(c.figures.pass_all, c.figures.review_all)) << c.name;
    EXPECT_EQ(c.figures.rows, 750) << c.name;  // four pieces: one only teaches, one only calibrates
    ASSERT_TRUE(c.figures.cards);
  }
  const test::ScratchFolder scratch;
  model.save(scratch / "m", "# rules\n");
  const FraudModel again = FraudModel::load(scratch / "m");
  EXPECT_EQ(model.to_json(), again.to_json());
  auto scores = model.score(table), repeated = again.score(table);
  model.explain(table, scores);
  again.explain(table, repeated, true);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const FraudScore& s = scores[i];
    std::int64_t sum = s.micro_base;
    for (const FraudReason& reason : s.reasons) sum += reason.micro_points;
    EXPECT_EQ(sum, s.micro_score);
    EXPECT_EQ(s.action == "review", s.probability >= model.threshold());
    EXPECT_EQ(s.probability, repeated[i].probability);
    EXPECT_EQ(s.interval, repeated[i].interval);
  }
  EXPECT_THAT(scores[0].reasons[0].text, HasSubstr("the risk of fraud"));
  EXPECT_THAT(repeated[0].reasons[0].text, HasSubstr("欺诈风险"));
}

TEST(FraudModel, RefusesLeaksAndOneClass) {
  tabular::Table table = transactions(600, 2);
  FraudTraining t = training();
  tabular::Column leak = table.at("noise");
  leak.spec.name = "scenario";
  for (std::size_t i = 0; i < leak.numbers.size(); ++i) leak.numbers[i] = table.at("fraud").codes[i] != 0 ? 1 : 0;
  leak.spec.integer = true;
  table.columns.push_back(leak);
  EXPECT_THAT(test::problem_of([&] { FraudModel::train(table, t); }),
              HasSubstr("the label seems to leak into scenario"));
  t.drop = {"scenario"};
  t.fraud = "perhaps";
  EXPECT_THAT(test::problem_of([&] { FraudModel::train(table, t); }), HasSubstr("two classes are needed"));
  t.fraud = "yes";
  t.drop = {"scenari"};
  EXPECT_THAT(test::problem_of([&] { FraudModel::train(table, t); }), HasSubstr("scenari"));
}

TEST(FraudCosts, FileErrorsNameTheField) {
  EXPECT_EQ(parse_fraud_costs("[cost]\ninvestigation = 3\namount_column = 'a'\n", "c.toml").amount_column, "a");
  const auto problem = [](const char* text) { return test::problem_of([&] { parse_fraud_costs(text, "c.toml"); }); };
  EXPECT_THAT(problem("[cost]\nmised = 3\n"), HasSubstr("mised"));
  EXPECT_THAT(problem("[cost]\nmissed = -3\n"), HasSubstr("missed"));
  EXPECT_THAT(problem("x = 1\n"), HasSubstr("x"));
  EXPECT_THAT(problem(""), HasSubstr("[cost]"));
}

}  // namespace
}  // namespace ballast::risk
