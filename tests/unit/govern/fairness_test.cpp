// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/fairness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/random.h"
#include "tests/support/scratch.h"

namespace ballast::govern {
namespace {

using risk::GroupLabels;

/// 100 women of whom 30 are approved, 100 men of whom 60 are; 10 of a third group.
struct Approvals {
  GroupLabels sex{"sex", {"f", "m", "x"}, {}};
  JudgedDecisions decisions;
  Approvals() {
    for (int i = 0; i < 210; ++i) {
      const int g = i < 100 ? 0 : i < 200 ? 1 : 2;
      const int place = i % 100;
      sex.group.push_back(g);
      decisions.pd.push_back(place < (g == 0 ? 30 : 60) ? 0.1 + 0.001 * place : 0.6);
      decisions.bad.push_back(place % 5 == 0 ? 1 : 0);
    }
  }
};

TEST(FairnessTest, RatiosOfGroupsByHand) {
  const Approvals a;
  const auto found = judge_fairness({&a.sex, 1}, a.decisions, 1);
  ASSERT_EQ(found.size(), 1u);
  const GroupFairness& f = found[0].groups[0];
  EXPECT_DOUBLE_EQ(f.selection_rate, 0.3);
  EXPECT_DOUBLE_EQ(*f.ratio, 0.5);
  // Of 80 good women 24 are approved, of 80 good men 48.
  EXPECT_DOUBLE_EQ(*f.opportunity, 0.3);
  EXPECT_DOUBLE_EQ(*f.opportunity_gap, 0.3);
  EXPECT_LT(f.ratio_interval[0], 0.5);
  EXPECT_GT(f.ratio_interval[1], 0.5);
  EXPECT_TRUE(f.auc.has_value());
  EXPECT_FALSE(found[0].groups[2].judged);  // ten rows
}

TEST(FairnessTest, WithoutOutcomesOnlyApprovalsAreJudged) {
  Approvals a;
  a.decisions.bad.clear();
  const GroupFairness f = judge_fairness({&a.sex, 1}, a.decisions, 1)[0].groups[0];
  EXPECT_DOUBLE_EQ(*f.ratio, 0.5);
  EXPECT_FALSE(f.opportunity || f.mean_pd || f.auc);
}

TEST(FairnessTest, IntersectionsCountEveryPairThatIsThere) {
  const GroupLabels sex{"sex", {"f", "m"}, {0, 0, 1}}, age{"age", {"old", "young"}, {1, 0, 1}};
  const GroupLabels both = intersection(sex, age);
  EXPECT_EQ(both.column, "sex × age");
  EXPECT_THAT(both.names, ::testing::ElementsAre("f × old", "f × young", "m × young"));
  EXPECT_THAT(both.group, ::testing::ElementsAre(1, 0, 2));
}

TEST(FairnessTest, ProfilesNameTreatmentAndImpact) {
  test::ScratchFolder scratch;
  const auto file = scratch.path() / "p.toml";
  base::write_file_atomic(file,
                          "name = \"here\"\n[treatment]\nnever_inputs = [\"Gender\"]\n[impact]\nmin_ratio = 0.8\n");
  FairnessProfile profile = read_profile(file);
  const Approvals a;
  const auto found = judge_fairness({&a.sex, 1}, a.decisions, 1);
  const std::vector<std::string> inputs = {"income", "customer_gender", "zone"}, guarded = {"zone"};
  const auto breaches = check_profile(profile, found, inputs, guarded);
  ASSERT_EQ(breaches.size(), 3u);
  EXPECT_EQ(breaches[0].kind, "disparate treatment");
  EXPECT_THAT(breaches[0].text, ::testing::HasSubstr("customer_gender"));
  EXPECT_THAT(breaches[1].text, ::testing::HasSubstr("zone is protected"));
  EXPECT_EQ(breaches[2].kind, "disparate impact");
  profile.only_significant = true;
  profile.min_ratio = 0.55;  // within the interval of 0.5
  EXPECT_EQ(check_profile(profile, found, {}, {}).size(), 0u);
  base::write_file_atomic(file, "[impact]\nmin_ration = 0.8\n");
  EXPECT_THROW(read_profile(file), base::Error);
}

/// `zone` tells the group, `income` the outcome; women are bad more often since their zone is poor.
tabular::Table lending(std::vector<std::uint8_t>& bad, GroupLabels& sex) {
  base::Random random(3);
  tabular::Table table;
  tabular::Column income, zone;
  income.spec = {"income", tabular::ColumnKind::numeric, false, false, {}};
  zone.spec = {"zone", tabular::ColumnKind::numeric, false, false, {}};
  sex = {"sex", {"f", "m"}, {}};
  for (int i = 0; i < 800; ++i) {
    const int g = static_cast<int>(random.below(2));
    const double z = (g == 0 ? 1 : -1) + random.normal(), x = random.normal();
    sex.group.push_back(g);
    zone.numbers.push_back(z);
    income.numbers.push_back(x);
    bad.push_back(random.uniform() < 1 / (1 + std::exp(-(-0.5 - x + 0.8 * z))) ? 1 : 0);
    table.lines.push_back(i + 2);
  }
  table.columns = {income, zone};
  return table;
}

TEST(FairnessTest, ProxiesAreFoundAndNamed) {
  std::vector<std::uint8_t> bad;
  GroupLabels sex;
  const tabular::Table table = lending(bad, sex);
  const auto tests = test_proxies(table, {&sex, 1}, 1);
  ASSERT_EQ(tests.size(), 1u);  // two groups: one test
  EXPECT_GT(tests[0].auc.low, 0.8);
  EXPECT_EQ(tests[0].inputs[0].column, "zone");
  EXPECT_GT(tests[0].inputs[0].share, 0.8);
  const std::vector<std::string> out = {"zone"};
  const auto blind = test_proxies(table.without(out), {&sex, 1}, 1);
  EXPECT_LT(blind[0].auc.low, 0.5);
}

TEST(FairnessTest, ThePenaltyBuysFairnessWithAccuracy) {
  std::vector<std::uint8_t> bad;
  GroupLabels sex;
  const tabular::Table table = lending(bad, sex);
  MitigationOptions options;
  options.penalties = {1, 100};
  const auto curve = mitigation_curve(table, bad, {&sex, 1}, options);
  ASSERT_EQ(curve.size(), 4u);
  EXPECT_LT(curve[0].worst_ratio, 0.7);
  EXPECT_GT(curve[2].worst_ratio, curve[0].worst_ratio);
  EXPECT_GT(curve[3].worst_ratio, 0.85);
  EXPECT_LT(curve[3].auc.auc, curve[0].auc.auc);
}

TEST(FairnessTest, CoverageCountsGroups) {
  std::vector<std::uint8_t> bad = {1, 0, 0, 1};
  const GroupLabels sex{"sex", {"f", "m"}, {0, 0, 0, 1}};
  tabular::Table table;
  tabular::Column income;
  income.spec = {"income", tabular::ColumnKind::numeric, false, true, {}};
  income.numbers = {1, std::nan(""), 3, 4};
  table.columns = {income};
  table.lines = {2, 3, 4, 5};
  const auto coverage = data_coverage(table, bad, {&sex, 1});
  ASSERT_EQ(coverage.size(), 2u);
  EXPECT_EQ(coverage[0].rows, 3);
  EXPECT_DOUBLE_EQ(coverage[0].share, 0.75);
  EXPECT_DOUBLE_EQ(coverage[0].bad_rate, 1.0 / 3);
  EXPECT_DOUBLE_EQ(coverage[0].missing, 1.0 / 3);
  EXPECT_FALSE(coverage[0].enough);
}

}  // namespace
}  // namespace ballast::govern
