// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

const std::vector<std::string_view> kTexts = {
    "profit rises sharply", "loss widens again", "shares rise on profit", "bank reports heavy loss",
    "净利润大幅增长",       "公司债券违约",      "利润同比增长",          "贷款违约风险上升"};

NgramModel small_model(std::int64_t max_features = 0) {
  LinearTask sentiment{LinearLoss::softmax, 2, {}, false}, kinds{LinearLoss::multilabel, 3, {}, true};
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const std::int8_t bad = i % 2;
    sentiment.targets.insert(sentiment.targets.end(), {static_cast<std::int8_t>(1 - bad), bad});
    kinds.targets.insert(kinds.targets.end(),
                         {bad, static_cast<std::int8_t>(i >= 4), static_cast<std::int8_t>(i == 5)});
  }
  const std::vector<LinearTask> tasks = {sentiment, kinds};
  NgramTrainOptions options;
  options.max_features = max_features;
  options.linear.c_grid = {16};
  return NgramModel::train(kTexts, tasks, options);
}

TEST(NgramModel, LearnsAndKeepsTasksApart) {
  const auto model = small_model();
  EXPECT_EQ(model.outputs(), 5);
  const auto up = model.scores("profit rises"), down = model.scores("债券违约");
  EXPECT_GT(up[0], up[1]);
  EXPECT_LT(down[0], down[1]);
  EXPECT_GT(down[2], 0);  // bad
  EXPECT_GT(down[3], 0);  // Chinese
  EXPECT_LT(up[3], 0);
}

TEST(NgramModel, ContributionsAddUpToTheScore) {
  const auto model = small_model();
  for (const std::string_view text : {"Profit  rises, loss loss", "公司 违约 loss", "", "zzz", "\xff loss"}) {
    const auto scores = model.scores(text);
    for (int o = 0; o < model.outputs(); ++o) {
      double sum = static_cast<double>(model.bias()[static_cast<std::size_t>(o)]);
      for (const auto& c : model.contributions(text, o)) {
        EXPECT_LT(c.begin, c.end);
        EXPECT_LE(c.end, text.size());
        sum += c.weight;
      }
      EXPECT_NEAR(sum, scores[static_cast<std::size_t>(o)], 1e-6);
    }
  }
}

TEST(NgramModel, ATextsScoresDoNotDependOnItsNeighbours) {
  const auto model = small_model();
  base::set_threads(3);
  const auto all = model.scores(kTexts);
  base::set_threads(0);
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const auto one = model.scores(kTexts[i]);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(5 * i)));
  }
}

TEST(NgramModel, WhatIsSavedIsLoaded) {
  const test::ScratchFolder scratch;
  const auto model = small_model();
  model.save(scratch / "ngram.safetensors");
  const auto again = NgramModel::load(scratch / "ngram.safetensors");
  EXPECT_EQ(again.scores(kTexts), model.scores(kTexts));
  model.save(scratch / "small.safetensors", DType::bf16);
  const auto rounded = NgramModel::load(scratch / "small.safetensors");
  EXPECT_NEAR(rounded.scores(kTexts[5])[2], model.scores(kTexts[5])[2], 0.02);
}

TEST(NgramModel, KeepsTheStrongestFeatures) {
  const auto model = small_model(20);
  EXPECT_EQ(model.features().size(), 20u);
  EXPECT_GT(model.scores("债券违约")[1], model.scores("债券违约")[0]);
}

TEST(NgramModel, RefusesFilesThatAreNotIts) {
  const test::ScratchFolder scratch;
  const auto problem = [&](const std::vector<TensorToWrite>& tensors,
                           const std::map<std::string, std::string>& metadata) {
    write_safetensors(scratch / "x", tensors, metadata);
    try {
      NgramModel::load(scratch / "x");
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), base::ErrorCode::bad_input);
      return e.problem();
    }
    return std::string("no error");
  };
  const std::string settings =
      R"({"version":1,"word_max":2,"char_min":2,"char_max":5,"word_min_df":1,"char_min_df":2})";
  const std::vector<float> two = {1, 1}, one = {1}, nan = {std::nanf(""), 1};
  const std::vector<std::int32_t> keys = {5, 3};
  const auto key = TensorToWrite::bytes("ngram.key", {2}, DType::i32, std::as_bytes(std::span(keys)));
  const auto weight = TensorToWrite::floats("ngram.weight", {2, 1}, two),
             bias = TensorToWrite::floats("ngram.bias", {1}, one);
  EXPECT_EQ(problem({}, {{"format", "pt"}}), "the metadata has no \"ngram\" settings");
  EXPECT_EQ(problem({}, {{"ngram", R"({"version":9})"}}), "n-gram model of version 9");
  EXPECT_EQ(problem({}, {{"ngram", settings}}), "tensor \"ngram.weight\" is missing");
  EXPECT_EQ(problem({key, weight, bias, TensorToWrite::floats("ngram.idf", {1}, one)}, {{"ngram", settings}}),
            "tensor \"ngram.idf\" has shape [1]");
  EXPECT_EQ(problem({key, weight, bias, TensorToWrite::floats("ngram.idf", {2}, nan)}, {{"ngram", settings}}),
            "tensor \"ngram.idf\" holds NaN at index 0");
  EXPECT_EQ(problem({key, weight, bias, TensorToWrite::floats("ngram.idf", {2}, two)}, {{"ngram", settings}}),
            "tensor \"ngram.key\" is not in rising order at index 1");
}

TEST(NgramModel, EightBitWeightsKeepScoresAndFileSmall) {
  const test::ScratchFolder scratch;
  const auto model = small_model();
  model.save(scratch.path() / "wide.safetensors", DType::bf16);
  model.save(scratch.path() / "narrow.safetensors", DType::i8);
  const auto back = NgramModel::load(scratch.path() / "narrow.safetensors");
  for (const auto text : kTexts) {
    const auto a = model.scores(text), b = back.scores(text);
    for (std::size_t o = 0; o < a.size(); ++o) EXPECT_NEAR(a[o], b[o], 0.1) << text;
  }
  EXPECT_LT(std::filesystem::file_size(scratch.path() / "narrow.safetensors"),
            std::filesystem::file_size(scratch.path() / "wide.safetensors"));
}

}  // namespace
}  // namespace ballast::lm
