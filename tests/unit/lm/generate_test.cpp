// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/lm/generate/stream.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using test::ScratchFolder;

class Generating : public testing::Test {
 protected:
  Generating() { test::write_tiny_model(scratch_.path(), test::tiny_gpt2_arch(300), text::TokenizerKind::decoder); }
  static GenerateOptions sampled(std::uint64_t seed, std::int64_t tokens = 20) {
    GenerateOptions options;
    options.temperature = 1.5;
    options.seed = seed;
    options.max_new_tokens = tokens;
    options.eos = std::vector<std::int32_t>{};
    return options;
  }
  template <class F>
  static std::string refusal(ErrorCode code, F f) {
    try {
      f();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code);
      return e.problem();
    }
    return "accepted";
  }
  ScratchFolder scratch_;
};

TEST_F(Generating, PiecesAddUpToTheTextAndAreWholeCharacters) {
  Generator generator = Generator::load(scratch_.path());
  int pieces = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::string streamed;
    const Generation out = generator.generate("The bank", sampled(seed), [&](std::string_view piece) {
      EXPECT_EQ(unfinished_bytes(piece), 0u);
      EXPECT_FALSE(piece.empty());
      streamed += piece;
      ++pieces;
    });
    EXPECT_EQ(streamed, out.text) << "seed " << seed;
    EXPECT_EQ(out.ids.size(), 20u);
    EXPECT_EQ(out.logprobs.size(), 20u);
    EXPECT_EQ(out.finish, FinishReason::length);
  }
  EXPECT_GT(pieces, 100);
}

TEST_F(Generating, SameSeedSameText) {
  Generator generator = Generator::load(scratch_.path());
  const Generation first = generator.generate("央行", sampled(5)), again = generator.generate("央行", sampled(5));
  EXPECT_EQ(first.ids, again.ids);
  EXPECT_EQ(first.logprobs, again.logprobs);
  EXPECT_NE(first.ids, generator.generate("央行", sampled(6)).ids);
}

TEST_F(Generating, StopStringEndsTheTextBeforeItself) {
  Generator generator = Generator::load(scratch_.path());
  const Generation whole = generator.generate("The bank", sampled(3));
  const std::string stop = whole.text.substr(whole.text.size() / 2, 2);
  GenerateOptions options = sampled(3);
  options.stop = {"never in a text", stop};
  std::string streamed;
  const Generation out = generator.generate("The bank", options, [&](std::string_view piece) { streamed += piece; });
  EXPECT_EQ(out.finish, FinishReason::stop);
  EXPECT_EQ(out.text, whole.text.substr(0, whole.text.find(stop)));
  EXPECT_EQ(streamed, out.text);
  EXPECT_LT(out.ids.size(), whole.ids.size());
}

TEST_F(Generating, EndOfTextAndPositionsAreSaid) {
  Generator generator = Generator::load(scratch_.path());
  const Generation whole = generator.generate("The bank", sampled(3));
  GenerateOptions options = sampled(3);
  options.eos = std::vector<std::int32_t>{whole.ids[4]};
  const Generation ended = generator.generate("The bank", options);
  EXPECT_EQ(ended.finish, FinishReason::eos);
  EXPECT_EQ(ended.ids.back(), whole.ids[4]);
  EXPECT_LE(ended.ids.size(), 5u);

  const std::vector<std::int32_t> prompt(32, 9);
  const Generation full = generator.generate(prompt, sampled(1, 100));
  EXPECT_EQ(full.finish, FinishReason::positions);
  EXPECT_EQ(full.ids.size(), 1u);
  const Generation nearly = generator.generate(std::span(prompt).first(30), sampled(1, 100));
  EXPECT_EQ(nearly.finish, FinishReason::positions);
  EXPECT_EQ(nearly.ids.size(), 3u);
}

TEST_F(Generating, PromptsThatCannotBeContinued) {
  Generator generator = Generator::load(scratch_.path());
  const std::vector<std::int32_t> too_long(33, 9), unknown = {1, 300};
  EXPECT_EQ(refusal(ErrorCode::bad_input, [&] { generator.generate(too_long, sampled(1)); }),
            "the prompt has 33 tokens, the model reads at most 32");
  EXPECT_EQ(refusal(ErrorCode::usage, [&] { generator.generate("", sampled(1)); }), "the prompt is empty");
  EXPECT_EQ(refusal(ErrorCode::bad_input, [&] { generator.generate(unknown, sampled(1)); }),
            "token 300 is not in the vocabulary of 300");
}

TEST_F(Generating, ModelsThatCannotGenerate) {
  const ScratchFolder bert, bare;
  test::write_tiny_model(bert.path(), test::tiny_bert_arch("BertForMaskedLM", 300), text::TokenizerKind::encoder);
  EXPECT_EQ(refusal(ErrorCode::unsupported, [&] { Generator::load(bert.path()); }),
            "BertForMaskedLM does not generate text");
  write_model_files(bare.path(), *test::tiny_model(test::tiny_gpt2_arch(300)).network, nullptr);
  Generator generator = Generator::load(bare.path());
  EXPECT_EQ(refusal(ErrorCode::bad_input, [&] { generator.generate("x", sampled(1)); }), "the model has no tokenizer");
}

TEST_F(Generating, EndTokensOfTheModel) {
  const Generation whole = Generator::load(scratch_.path()).generate("The bank", sampled(3));
  base::write_file_atomic(scratch_ / "generation_config.json",
                          base::dump_json({{"eos_token_id", {299, whole.ids[2]}}}));
  GenerateOptions options = sampled(3);
  options.eos.reset();
  const Generation ended = Generator::load(scratch_.path()).generate("The bank", options);
  EXPECT_EQ(ended.finish, FinishReason::eos);
  EXPECT_LE(ended.ids.size(), 3u);
}

TEST(TextStream, HoldsBackCharactersAndStopStringsThatAreNotWhole) {
  EXPECT_EQ(unfinished_bytes(""), 0u);
  EXPECT_EQ(unfinished_bytes("abc"), 0u);
  EXPECT_EQ(unfinished_bytes("央"), 0u);
  EXPECT_EQ(unfinished_bytes("a\xe5"), 1u);
  EXPECT_EQ(unfinished_bytes("a\xe5\xa4"), 2u);
  EXPECT_EQ(unfinished_bytes("\xf0\x9f\x92"), 3u);
  EXPECT_EQ(unfinished_bytes("\x80"), 0u);
  const std::vector<std::string> stops = {"\n\n", "END"};
  EXPECT_EQ(begun_bytes("text\n", stops), 1u);
  EXPECT_EQ(begun_bytes("text EN", stops), 2u);
  EXPECT_EQ(begun_bytes("text END", stops), 0u);
  EXPECT_EQ(begun_bytes("", stops), 0u);
}

}  // namespace
}  // namespace ballast::lm
