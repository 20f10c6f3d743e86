// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "tests/support/errors.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

/// 600 customers: the younger and those of region "north" leave more often.
std::vector<ingest::Record> customers(int count = 600) {
  base::Random random(7);
  std::vector<ingest::Record> rows;
  for (int i = 0; i < count; ++i) {
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
  return rows;
}

CustomerTraining customer_training() {
  CustomerTraining t;
  t.label = "left";
  t.positive = "yes";
  return t;
}

void expect_sums(const CustomerScore& score) {
  std::int64_t sum = score.micro_base;
  for (const auto& reason : score.reasons) sum += reason.micro_points;
  ASSERT_EQ(sum, score.micro_score);
  ASSERT_NEAR(score.probability, 1 / (1 + std::exp(-static_cast<double>(sum) / 1e6)), 1e-12);
  ASSERT_LE(score.interval[0], score.probability);
  ASSERT_GE(score.interval[1], score.probability);
}

std::filesystem::path fresh_folder(const std::string& name) {
  const auto folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(folder);
  return folder;
}

TEST(CustomerModel, ReasonsAddUpAndTheArtefactScoresTheSameBits) {
  const auto records = customers();
  const CustomerModel model = CustomerModel::train(read_customers(records, {}), customer_training());
  ASSERT_EQ(model.candidates().size(), 2u);
  for (const auto& c : model.candidates()) EXPECT_GT(c.auc.auc, 0.65) << c.name;
  ASSERT_EQ(model.differences().size(), 1u);
  EXPECT_NEAR(model.differences()[0].auc.difference, model.candidates()[1].auc.auc - model.candidates()[0].auc.auc,
              1e-12);
  const auto folder = fresh_folder("customer_model");
  model.save(folder);
  const CustomerModel loaded = CustomerModel::load(folder);
  const auto scores = model.score(model.read(records)), again = loaded.score(loaded.read(records));
  ASSERT_EQ(scores.size(), 600u);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    expect_sums(scores[i]);
    ASSERT_EQ(to_json(scores[i], true).dump(), to_json(again[i], true).dump());
  }
  EXPECT_EQ(base::dump_json(loaded.report()), base::dump_json(model.report()));
}

/// The same customers with what they wrote; `words` are what those who leave say.
std::vector<ingest::Record> with_texts(const std::string& words) {
  auto rows = customers(300);
  base::Random random(5);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool left = rows[i].object["left"] == "yes";
    const char* kTalk[] = {"the branch was closed", "my card arrived", "thank you for the call", "about the app"};
    std::string text = kTalk[random.below(4)];
    if (left == (random.uniform() < 0.9)) text += " " + words;
    rows[i].object["feedback"] = i % 29 == 0 ? "" : text;
  }
  return rows;
}

TEST(CustomerModel, TextsThatTellBringALiftAndTheirWordsAreTheReason) {
  const auto records = with_texts("closing my account for good");
  const std::vector<std::string> texts = {"feedback"};
  OutOfFold judged;
  const CustomerModel model = CustomerModel::train(read_customers(records, texts), customer_training(), {}, &judged);
  ASSERT_EQ(model.candidates().size(), 5u);
  EXPECT_EQ(judged.names.size(), 5u);
  EXPECT_EQ(judged.truth.size(), 300u);
  EXPECT_THAT(model.champion(), testing::HasSubstr("text"));
  const CandidateDifference& lift = model.differences().back();
  EXPECT_GT(lift.auc.low, 0.05) << "the words hardly helped";
  EXPECT_LT(lift.log_loss, -3 * lift.log_loss_error);

  const auto folder = fresh_folder("customer_model_with_text");
  model.save(folder);
  const CustomerModel loaded = CustomerModel::load(folder);
  const auto scores = loaded.score(loaded.read(records)), zh = loaded.score(loaded.read(records), ReasonLanguage::zh);
  std::size_t quoted = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    expect_sums(scores[i]);
    for (const CustomerReason& reason : scores[i].reasons) {
      if (reason.column == "feedback" && reason.micro_points > 0 && reason.value.find("account") != std::string::npos) {
        ++quoted;
        EXPECT_THAT(reason.text, testing::HasSubstr("which raises the probability"));
      }
    }
    EXPECT_EQ(scores[i].micro_score, zh[i].micro_score);
  }
  EXPECT_GT(quoted, 20u);
  EXPECT_THAT(zh[1].reasons[0].text, testing::HasSubstr("概率"));

  std::filesystem::resize_file(folder / "text.1.safetensors", 100);
  EXPECT_THAT(test::problem_of([&] { CustomerModel::load(folder); }),
              testing::HasSubstr("is not the file that the model was saved with"));
}

TEST(CustomerModel, TextsOfNoiseBringNoLift) {
  auto records = customers(400);
  base::Random random(9);
  for (auto& row : records) {
    std::string text;
    for (int w = 0; w < 12; ++w) text += std::string(1, static_cast<char>('a' + random.below(26))) + "o ";
    row.object["feedback"] = text;
  }
  const std::vector<std::string> texts = {"feedback"};
  const CustomerModel model = CustomerModel::train(read_customers(records, texts), customer_training());
  const auto& alone = model.candidates()[2];
  EXPECT_EQ(alone.name, "text");
  // Nested folds: a model that saw its own rows would find the label in the noise.
  EXPECT_NEAR(alone.auc.auc, 0.5, 0.1);
  EXPECT_LT(model.differences().back().auc.low, 0.01);
}

TEST(CustomerModel, ColumnsThatALanguageModelMadeCountAsText) {
  auto records = customers();
  base::Random random(2);
  for (auto& row : records) {
    const bool left = row.object["left"] == "yes";
    row.object["post: sentiment negative"] = (left ? 0.45 : 0.3) + 0.3 * random.uniform();
  }
  CustomerRows rows = read_customers(records, {});
  rows.text_numbers = {"post: sentiment negative"};
  const CustomerModel model = CustomerModel::train(rows, customer_training());
  EXPECT_TRUE(model.reads_text_numbers());
  EXPECT_GT(model.differences().back().auc.low, 0.02);
  rows.text_numbers.clear();
  EXPECT_EQ(CustomerModel::train(rows, customer_training()).candidates().size(), 2u);
}

TEST(CustomerModel, WarnsOfAColumnThatTellsMoreThanAllOthers) {
  auto records = customers();
  base::Random random(4);
  for (auto& row : records) {
    const double left = row.object["left"] == "yes" ? 1 : 0;
    for (const char* weak : {"calls", "visits", "tenure"}) row.object[weak] = 0.7 * left + random.normal();
    row.object["call_seconds"] = 2 * left + random.normal();
  }
  const CustomerModel model = CustomerModel::train(read_customers(records, {}), customer_training());
  ASSERT_FALSE(model.warnings().empty());
  EXPECT_THAT(model.warnings().back().text,
              testing::HasSubstr("call_seconds alone tells the label better than all other columns together"));
  CustomerTraining t = customer_training();
  t.drop = {"call_seconds"};
  const CustomerModel without = CustomerModel::train(read_customers(records, {}), t);
  for (const auto& warning : without.warnings()) EXPECT_NE(warning.kind, "stand_out") << warning.text;
}

TEST(CustomerModel, RefusesWhatItCannotLearnFrom) {
  const CustomerRows rows = read_customers(customers(), {});
  CustomerTraining t = customer_training();
  t.drop = {"duration"};
  EXPECT_THAT(test::problem_of([&] { CustomerModel::train(rows, t); }), testing::HasSubstr("duration"));
  t.drop = {"age", "region"};
  EXPECT_THAT(test::problem_of([&] { CustomerModel::train(rows, t); }), testing::HasSubstr("no input column is left"));
  t = customer_training();
  t.positive = "maybe";
  EXPECT_THAT(test::problem_of([&] { CustomerModel::train(rows, t); }), testing::HasSubstr("two classes are needed"));
  EXPECT_THAT(test::problem_of([&] { CustomerModel::train(read_customers(customers(12), {}), customer_training()); }),
              testing::AnyOf(testing::HasSubstr("too few"), testing::HasSubstr("folds")));
  const std::vector<std::string> texts = {"feedbak"};
  EXPECT_THAT(test::problem_of([&] { read_customers(with_texts("x"), texts); }),
              testing::HasSubstr("the nearest is \"feedback\""));
  EXPECT_THAT(test::problem_of([] { CustomerModel::load("/no/such/folder"); }),
              testing::HasSubstr("holds no customer model"));
}

TEST(CustomerModel, RowsThatCannotBeScoredKeepTheOthersInPlace) {
  const CustomerModel model = CustomerModel::train(read_customers(customers(), {}), customer_training());
  auto few = customers(4);
  few[1].object["age"] = "old";
  few[2].object["age"] = nullptr;
  few[3].object["age"] = -5;
  std::vector<std::string> reasons;
  std::vector<std::size_t> kept;
  const CustomerRows rows = model.read(
      few, [&](const ingest::Quarantined& q) { reasons.push_back(q.column + " " + q.reason); }, &kept);
  EXPECT_THAT(kept, testing::ElementsAre(0u, 3u));
  EXPECT_THAT(reasons,
              testing::ElementsAre("age is not a number: old", "age is missing, and was never missing in training"));
  const auto scores = model.score(rows);
  EXPECT_TRUE(scores[0].outside.empty());
  EXPECT_EQ(scores[1].line, few[3].line);
  EXPECT_THAT(scores[1].outside, testing::ElementsAre("age"));  // nobody is minus five years old
}

}  // namespace
}  // namespace ballast::risk
