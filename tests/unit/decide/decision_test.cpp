// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ballast::decide {
namespace {

Decision sample() {
  Decision d;
  d.kind = "credit";
  d.subject = "applicant 7";
  d.inputs = {{"income", 0.1 + 0.2}, {"age", 41}, {"名", "甲"}};
  d.model = "runs/pd";
  d.model_hash = "ab12";
  d.policy_hash = "cd34";
  d.build = "0.1.0";
  d.isa = "avx2";
  d.outcome = {{"verdict", "refer"}, {"amount", "1200.00"}};
  d.probability = 1.0 / 3.0;
  d.interval = {{0.1, 0.7}};
  d.reasons = {{"income", "income is low", -0.4}, {"age", "", 0.1}};
  d.cost = {0.25, 12, 1 << 20};
  return d;
}

TEST(Decision, CanonicalJsonDoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(canonical_json(base::Json{{"b", 1}, {"a", {{"d", 0.1}, {"c", nullptr}}}}),
            R"({"a":{"c":null,"d":0.1},"b":1})");
}

TEST(Decision, SameQuestionHasTheSameIdAndOtherInputsAnother) {
  Decision a = sample(), b = sample(), c = sample();
  b.inputs = {{"名", "甲"}, {"age", 41}, {"income", 0.1 + 0.2}};
  b.created_at = "2001-01-01T00:00:00Z";
  c.inputs["age"] = 42;
  seal(a);
  seal(b);
  seal(c);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.id.size(), 16u);
  EXPECT_NE(a.id, c.id);
  EXPECT_NE(a.inputs_hash, c.inputs_hash);
}

TEST(Decision, IsKeptOnceAndComesBackBitForBit) {
  store::Store store = store::Store::open("sqlite::memory:");
  std::vector<Decision> decisions = {sample()};
  keep(store, decisions);
  keep(store, decisions);
  EXPECT_EQ(store.decisions("credit", 10).size(), 1u);
  EXPECT_TRUE(store.decisions("trade", 10).empty());
  const auto back = find(store, decisions[0].id);
  ASSERT_TRUE(back);
  EXPECT_TRUE(differences(decisions[0], *back).empty());
  EXPECT_EQ(decision_json(*back).dump(), decision_json([&] {
                                           Decision d = decisions[0];
                                           d.inputs = base::parse_json(canonical_json(d.inputs), "inputs");
                                           return d;
                                         }())
                                             .dump());
  EXPECT_FALSE(find(store, "0000000000000000"));
}

TEST(Decision, DifferencesNameTheFieldAndSeeTheLastBit) {
  Decision a = sample(), b = sample();
  b.probability = std::nextafter(*a.probability, 1.0);
  b.reasons[0].contribution = -0.5;
  b.cost.seconds = 9;
  const auto found = differences(a, b);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].field, "probability");
  EXPECT_EQ(found[0].was, "0.3333333333333333");
  EXPECT_EQ(found[0].now, "0.33333333333333337");
  EXPECT_EQ(found[1].field, "reasons");
}

}  // namespace
}  // namespace ballast::decide
