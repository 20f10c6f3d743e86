// SPDX-License-Identifier: Apache-2.0
// Changes that would have had an application approved, checked by scoring them again.
#include "ballast/decide/counterfactual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "tests/support/scratch.h"

namespace ballast::decide {
namespace {

using ::testing::HasSubstr;

/// Amount, months and savings decide; age is protected.
std::vector<ingest::Record> applicants(int count) {
  base::Random random(4);
  std::vector<ingest::Record> rows;
  for (int i = 0; i < count; ++i) {
    ingest::Record row;
    row.source = "made up";
    row.line = i + 2;
    const auto amount = static_cast<int>(500 + random.below(9500)), months = static_cast<int>(6 + random.below(42));
    const bool saves = random.below(2) == 1;
    const double odds = -2.5 + amount / 2500.0 + months / 24.0 - (saves ? 1.5 : 0);
    row.object = {{"amount", amount},
                  {"months", months},
                  {"savings", saves ? "some" : "none"},
                  {"age", static_cast<int>(20 + random.below(50))},
                  {"label", random.uniform() < 1 / (1 + std::exp(-odds)) ? "bad" : "good"}};
    rows.push_back(std::move(row));
  }
  return rows;
}

class CounterfactualTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    risk::CreditTraining training;
    training.label = "label";
    training.bad = "bad";
    training.protected_columns = {"age"};
    training.cut_off = 0.3;
    model_ = new risk::CreditModel(risk::CreditModel::train(tabular::infer_table(applicants(500)), training));
  }
  static void TearDownTestSuite() { delete model_; }
  void SetUp() override { model_->save(scratch_.path() / "m"); }
  CreditDesk desk() const { return {(scratch_.path() / "m").string(), "", ""}; }
  static ingest::Record applicant(int amount, int months, const char* savings) {
    ingest::Record row;
    row.line = 2;
    row.object = {{"amount", amount}, {"months", months}, {"savings", savings}, {"age", 30}};
    return row;
  }
  static std::vector<ChangeRule> rules() {
    return parse_change_rules(
        "[change.amount]\ndirection=\"down\"\nlimit=500\nstep=100\n[change.months]\ndirection=\"down\"\nlimit=6\nstep="
        "6\n"
        "[change.savings]\nto=[\"some\"]\n",
        "rules");
  }
  static risk::CreditModel* model_;
  test::ScratchFolder scratch_;
};
risk::CreditModel* CounterfactualTest::model_ = nullptr;

TEST_F(CounterfactualTest, EveryWayOutIsOneWhenScored) {
  const CreditDesk d = desk();
  const auto search = find_counterfactuals(d, applicant(6000, 30, "none"), rules());
  EXPECT_FALSE(search.approved);
  ASSERT_FALSE(search.found.empty());
  double last = 0;
  for (const Counterfactual& c : search.found) {
    ingest::Record changed = applicant(6000, 30, "none");
    for (const ColumnChange& change : c.changes) {
      changed.object[change.column] = change.to;
      if (change.column == "savings") continue;
      EXPECT_LT(std::stod(change.to), std::stod(change.from));  // only downwards
    }
    EXPECT_LE(d.run({changed}, risk::ReasonLanguage::en, false, {})[0].score.pd, 0.3);
    EXPECT_EQ(c.changes.size(), search.found[0].changes.size());
    EXPECT_GE(c.effort, last);
    last = c.effort;
  }
}

TEST_F(CounterfactualTest, TheLeastChangeOfOneColumnIsFound) {
  const CreditDesk d = desk();
  const std::vector<ChangeRule> amount = {rules()[0]};
  const auto search = find_counterfactuals(d, applicant(6000, 36, "some"), amount);
  ASSERT_FALSE(search.approved);
  ASSERT_EQ(search.found.size(), 1u);
  const double to = std::stod(search.found[0].changes[0].to);
  ingest::Record nearly = applicant(6000, 36, "some");
  nearly.object["amount"] = to + 100;
  EXPECT_GT(d.run({nearly}, risk::ReasonLanguage::en, false, {})[0].score.pd, 0.3);
}

TEST_F(CounterfactualTest, NothingIsAskedOfWhoIsApproved) {
  const auto search = find_counterfactuals(desk(), applicant(600, 6, "some"), rules());
  EXPECT_TRUE(search.approved);
  EXPECT_TRUE(search.found.empty());
  EXPECT_EQ(search.scored, 0);
}

TEST_F(CounterfactualTest, RulesAreChecked) {
  const auto message = [&](const std::string& toml) {
    try {
      find_counterfactuals(desk(), applicant(6000, 30, "none"), parse_change_rules(toml, "r.toml"));
    } catch (const base::Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(message("[change.age]\ndirection=\"down\"\nlimit=18\nstep=1"), HasSubstr("is protected"));
  EXPECT_THAT(message("[change.amont]\ndirection=\"down\"\nlimit=1\nstep=1"), HasSubstr("\"amount\""));
  EXPECT_THAT(message("[change.amount]\nlimit=1\nstep=1"), HasSubstr("direction"));
  EXPECT_THAT(message("[change.amount]\ndirection=\"down\"\nstep=1"), HasSubstr("no limit"));
  EXPECT_THAT(message("[other]\n"), HasSubstr("other"));
}

TEST_F(CounterfactualTest, SayingItInBothLanguages) {
  const Counterfactual c{{{"amount", "6000", "2500"}, {"savings", "none", "some"}}, 0.5, 0.2345, "approve"};
  EXPECT_EQ(
      describe(c, {}, risk::ReasonLanguage::en),
      "if amount were 2500 instead of 6000 and savings were some instead of none, the outcome would be approve (PD "
      "0.2345)");
  EXPECT_THAT(describe(c, {{"amount", {"the amount", "贷款金额"}}}, risk::ReasonLanguage::zh),
              HasSubstr("如果贷款金额由“6000”改为“2500”，并且"));
}

TEST_F(CounterfactualTest, TheNearestCaseOfATrainingRowIsItself) {
  const std::vector<ingest::Record> cases = applicants(60);
  const auto near = nearest_cases(desk(), cases[7], cases, 3);
  ASSERT_EQ(near.size(), 3u);
  EXPECT_EQ(near[0].line, cases[7].line);
  EXPECT_EQ(near[0].distance, 0);
  EXPECT_EQ(near[0].label, cases[7].text("label"));
  EXPECT_TRUE(near[0].different.empty());
  EXPECT_LE(near[1].distance, near[2].distance);
}

}  // namespace
}  // namespace ballast::decide
