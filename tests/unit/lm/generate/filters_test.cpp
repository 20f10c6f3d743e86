// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/filters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

GenerateOptions sampled() {
  GenerateOptions options;
  options.temperature = 1;
  return options;
}

int kept(const std::vector<float>& logits) {
  return static_cast<int>(std::count_if(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); }));
}

TEST(Filters, GreedyTakesTheFirstOfEqualsWhateverTheFilters) {
  GenerateOptions options;
  options.top_k = 1;
  options.top_p = 0.1;
  std::vector<float> logits = {1, 3, 3, 2};
  filter_logits(logits, {}, 0, options);
  EXPECT_EQ(kept(logits), 4);
  base::Random random(1);
  const Choice choice = choose(logits, options, random);
  EXPECT_EQ(choice.id, 1);
  EXPECT_NEAR(choice.logprob, 3 - std::log(std::exp(1) + 2 * std::exp(3) + std::exp(2)), 1e-12);
}

TEST(Filters, TopKKeepsEquals) {
  GenerateOptions options = sampled();
  options.top_k = 2;
  std::vector<float> logits = {1, 3, 2, 2, 0};
  filter_logits(logits, {}, 0, options);
  EXPECT_EQ(kept(logits), 3);
}

TEST(Filters, AtLeastOneTokenIsLeft) {
  GenerateOptions options = sampled();
  options.top_k = 1;
  options.top_p = 1e-9;
  options.min_p = 1;
  std::vector<float> logits = {-5, 0.5f, 0.25f};
  filter_logits(logits, {}, 0, options);
  EXPECT_EQ(kept(logits), 1);
  base::Random random(1);
  EXPECT_EQ(choose(logits, options, random).id, 1);
}

TEST(Filters, RepetitionIsPenalizedOnceHoweverOftenSeen) {
  GenerateOptions options;
  options.repetition_penalty = 2;
  std::vector<float> logits = {4, -4, 1};
  const std::vector<std::int32_t> previous = {0, 0, 1, 0};
  filter_logits(logits, previous, 0, options);
  EXPECT_EQ(logits, (std::vector<float>{2, -8, 1}));
}

TEST(Filters, DrawsFollowTheProbabilities) {
  const std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  base::Random random(7);
  std::vector<int> counts(3);
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<std::size_t>(choose(logits, sampled(), random).id)];
  EXPECT_NEAR(counts[0], kDraws * 0.5, 300);
  EXPECT_NEAR(counts[1], kDraws * 0.3, 300);
  EXPECT_NEAR(counts[2], kDraws * 0.2, 300);
}

std::string refusal(const GenerateOptions& options) {
  try {
    check(options);
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::usage);
    return e.where() + " " + e.problem() + ", " + e.hint();
  }
  return "accepted";
}

TEST(Filters, OptionsOutOfRangeAreNamed) {
  EXPECT_EQ(refusal({}), "accepted");
  GenerateOptions o;
  o.max_new_tokens = 0;
  EXPECT_EQ(refusal(o), "--max-new-tokens is out of range, expected at least 1");
  o = {};
  o.temperature = std::nan("");
  EXPECT_EQ(refusal(o), "--temperature is out of range, expected 0 (greedy) or more");
  o = {};
  o.top_p = 0;
  EXPECT_EQ(refusal(o), "--top-p is out of range, expected 0 < p ≤ 1");
  o = {};
  o.repetition_penalty = -1;
  EXPECT_EQ(refusal(o), "--repetition-penalty is out of range, expected more than 0");
  o = {};
  o.stop = {""};
  EXPECT_EQ(refusal(o), "--stop is out of range, expected a text that is not empty");
}

}  // namespace
}  // namespace ballast::lm
