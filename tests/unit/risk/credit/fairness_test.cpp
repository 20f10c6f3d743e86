// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/credit_fairness.h"

#include <gtest/gtest.h>

namespace ballast::risk {
namespace {

/// Group a: 60 rows, PDs 0.1 (40, of which 4 bad) and 0.3 (20, 6 bad). Group b: 40 rows, 0.1 (16, 2 bad), 0.3 (24, 8
/// bad). Group c: 5 rows at 0.3.
struct Table {
  GroupLabels groups{"g", {"a", "b", "c"}, {}};
  std::vector<double> pd;
  std::vector<std::uint8_t> bad;
  Table() { add(0, 0.1, 40, 4), add(0, 0.3, 20, 6), add(1, 0.1, 16, 2), add(1, 0.3, 24, 8), add(2, 0.3, 5, 1); }
  void add(int group, double p, int rows, int bads) {
    for (int i = 0; i < rows; ++i) groups.group.push_back(group), pd.push_back(p), bad.push_back(i < bads ? 1 : 0);
  }
};

TEST(Fairness, RatesAreThoseOfTheHandComputedTable) {
  const Table t;
  const FairnessAudit audit = audit_fairness(t.groups, t.pd, t.bad, 0.2);
  const auto& at = audit.thresholds[0].groups;
  EXPECT_NEAR(at[0].approval_rate, 40.0 / 60, 1e-12);
  EXPECT_NEAR(at[1].approval_rate, 16.0 / 40, 1e-12);
  EXPECT_NEAR(at[1].adverse_impact, 0.6, 1e-12);
  EXPECT_NEAR(at[0].opportunity, 36.0 / 50, 1e-12);
  EXPECT_NEAR(at[1].opportunity_gap, 36.0 / 50 - 14.0 / 30, 1e-12);
  EXPECT_FALSE(at[2].judged);
  EXPECT_NEAR(audit.calibration[1].mean_pd, (16 * 0.1 + 24 * 0.3) / 40, 1e-12);
  EXPECT_NEAR(audit.calibration[1].observed, 0.25, 1e-12);
  EXPECT_GT(audit.calibration[1].p_value, 0.5);
  EXPECT_EQ(FairnessAudit::from_json(audit.to_json(), "a").to_json(), audit.to_json());
}

TEST(Fairness, BreachesSayGroupAndAmountAndSpareSmallGroups) {
  const Table t;
  const std::vector<FairnessAudit> audits = {audit_fairness(t.groups, t.pd, t.bad, 0.2)};
  const auto found = breaches(audits, {0.8, 0.2});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(describe(found[0]), "adverse impact ratio of g \"b\" is 0.600, below the limit 0.800 by 0.200");
  EXPECT_EQ(describe(found[1]), "equal-opportunity gap of g \"b\" is 0.253, above the limit 0.200 by 0.053");
}

TEST(Fairness, ReweighingMakesGroupAndOutcomeIndependent) {
  const Table t;
  const std::vector<GroupLabels> columns = {t.groups};
  const auto w = reweighing(columns, t.bad);
  double rate[3] = {}, all[3] = {};
  for (std::size_t i = 0; i < w.size(); ++i) {
    const auto g = static_cast<std::size_t>(t.groups.group[i]);
    all[g] += w[i];
    rate[g] += t.bad[i] * w[i];
  }
  for (int g = 0; g < 3; ++g) EXPECT_NEAR(rate[g] / all[g], 21.0 / 105, 1e-12);
}

TEST(Fairness, TheFairThresholdTreatsEverybodyAlikeAndKeepsTheLimit) {
  const Table t;
  const std::vector<GroupLabels> columns = {t.groups};
  const auto threshold = fair_threshold(columns, t.pd, t.bad, {0.8, 1});
  ASSERT_TRUE(threshold);  // everybody is approved
  EXPECT_NEAR(*threshold, 0.3, 1e-12);
}

TEST(Groups, AreLevelsFewValuesOrBands) {
  tabular::Column age, sex;
  age.spec = {"age_years", tabular::ColumnKind::numeric, true, true, {}};
  for (int i = 0; i < 8; ++i) age.numbers.push_back(20 + 7 * i);
  age.numbers.push_back(std::numeric_limits<double>::quiet_NaN());
  const auto bands = groups_of(age);
  EXPECT_EQ(bands.names,
            (std::vector<std::string>{"(missing)", "25 to under 40", "40 to under 60", "from 60", "under 25"}));
  sex.spec = {"x2", tabular::ColumnKind::numeric, true, false, {}};
  sex.numbers = {1, 2, 1};
  EXPECT_EQ(groups_of(sex).names, (std::vector<std::string>{"1", "2"}));
}

}  // namespace
}  // namespace ballast::risk
