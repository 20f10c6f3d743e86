// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers_offers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "ballast/base/random.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

TEST(Offers, SuitabilityIsNeverViolated) {
  base::Random random(11);
  const std::vector<std::string> tests = {"=", "!=", "<", "<=", ">", ">="};
  for (int round = 0; round < 2000; ++round) {
    std::vector<Offer> offers(4);
    std::vector<double> probabilities;
    for (Offer& offer : offers) {
      offer.value = 200 * random.uniform() - 20;
      offer.cost = 10 * random.uniform();
      for (std::uint64_t r = random.below(3); r > 0; --r) {
        offer.suitability.push_back(
            {random.below(2) == 0 ? "a" : "b", tests[random.below(tests.size())], {std::to_string(random.below(4))}});
      }
      probabilities.push_back(random.uniform());
    }
    std::map<std::string, std::string> cells = {{"a", std::to_string(random.below(4))}};
    if (random.below(2) == 0) cells["b"] = random.below(3) == 0 ? "NA" : std::to_string(random.below(4));
    const auto column = [&](const std::string& name) -> std::optional<std::string> {
      const auto it = cells.find(name);
      return it == cells.end() ? std::optional<std::string>() : it->second;
    };
    double before = 1e9;
    const Recommendations advice = recommend(offers, probabilities, column, round % 3);
    ASSERT_EQ(advice.offers.size() + advice.left_out.size(), offers.size()) << "an offer vanished";
    for (const Recommendation& pick : advice.offers) {
      ASSERT_GT(pick.expected_value, 0);
      ASSERT_LE(pick.expected_value, before);
      before = pick.expected_value;
      for (const SuitabilityRule& rule : offers[pick.offer].suitability) {
        const auto it = cells.find(rule.column);
        ASSERT_TRUE(it != cells.end() && it->second != "NA") << "an unknown value made an offer suitable";
        const int x = std::stoi(it->second), bound = std::stoi(rule.values[0]);
        const std::map<std::string, bool> expected = {{"=", x == bound},  {"!=", x != bound}, {"<", x < bound},
                                                      {"<=", x <= bound}, {">", x > bound},   {">=", x >= bound}};
        ASSERT_TRUE(expected.at(rule.test)) << x << rule.test << bound;
      }
    }
  }
}

TEST(Offers, CatalogueIsReadAndBadOnesAreRefused) {
  const auto offers = parse_offers(
      "[[offer]]\nproduct = \"deposit\"\nvalue = 120\ncost = 4.5\nsuitability = "
      "[{column = \"age\", test = \">=\", value = 18},\n {column = \"job\", test = "
      "\"not in\", value = [\"student\"]}]\n",
      "offers.toml");
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_EQ(offers[0].cost, 4.5);
  std::map<std::string, std::string> cells = {{"age", "30"}, {"job", "student"}};
  const auto column = [&](const std::string& name) { return std::optional(cells[name]); };
  EXPECT_FALSE(suitable(offers[0], column));
  cells["job"] = "clerk";
  EXPECT_TRUE(suitable(offers[0], column));
  cells["age"] = "old";
  EXPECT_FALSE(suitable(offers[0], column));

  const std::string bad =
      "[[offer]]\nproduct = \"loan\"\nvalue = 1\nsuitability = [{column = \"age\", test = \"~\", value = 18}]\n";
  EXPECT_THAT(test::problem_of([&] { parse_offers(bad, "bad.toml"); }),
              testing::HasSubstr("bad.toml:4: test \"~\" is none of =, !=, <, <=, >, >=, in, not in"));
  const std::string typo = "[[offer]]\nproduct = \"loan\"\nvalue = 1\nsuitabilty = []\n";
  EXPECT_THAT(test::problem_of([&] { parse_offers(typo, "typo.toml"); }),
              testing::HasSubstr("unknown key \"suitabilty\""));
  EXPECT_THAT(test::problem_of([&] { parse_offers("[[offers]]\nproduct = \"loan\"\n", "plural.toml"); }),
              testing::HasSubstr("plural.toml: field \"offers\" is unknown (the nearest is offer)"));
  EXPECT_THAT(test::problem_of([&] { parse_offers("[[offer]]\nproduct = \"a\"\nvalue = nan\n", "nan.toml"); }),
              testing::HasSubstr("a needs a value, a number"));
}

TEST(Offers, EveryOfferLeftOutSaysWhy) {
  std::vector<Offer> offers(4);
  offers[0] = {"card", 100, 5, "", {{"age", ">=", {"18"}}}};
  offers[1] = {"loan", 10, 5, "", {}};
  offers[2] = {"fund", 50, 5, "", {}};
  offers[3] = {"home", 900, 5, "", {{"income", ">", {"0"}}}};
  const auto column = [](const std::string& name) {
    return name == "age" ? std::optional<std::string>("17") : std::nullopt;
  };
  // 0.2 · 10 − 5 < 0; 0.5 · 50 − 5 = 20; the best by value are unsuitable, one for what is not known.
  const Recommendations advice = recommend(offers, std::vector<double>{0.9, 0.2, 0.5, 0.9}, column);
  ASSERT_EQ(advice.offers.size(), 1u);
  EXPECT_EQ(advice.offers[0].offer, 2u);
  EXPECT_DOUBLE_EQ(advice.offers[0].expected_value, 20);
  ASSERT_EQ(advice.left_out.size(), 3u);
  EXPECT_EQ(advice.left_out[0].en, "age is 17, and the offer needs age >= 18");
  EXPECT_EQ(advice.left_out[0].zh, "age为17，而该产品要求age >= 18");
  EXPECT_EQ(advice.left_out[1].kind, LeftOutKind::not_worth_it);
  EXPECT_EQ(advice.left_out[2].en, "income is not known, and the offer needs income > 0");

  offers[0].suitability.clear();
  const Recommendations two = recommend(offers, std::vector<double>{0.9, 0.9, 0.5, 0.9}, column, 1);
  ASSERT_EQ(two.offers.size(), 1u);
  EXPECT_EQ(two.offers[0].offer, 0u);
  ASSERT_EQ(two.left_out.size(), 3u);
  EXPECT_EQ(two.left_out[0].kind, LeftOutKind::beyond_the_limit);
  EXPECT_EQ(two.left_out[0].offer, 1u);
}

}  // namespace
}  // namespace ballast::risk
