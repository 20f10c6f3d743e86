// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/boosted.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"

namespace ballast::tabular {
namespace {

/// More rows than a task scores at a time, some values missing.
struct BoostedScores : ::testing::Test {
  Matrix features{2500, 4, {}};
  std::vector<std::uint8_t> truth;
  BoostedParameters parameters;

  void SetUp() override {
    base::Random random(7);
    for (std::int64_t i = 0; i < features.rows; ++i) {
      for (std::int64_t j = 0; j < features.cols; ++j) {
        features.values.push_back(random.below(20) == 0 ? std::numeric_limits<double>::quiet_NaN() : random.normal());
      }
      truth.push_back(features.row(i)[0] + random.normal() > 0 ? 1 : 0);
    }
    parameters.rounds = 20;
    parameters.bags = 3;
  }
  void TearDown() override { base::set_threads(0); }
};

TEST_F(BoostedScores, ARowsScoreIsTheSumOfItsContributions) {
  const BoostedTrees trees = BoostedTrees::fit(features, truth, {}, parameters);
  const std::vector<double> scores = trees.scores(features);
  const Matrix parts = trees.contributions(features);
  for (std::int64_t i = 0; i < features.rows; ++i) {
    double sum = 0;
    for (const double part : parts.row(i)) sum += part;
    ASSERT_NEAR(scores[static_cast<std::size_t>(i)], sum, 1e-5) << i;
  }
}

TEST_F(BoostedScores, ARowsScoreIsTheSameAloneAndOnAnyNumberOfThreads) {
  const BoostedTrees trees = BoostedTrees::fit(features, truth, {}, parameters);
  base::set_threads(1);
  const std::vector<double> scores = trees.scores(features);
  base::set_threads(3);
  EXPECT_EQ(trees.scores(features), scores);
  for (const std::int64_t i : {0, 1023, 1024, 2048, 2499}) {
    EXPECT_EQ(trees.scores(features.take(std::vector<std::int64_t>{i})).front(), scores[static_cast<std::size_t>(i)])
        << i;
  }
  EXPECT_TRUE(trees.scores({0, features.cols, {}}).empty());
}

TEST_F(BoostedScores, ATreeThatAsksForWhatIsNotThereIsRefused) {
  parameters.bags = 1;
  const BoostedTrees trees = BoostedTrees::fit(features, truth, {}, parameters);
  const base::Json sound = trees.to_json();
  EXPECT_EQ(BoostedTrees::from_json(sound, "m").scores(features), trees.scores(features));
  const auto expect_refused = [&](const char* field, const base::Json& numbers) {
    base::Json broken = sound;
    base::Json& booster = broken["xgboost"].is_array() ? broken["xgboost"][0] : broken["xgboost"];
    booster["learner"]["gradient_booster"]["model"]["trees"][3][field] = numbers;
    try {
      BoostedTrees::from_json(broken, "model.json");
      ADD_FAILURE() << field;
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), base::ErrorCode::bad_input) << field;
      EXPECT_NE(std::string(e.what()).find("model.json"), std::string::npos) << e.what();
    }
  };
  const base::Json& one = sound["xgboost"].is_array() ? sound["xgboost"][0] : sound["xgboost"];
  const base::Json tree = one["learner"]["gradient_booster"]["model"]["trees"][3];
  const std::pair<const char*, int> faults[] = {{"split_indices", 4},
                                                {"split_indices", -1},
                                                {"left_children", 9999},
                                                {"left_children", 3},
                                                {"right_children", 0}};
  for (const auto& [field, value] : faults) {
    base::Json numbers = tree[field];
    numbers[0] = value;
    expect_refused(field, numbers);
  }
  for (const char* field : {"left_children", "right_children", "split_indices"}) {
    expect_refused(field, base::Json::array());
  }
}

}  // namespace
}  // namespace ballast::tabular
