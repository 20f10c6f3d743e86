// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_surveillance.h"

#include <gmock/gmock.h>

#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::int64_t at(const char* time) {
  return second_number(time, "time");
}

std::vector<std::string> kinds_of(const std::vector<Finding>& findings) {
  std::vector<std::string> kinds;
  for (const Finding& f : findings) kinds.push_back(f.kind);
  return kinds;
}

OrderEvent order(std::int64_t line, const char* time, const char* owner, const char* side, double quantity,
                 double price) {
  return {line, at(time), "t1", owner, "XYZ", side, quantity, price};
}

TEST(Surveillance, OffHoursAndLimits) {
  SurveillanceRules rules;
  rules.order_limit = 1000;
  rules.daily_limit = 1500;
  const std::vector<OrderEvent> orders = {
      order(2, "2026-06-05T10:00:00", "a", "buy", 10, 90),   // Friday
      order(3, "2026-06-05T17:59:59", "b", "buy", 10, 101),  // above the order limit, and the day's
      order(4, "2026-06-05T18:00", "c", "buy", 1, 1),        // too late
      order(5, "2026-06-06T10:00:00", "d", "buy", 1, 1)};    // Saturday
  const auto findings = survey_orders(orders, rules);
  EXPECT_THAT(kinds_of(findings), ElementsAre("daily_limit", "order_limit", "off_hours", "off_hours"));
  EXPECT_THAT(findings[0].lines, ElementsAre(2, 3, 4));
  for (const Finding& f : findings) EXPECT_FALSE(f.measure.empty());
}

TEST(Surveillance, WashLikePatterns) {
  const SurveillanceRules rules;
  const auto found = [&](const OrderEvent& second) {
    return kinds_of(survey_orders(std::vector{order(2, "2026-06-05T10:00:00", "a", "buy", 100, 50), second}, rules))
        .size();
  };
  EXPECT_EQ(found(order(3, "2026-06-05T10:03:00", "a", "sell", 98, 50.1)), 1u);
  EXPECT_EQ(found(order(3, "2026-06-05T10:06:00", "a", "sell", 98, 50.1)), 0u);  // too late
  EXPECT_EQ(found(order(3, "2026-06-05T10:03:00", "b", "sell", 98, 50.1)), 0u);  // another owner
  EXPECT_EQ(found(order(3, "2026-06-05T10:03:00", "a", "buy", 98, 50.1)), 0u);   // the same side
  EXPECT_EQ(found(order(3, "2026-06-05T10:03:00", "a", "sell", 50, 50.1)), 0u);  // half the quantity
  EXPECT_EQ(found(order(3, "2026-06-05T10:03:00", "a", "sell", 98, 51)), 0u);    // another price
}

TEST(Surveillance, ProcessSteps) {
  SurveillanceRules rules = parse_surveillance(
      "[process]\nsteps=['capture','confirm','settle']\nfour_eyes=[['capture','confirm']]\nslowest_hours=24\n",
      "s.toml");
  const auto t = [](int hour) { return at("2026-06-05T00:00:00") + hour * 3600; };
  const std::vector<ProcessStep> steps = {{2, t(1), "A", "capture", "ann"},  {3, t(2), "A", "confirm", "bob"},
                                          {4, t(3), "A", "settle", "sys"},   {5, t(1), "B", "capture", "ann"},
                                          {6, t(2), "B", "confirm", "ann"},  {7, t(30), "B", "settle", "sys"},
                                          {8, t(1), "C", "confirm", "bob"},  {9, t(2), "C", "capture", "ann"},
                                          {10, t(1), "D", "capture", "ann"}, {11, t(2), "D", "settle", "sys"}};
  const auto findings = survey_process(steps, rules);
  EXPECT_THAT(kinds_of(findings), ElementsAre("four_eyes", "slow_process", "step_order", "step_missing"));
  EXPECT_EQ(findings[0].subject, "B");
  EXPECT_EQ(findings[2].subject, "C");
  EXPECT_EQ(findings[3].detail, "settle without confirm");
}

TEST(Surveillance, BadTimesAndFilesAreNamed) {
  EXPECT_EQ(test::problem_of([] { at("2026-06-05T25:00"); }),
            "time: \"2026-06-05T25:00\" is no time YYYY-MM-DDTHH:MM:SS");
  EXPECT_EQ(test::problem_of([] { at("2026-06-05"); }), "time: \"2026-06-05\" is no time YYYY-MM-DDTHH:MM:SS");
  EXPECT_EQ(test::problem_of([] { at("2026-06-31T10:00"); }), "time: \"2026-06-31T10:00\" is no date YYYY-MM-DD");
  EXPECT_THAT(test::problem_of([] { parse_surveillance("[hours]\nopen='8 am'", "s.toml"); }),
              HasSubstr("field \"open\" must be a time like \"08:00\""));
  EXPECT_THAT(test::problem_of([] { parse_surveillance("[process]\nfour_eyes=['a']", "s.toml"); }),
              HasSubstr("field \"four_eyes\" must hold pairs of steps"));
}

}  // namespace
}  // namespace ballast::risk
