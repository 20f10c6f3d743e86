// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_cases.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

store::CaseRecord record() {
  return {"c1", "fraud", "card 7", "2026-01-01T00:00:00Z", {{1, "open", "ann", "odd", "2026-01-01T00:00:00Z"}}};
}

TEST(Cases, StateFollowsTheSteps) {
  store::CaseRecord r = record();
  EXPECT_TRUE(case_state(r).open);
  EXPECT_EQ(case_state(r).assignee, "");
  r.events.push_back({2, "assign", "ann", "bob", "2026-01-02T00:00:00Z"});
  r.events.push_back({3, "close", "bob", "nothing", "2026-01-03T00:00:00Z"});
  EXPECT_FALSE(case_state(r).open);
  EXPECT_EQ(case_state(r).assignee, "bob");
  r.events.push_back({4, "reopen", "ann", "new", "2026-01-04T00:00:00Z"});
  EXPECT_TRUE(case_state(r).open);
  EXPECT_EQ(to_json(r)["status"], "open");
  EXPECT_EQ(to_json(r)["events"].size(), 4u);
}

TEST(Cases, ImpossibleStepsAreNamed) {
  store::CaseRecord r = record();
  EXPECT_EQ(test::problem_of([&] { check_case_step(r, "reopen"); }), "case c1: is open already");
  for (const char* step : {"assign", "annotate", "close"}) check_case_step(r, step);
  r.events.push_back({2, "close", "bob", "nothing", "2026-01-03T10:00:00Z"});
  for (const char* step : {"assign", "annotate", "close"}) {
    EXPECT_EQ(test::problem_of([&] { check_case_step(r, step); }),
              "case c1: was closed by bob on 2026-01-03 (reopen it first)");
  }
  check_case_step(r, "reopen");
}

TEST(Cases, TheSameFindingHasTheSameCase) {
  EXPECT_EQ(case_id("a", "b", "c"), case_id("a", "b", "c"));
  EXPECT_NE(case_id("a", "b", "c"), case_id("a", "bc", ""));
  EXPECT_EQ(case_id("a", "b", "c").size(), 12u);
}

}  // namespace
}  // namespace ballast::risk
