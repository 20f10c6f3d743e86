// SPDX-License-Identifier: Apache-2.0
// Instruction tuning: which tokens of a conversation are learnt; and short samples packed end to end, which do not see
// each other.
#include "ballast/lm/train/conversations.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/engine/loss.h"
#include "ballast/lm/train/trainer.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

using base::Json;

std::string learnt(const text::Tokenizer& tokenizer, const Example& e) {
  std::vector<std::int32_t> ids;
  for (const std::int32_t label : e.token_labels) {
    if (label != engine::kIgnore) ids.push_back(label);
  }
  return tokenizer.decode(ids, false);
}

const Json kTalk = Json::parse(R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Up?"},
  {"role": "assistant", "content": "The bank raised it."}, {"role": "user", "content": "央行?"},
  {"role": "assistant", "content": "Down."}])");

TEST(Conversations, TheAnswersAloneAreLearnt) {
  const text::Tokenizer tokenizer = test::tiny_tokenizer(text::TokenizerKind::decoder);
  TokenizeReport report;
  const auto chatml = tokenize_conversation(tokenizer, ChatTemplate(ChatFamily::chatml), kTalk, 1000, report);
  ASSERT_TRUE(chatml);
  EXPECT_EQ(learnt(tokenizer, *chatml), "The bank raised it.<|im_end|>\nDown.<|im_end|>\n");
  EXPECT_EQ(chatml->ids.size(), chatml->token_labels.size());
  const auto llama =
      tokenize_conversation(tokenizer, ChatTemplate(ChatFamily::llama3, "<s>", "</s>"), kTalk, 1000, report);
  EXPECT_EQ(learnt(tokenizer, *llama), "The bank raised it.<|eot_id|>Down.<|eot_id|>");
  const auto mistral =
      tokenize_conversation(tokenizer, ChatTemplate(ChatFamily::mistral, "<s>", "</s>"), kTalk, 1000, report);
  EXPECT_EQ(learnt(tokenizer, *mistral), " The bank raised it.</s> Down.</s>");
  EXPECT_EQ(report.texts, 3);
  EXPECT_EQ(report.truncated_texts, 0);
  // Cut behind the first answer: the second is lost, and counted.
  const auto cut = tokenize_conversation(tokenizer, ChatTemplate(ChatFamily::chatml), kTalk,
                                         static_cast<std::int64_t>(chatml->ids.size()) - 10, report);
  EXPECT_EQ(report.truncated_tokens, 10);
  EXPECT_THAT(learnt(tokenizer, *cut), testing::StartsWith("The bank raised it.<|im_end|>\n"));
  EXPECT_FALSE(tokenize_conversation(tokenizer, ChatTemplate(ChatFamily::chatml), kTalk, 5, report));
}

TEST(Conversations, WhatCannotBeLearntIsRefused) {
  const text::Tokenizer tokenizer = test::tiny_tokenizer(text::TokenizerKind::decoder);
  TokenizeReport report;
  const auto refusal = [&](const char* talk) -> std::string {
    try {
      tokenize_conversation(tokenizer, ChatTemplate(ChatFamily::chatml), Json::parse(talk), 1000, report);
    } catch (const base::Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(R"([{"role": "user", "content": "Up?"}])"), "messages: has no message of the assistant");
  EXPECT_THAT(refusal(R"([{"role": "assistant", "content": "Down."}])"), testing::HasSubstr("a question before it"));
  EXPECT_THAT(refusal(R"([{"role": "robot", "content": "Down."}])"), testing::HasSubstr("role \"robot\" is not known"));
  EXPECT_THAT(refusal("[]"), testing::HasSubstr("is no list of messages"));
}

/// Samples stand end to end in a batch, without padding, and attention ends where a sample ends: the loss of a batch is
/// what its samples have alone.
TEST(Conversations, PackedSamplesDoNotSeeEachOther) {
  const text::Tokenizer tokenizer = test::tiny_tokenizer(text::TokenizerKind::decoder);
  TokenizeReport report;
  std::vector<Example> all;
  for (const char* answer : {"Down.", "The bank raised its interest rate.", "央行再次上调利率。"}) {
    Json talk = kTalk;
    talk[4]["content"] = answer;
    all.push_back(*tokenize_conversation(tokenizer, ChatTemplate(ChatFamily::chatml), talk, 1000, report));
  }
  LoadedModel model = test::tiny_model(test::tiny_gpt2_arch(300, 512));
  TrainSettings settings;
  settings.sampling.batch_size = 3;
  settings.steps = 1;
  Trainer trainer(*model.network, all, settings);
  double sum = 0, count = 0;
  for (const Example& e : all) {
    const auto labels = static_cast<double>(std::count_if(e.token_labels.begin(), e.token_labels.end(),
                                                          [](std::int32_t l) { return l != engine::kIgnore; }));
    sum += labels * trainer.evaluate(std::span(&e, 1));
    count += labels;
  }
  EXPECT_NEAR(trainer.evaluate(all), sum / count, 1e-6);
}

}  // namespace
}  // namespace ballast::lm
