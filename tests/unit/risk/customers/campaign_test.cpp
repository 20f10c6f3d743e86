// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers_campaign.h"

#include <gtest/gtest.h>

#include "ballast/base/random.h"

namespace ballast::risk {
namespace {

TEST(Campaign, CountsByHand) {
  // Ten customers, an acceptance earns 100, an offer costs 20: it pays from p > 0.2.
  const CampaignData data = {{1, 1, 0, 0, 1, 0, 0, 0, 0, 0}, {1, 0, 1, 1, 1, 1, 1, 1, 1, 0}, 100, 20};
  const std::vector<Ranking> rankings = {{"model", {0.9, 0.8, 0.7, 0.2, 0.6, 0.1, 0.1, 0.1, 0.1, 0.05}}};
  const Campaign campaign = run_campaign(data, rankings, {.replicates = 200});
  ASSERT_EQ(campaign.policies.size(), 4u);
  const CampaignOutcome& everybody = campaign.policies[0];
  EXPECT_EQ(everybody.contacts, 8);
  EXPECT_EQ(everybody.accepted, 2);
  EXPECT_DOUBLE_EQ(everybody.value.estimate, 2 * 100 - 8 * 20);
  const CampaignOutcome& model = campaign.policies[1];
  EXPECT_EQ(model.contacts, 3);  // 0.9, 0.7, 0.6; 0.8 does not suit and 0.2 just does not pay
  EXPECT_EQ(model.accepted, 2);
  EXPECT_EQ(model.violations, 0);
  EXPECT_DOUBLE_EQ(model.value.estimate, 2 * 100 - 3 * 20);
  const CampaignOutcome& without = campaign.policies[3];
  EXPECT_FALSE(without.rules);
  EXPECT_EQ(without.violations, 1);
  EXPECT_DOUBLE_EQ(without.value.estimate, 3 * 100 - 4 * 20);
  // The best fifth: 0.9 and 0.7 with the rules, 0.9 and 0.8 without.
  const auto& fifth = campaign.frontier[1].outcomes;
  EXPECT_EQ(fifth[1].accepted, 1);
  EXPECT_EQ(fifth[3].accepted, 2);
  EXPECT_DOUBLE_EQ(campaign.frontier[9].outcomes[3].value.estimate, 3 * 100 - 10 * 20);
}

TEST(Campaign, RulesAreNeverBrokenWhereTheyHold) {
  base::Random random(17);
  for (int round = 0; round < 50; ++round) {
    CampaignData data{{}, {}, 50 * random.uniform(), 5 * random.uniform()};
    Ranking ranking{"model", {}};
    for (int i = 0; i < 200; ++i) {
      data.accepted.push_back(static_cast<std::uint8_t>(random.below(2)));
      data.suits.push_back(static_cast<std::uint8_t>(random.below(2)));
      ranking.probabilities.push_back(random.uniform());
    }
    const Campaign campaign = run_campaign(data, {&ranking, 1}, {.replicates = 20});
    for (const CampaignOutcome& o : campaign.policies) EXPECT_TRUE(!o.rules || o.violations == 0);
    for (const FrontierPoint& point : campaign.frontier) {
      for (const CampaignOutcome& o : point.outcomes) {
        EXPECT_TRUE(!o.rules || o.violations == 0);
        EXPECT_LE(o.contacts, static_cast<std::int64_t>(200 * point.share + 0.5));
        EXPECT_LE(o.value.low, o.value.high);
      }
    }
  }
}

TEST(Campaign, TheIntervalIsTheBinomialOne) {
  // 1,000 contacts, 200 accept, 10 each and no cost: the standard error is 10 · sqrt(1000 · 0.2 · 0.8) = 126.5.
  CampaignData data{std::vector<std::uint8_t>(1000, 0), std::vector<std::uint8_t>(1000, 1), 10, 0};
  std::fill_n(data.accepted.begin(), 200, std::uint8_t{1});
  const Campaign campaign = run_campaign(data, {}, {.replicates = 2000});
  EXPECT_NEAR(campaign.policies[0].value.low, 2000 - 1.96 * 126.5, 25);
  EXPECT_NEAR(campaign.policies[0].value.high, 2000 + 1.96 * 126.5, 25);
}

}  // namespace
}  // namespace ballast::risk
