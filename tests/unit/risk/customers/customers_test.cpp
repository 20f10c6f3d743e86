// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "tests/support/errors.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

/// 600 customers: the younger and those of region "north" leave more often.
tabular::Table customers() {
  base::Random random(7);
  std::vector<ingest::Record> rows;
  for (int i = 0; i < 600; ++i) {
    ingest::Record row;
    row.source = "customers.csv";
    row.line = i + 2;
    const double age = 20 + std::floor(50 * random.uniform());
    const bool north = random.uniform() < 0.4;
    const double log_odds = 2 - 0.08 * age + (north ? 1.5 : 0);
    const bool left = random.uniform() < 1 / (1 + std::exp(-log_odds));
    row.object = {{"age", age}, {"region", north ? "north" : "south"}, {"left", left ? "yes" : "no"}};
    rows.push_back(row);
  }
  return tabular::infer_table(rows);
}

CustomerTraining training() {
  CustomerTraining t;
  t.label = "left";
  t.positive = "yes";
  return t;
}

std::string written(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(file) << text;
  return file.string();
}

TEST(CustomerModel, ReasonsAddUpAndTheArtefactScoresTheSameBits) {
  const tabular::Table table = customers();
  const CustomerModel model = CustomerModel::train(table, training());
  ASSERT_EQ(model.candidates().size(), 2u);
  for (const auto& c : model.candidates()) EXPECT_GT(c.auc.auc, 0.65) << c.name;
  const auto folder = std::filesystem::path(testing::TempDir()) / "customer_model";
  std::filesystem::remove_all(folder);
  model.save(folder);
  const auto scores = model.score(table), again = CustomerModel::load(folder).score(table);
  ASSERT_EQ(scores.size(), 600u);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    std::int64_t sum = scores[i].micro_base;
    for (const auto& reason : scores[i].reasons) sum += reason.micro_points;
    ASSERT_EQ(sum, scores[i].micro_score);
    ASSERT_NEAR(scores[i].probability, 1 / (1 + std::exp(-static_cast<double>(sum) / 1e6)), 1e-12);
    ASSERT_LE(scores[i].interval[0], scores[i].probability);
    ASSERT_GE(scores[i].interval[1], scores[i].probability);
    ASSERT_EQ(to_json(scores[i]).dump(), to_json(again[i]).dump());
  }
}

TEST(CustomerModel, RefusesWhatItCannotLearnFrom) {
  const tabular::Table table = customers();
  CustomerTraining t = training();
  t.drop = {"duration"};
  EXPECT_THAT(test::problem_of([&] { CustomerModel::train(table, t); }), testing::HasSubstr("duration"));
  t.drop = {"age", "region"};
  EXPECT_THAT(test::problem_of([&] { CustomerModel::train(table, t); }), testing::HasSubstr("no input column is left"));
  EXPECT_THAT(test::problem_of([] { CustomerModel::load("/no/such/folder"); }),
              testing::HasSubstr("holds no customer model"));
}

TEST(Lift, CountsTenthsFromTheTop) {
  std::vector<double> scores;
  std::vector<std::uint8_t> truth;
  for (int i = 0; i < 100; ++i) {
    scores.push_back(i);
    truth.push_back(i >= 80 ? 1 : 0);
  }
  EXPECT_THAT(lift_by_decile(scores, truth), testing::ElementsAre(5, 5, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(test::problem_of([&] { lift_by_decile(scores, std::vector<std::uint8_t>(100, 0)); }),
              testing::HasSubstr("lift needs ten rows and a positive one"));
}

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
    for (const Recommendation& pick : recommend(offers, probabilities, column)) {
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
  const auto offers = read_offers(written("offers.toml",
                                          "[[offer]]\nproduct = \"deposit\"\nvalue = 120\ncost = 4.5\nsuitability = "
                                          "[{column = \"age\", test = \">=\", value = 18},\n {column = \"job\", test = "
                                          "\"not in\", value = [\"student\"]}]\n"));
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_EQ(offers[0].cost, 4.5);
  std::map<std::string, std::string> cells = {{"age", "30"}, {"job", "student"}};
  const auto column = [&](const std::string& name) { return std::optional(cells[name]); };
  EXPECT_FALSE(suitable(offers[0], column));
  cells["job"] = "clerk";
  EXPECT_TRUE(suitable(offers[0], column));
  cells["age"] = "old";
  EXPECT_FALSE(suitable(offers[0], column));

  const std::string bad = written("bad.toml",
                                  "[[offer]]\nproduct = \"loan\"\nvalue = 1\nsuitability = [{column = \"age\", test = "
                                  "\"~\", value = 18}]\n");
  EXPECT_THAT(test::problem_of([&] { read_offers(bad); }),
              testing::HasSubstr("bad.toml:4: test \"~\" is none of =, !=, <, <=, >, >=, in, not in"));
  const std::string typo = written("typo.toml", "[[offer]]\nproduct = \"loan\"\nvalue = 1\nsuitabilty = []\n");
  EXPECT_THAT(test::problem_of([&] { read_offers(typo); }), testing::HasSubstr("unknown key \"suitabilty\""));
}

}  // namespace
}  // namespace ballast::risk
