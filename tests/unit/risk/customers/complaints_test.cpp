// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers_complaints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast::risk {
namespace {

std::vector<std::string> codes(const ComplaintUrgency& urgency) {
  std::vector<std::string> out;
  for (const auto& reason : urgency.reasons) out.push_back(reason.code);
  return out;
}

TEST(Complaints, PointsAddUpAndQuoteTheText) {
  const std::string text = "I have called  Multiple\nTimes. I\u2019m disabled, and my attorney is ready.";
  const ComplaintUrgency urgency = complaint_urgency(text);
  EXPECT_THAT(codes(urgency), testing::ElementsAre("legal_threat", "vulnerable", "repeated_contact"));
  EXPECT_EQ(urgency.points, 8);
  EXPECT_EQ(urgency.level, Urgency::urgent);
  EXPECT_EQ(urgency.reasons[2].quote, "Multiple\nTimes");
  for (const UrgencyReason& reason : urgency.reasons) {
    EXPECT_EQ(text.substr(reason.start, reason.end - reason.start), reason.quote);
  }
}

TEST(Complaints, WholeWordsOnly) {
  EXPECT_EQ(complaint_urgency("The issue is the repressed hospitality of the bbbq.").points, 0);
  EXPECT_THAT(codes(complaint_urgency("They foreclosed on us.")), testing::ElementsAre("livelihood"));
  EXPECT_THAT(codes(complaint_urgency("identity   theft")), testing::ElementsAre("money_taken"));
  EXPECT_EQ(complaint_urgency("").level, Urgency::routine);
}

TEST(Complaints, Chinese) {
  const ComplaintUrgency urgency = complaint_urgency("我母亲是老人，银行卡被盗刷，多次致电无人回复，我会起诉。");
  EXPECT_THAT(codes(urgency), testing::ElementsAre("legal_threat", "vulnerable", "money_taken", "repeated_contact"));
  EXPECT_EQ(urgency.reasons[2].quote, "被盗刷");
  EXPECT_EQ(to_json(urgency, true)["reasons"][1]["text"], "客户可能属于弱势群体");
  EXPECT_EQ(complaint_urgency("请问信用卡年费多少？").level, Urgency::routine);
}

TEST(Complaints, SeverityIsItsMeanRounded) {
  // 0.1 · 1 + 0.2 · 2 + 0.7 · 3 = 2.6, so three points; 0.49 gives none.
  const ComplaintUrgency severe = complaint_urgency("ok", std::vector<double>{0, 0.1, 0.2, 0.7});
  EXPECT_EQ(severe.points, 3);
  EXPECT_EQ(severe.level, Urgency::soon);
  EXPECT_EQ(complaint_urgency("ok", std::vector<double>{0.51, 0.49, 0, 0}).points, 0);
}

}  // namespace
}  // namespace ballast::risk
