// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/risk/credit.h"
#include "tests/support/scratch.h"
#include "tests/support/shared.h"
#include "tests/unit/tabular/synthetic.h"

namespace ballast::risk {
namespace {

/// The synthetic applications with a label, and a sex that moves the outcome.
tabular::Table applications(std::int64_t rows, std::uint64_t seed) {
  auto data = test::synthetic(rows, seed);
  base::Random random(seed, 9);
  tabular::Column sex, label;
  sex.spec = {"sex", tabular::ColumnKind::categorical, false, false, {"f", "m"}};
  label.spec = {"label", tabular::ColumnKind::categorical, false, false, {"bad", "good"}};
  for (std::size_t i = 0; i < data.truth.size(); ++i) {
    const bool bad = data.truth[i] != 0;
    sex.codes.push_back(random.uniform() < (bad ? 0.7 : 0.3) ? 0 : 1);
    label.codes.push_back(bad ? 0 : 1);
  }
  data.table.columns.push_back(sex);
  data.table.columns.push_back(label);
  return data.table;
}

CreditTraining training() {
  CreditTraining t;
  t.label = "label", t.bad = "bad", t.protected_columns = {"sex"};
  t.words["income"] = {"the monthly income", "月收入"};
  return t;
}

class Credit : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = new CreditModel(CreditModel::train(applications(700, 31), training())); }
  static void TearDownTestSuite() { delete model_; }
  static CreditModel* model_;
};
CreditModel* Credit::model_ = nullptr;

TEST_F(Credit, BasePlusAllPointsIsTheScoreAndThePdFollows) {
  for (const CreditScore& s : model_->score(applications(200, 32))) {
    std::int64_t sum = s.micro_base;
    for (const CreditReason& r : s.reasons) sum += r.micro_points;
    EXPECT_EQ(sum, s.micro_score);
    EXPECT_DOUBLE_EQ(s.pd, 1 / (1 + std::exp(-static_cast<double>(s.micro_score) / 1e6)));
    EXPECT_LE(s.interval[0], s.pd);
    EXPECT_GE(s.interval[1], s.pd);
    EXPECT_TRUE(std::is_sorted(s.reasons.begin(), s.reasons.end(),
                               [](const auto& a, const auto& b) { return a.micro_points > b.micro_points; }));
  }
}

TEST_F(Credit, ProtectedColumnsAreNotInputsButAudited) {
  EXPECT_EQ(model_->schema().find("sex"), nullptr);
  EXPECT_EQ(model_->schema().find("label"), nullptr);
  ASSERT_EQ(model_->fairness().size(), 1u);
  EXPECT_EQ(model_->fairness()[0].thresholds[0].groups.size(), 2u);
  EXPECT_EQ(model_->fairness()[0].thresholds.size(), 20u);
}

TEST_F(Credit, ShowsAtMostFourAdverseReasonsInBothLanguages) {
  const auto table = applications(30, 33);
  const auto en = model_->score(table), zh = model_->score(table, ReasonLanguage::zh);
  bool said = false;
  for (std::size_t i = 0; i < en.size(); ++i) {
    const base::Json json = to_json(en[i], false);
    EXPECT_LE(json["reasons"].size(), 4u);
    for (const auto& r : json["reasons"]) EXPECT_GT(r["points"].get<double>(), 0);
    EXPECT_EQ(to_json(en[i], true)["reasons"].size(), 4u);  // every input
    for (const CreditReason& r : zh[i].reasons) {
      if (r.code != "income" || r.micro_points <= 0) continue;
      EXPECT_NE(r.text.find("月收入为"), std::string::npos);
      EXPECT_NE(r.text.find("提高了违约风险"), std::string::npos);
      said = true;
    }
  }
  EXPECT_TRUE(said);
}

TEST_F(Credit, ReadBackItScoresTheSame) {
  test::ScratchFolder scratch;
  model_->save(scratch / "m");
  const CreditModel again = CreditModel::load(scratch / "m");
  EXPECT_EQ(again.to_json(), model_->to_json());
  const auto table = applications(40, 34);
  const auto all = model_->score(table);
  const auto one = again.score(table.take(std::vector<std::int64_t>{17}));
  EXPECT_EQ(to_json(one[0], true), to_json(all[17], true));
  EXPECT_NE(base::read_file(scratch / "m/scorecard.sql").find("SELECT"), std::string::npos);
  EXPECT_NE(base::read_file(scratch / "m/README.md").find("Champion"), std::string::npos);
}

TEST_F(Credit, TheChampionHasTheLeastLossOrIsTheSimplestNearIt) {
  const auto& all = model_->candidates();
  ASSERT_EQ(all.size(), 4u);
  for (const CreditCandidate& c : all) {
    EXPECT_GT(c.auc.auc, 0.7) << c.name;
    EXPECT_GE(c.loss_difference, 0) << c.name;
  }
  CreditTraining t = training();
  t.prefer_simple = true;
  const CreditModel simple = CreditModel::train(applications(700, 31), t);
  const auto best =
      std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.log_loss < b.log_loss; });
  for (const CreditCandidate& c : simple.candidates()) {
    if (c.name == simple.champion()) break;  // simpler ones are farther off than one error
    EXPECT_GT(c.log_loss, best->log_loss) << c.name;
  }
}

TEST(CreditTraining, RefusesALeakAndSaysWhere) {
  auto table = applications(400, 35);
  tabular::Column leak = table.columns[0];
  leak.spec.name = "written_off";
  for (std::size_t i = 0; i < leak.numbers.size(); ++i) leak.numbers[i] = 3.0 * table.columns.back().codes[i];
  table.columns.push_back(leak);
  try {
    CreditModel::train(table, training());
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_NE(e.problem().find("the label seems to leak into written_off"), std::string::npos) << e.what();
  }
}

TEST(Promotion, IsRefusedWithGroupAndAmount) {
  CreditTraining t = training();
  t.fairness = FairnessLimit{0.95, 1};
  // The columns carry the sex here: income is shifted by it.
  auto table = applications(700, 36);
  for (std::size_t i = 0; i < table.columns[0].numbers.size(); ++i) {
    if (table.at("sex").codes[i] == 0) table.columns[0].numbers[i] -= 1;
  }
  const CreditModel model = CreditModel::train(table, t);
  try {
    check_promotion(model);
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(base::exit_code(e.code()), 2);
    EXPECT_NE(e.problem().find("adverse impact ratio of sex \"f\" is 0."), std::string::npos) << e.what();
    EXPECT_NE(e.problem().find("below the limit 0.950 by 0."), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace ballast::risk
