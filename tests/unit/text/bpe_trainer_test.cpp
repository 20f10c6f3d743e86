// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/bpe_trainer.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"

namespace ballast::text {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

std::vector<std::string> learnt(const Tokenizer& tokenizer, std::int32_t first) {
  std::vector<std::string> out;
  for (std::int32_t id = first; id < tokenizer.vocabulary_size(); ++id) out.push_back(tokenizer.token(id));
  return out;
}

std::vector<std::string> random_texts() {
  base::Random random(3);
  const char* words[] = {"bank", "default", "loss", "losses", "rate", "恒大",
                         "违约", "降准",    "3.5",  "Q3",     "the",  "不良率"};
  std::vector<std::string> texts;
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (std::uint64_t n = 3 + random.below(20); n > 0; --n)
      text += std::string(words[random.below(12)]) + (random.below(2) ? " " : "");
    texts.push_back(text);
  }
  return texts;
}

std::string saved(const Tokenizer& tokenizer) {
  const fs::path folder = fs::path(testing::TempDir()) / ("trained_" + std::to_string(::getpid()));
  tokenizer.save(folder);
  const std::string text = base::read_file(folder / "tokenizer.json");
  fs::remove_all(folder);
  return text;
}

TEST(BpeTrainer, WorkedByHand) {
  // Words: "low" 5, "Ġlow" 1, "Ġlower" 2, "Ġnewest" 6, "x" 5. Pairs: lo 8, ow 8, we 8 (2 + 6), Ġn ne ew es st 6, Ġl 3,
  // er 2.
  // 1. lo, ow and we are tied; l has the smallest id, so "lo" is first. It takes the pair ow with it: (lo, w) has 8.
  // 2. (w, e) and (lo, w) are tied; w has the smaller id, so "we". The two "lower" lose (lo, w), which falls to 6.
  // 3. Ġn, ne, (e, we), (we, s), st and (lo, w) are tied at 6; e has the smallest id, so "ewe".
  const std::vector<std::string> texts = {"low low",  "low lower", "low lower", "low",      "low newest",
                                          "x newest", "x newest",  "x newest",  "x newest", "x newest"};
  BpeTrainReport report;
  const Tokenizer t = train_bpe(texts, {.vocabulary_size = 260, .min_frequency = 1}, &report);
  EXPECT_EQ(t.token(0), "<|endoftext|>");
  EXPECT_THAT(learnt(t, 257), ElementsAre("lo", "we", "ewe"));
  EXPECT_EQ(report.texts, 10);
  EXPECT_EQ(report.merges, 3);
  EXPECT_EQ(report.words, 19);
  EXPECT_EQ(report.distinct_words, 5);
}

TEST(BpeTrainer, TiesGoToTheSmallerIdsAndRunsMergeFromTheLeft) {
  const std::vector<std::string> texts = {"ba", "ba", "ab", "ab"};
  EXPECT_THAT(learnt(train_bpe(texts, {.vocabulary_size = 258}), 257), ElementsAre("ab"));
  BpeTrainReport report;
  const std::vector<std::string> run = {"aaaaa", "aaaaa"};
  EXPECT_THAT(learnt(train_bpe(run, {.vocabulary_size = 258}, &report), 257), ElementsAre("aa"));
  EXPECT_EQ(report.tokens, 6);  // aa aa a, twice
}

TEST(BpeTrainer, DependsNeitherOnOrderNorOnThreads) {
  std::vector<std::string> texts = random_texts();
  const BpeTrainOptions options{.vocabulary_size = 320, .kind = TokenizerKind::encoder};
  base::set_threads(1);
  const std::string one = saved(train_bpe(texts, options));
  base::set_threads(4);
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(saved(train_bpe(texts, options)), one);
  base::set_threads(0);
}

TEST(BpeTrainer, ReportAgreesWithEncoding) {
  const std::vector<std::string> texts = random_texts();
  for (const std::size_t han_run : {0, 2}) {
    BpeTrainReport report;
    const Tokenizer t = train_bpe(texts, {.vocabulary_size = 300, .han_run = han_run}, &report);
    std::size_t tokens = 0, bytes = 0;
    for (const std::string& text : texts) {
      tokens += t.encode(text).ids.size();
      bytes += text.size();
      EXPECT_EQ(t.decode(t.encode(text).ids), text);
    }
    EXPECT_EQ(report.tokens, static_cast<std::int64_t>(tokens));
    EXPECT_EQ(report.bytes, static_cast<std::int64_t>(bytes));
    EXPECT_EQ(report.vocabulary_size, 300);
  }
}

TEST(BpeTrainer, EncoderKind) {
  const std::vector<std::string> texts = random_texts();
  const Tokenizer t =
      train_bpe(texts, {.vocabulary_size = 300, .kind = TokenizerKind::encoder, .more_special = {"[X]"}});
  const SpecialIds& s = t.special();
  EXPECT_THAT((std::vector{s.pad, s.unk, s.cls, s.sep, s.mask}), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_TRUE(t.is_special(5));
  EXPECT_EQ(t.token(5), "[X]");
  const Encoding e = t.encode_pair("bank", "loss");
  EXPECT_EQ(e.ids.front(), 2);
  EXPECT_EQ(e.ids.back(), 3);
  EXPECT_EQ(e.type_ids.back(), 1);
  EXPECT_EQ(t.decode(e.ids), "bankloss");
}

TEST(BpeTrainer, HanRunLimitsTokens) {
  const std::vector<std::string> texts(20, "恒大集团债务违约");
  const Tokenizer t = train_bpe(texts, {.vocabulary_size = 400, .han_run = 2});
  EXPECT_EQ(t.encode(texts[0]).ids.size(), 4u);
  const Tokenizer free = train_bpe(texts, {.vocabulary_size = 400});
  EXPECT_EQ(free.encode(texts[0]).ids.size(), 1u);
  const auto json = base::parse_json(saved(t), "saved");
  EXPECT_EQ(json["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"], "\\p{Han}{1,2}");
}

TEST(BpeTrainer, LongWordsAreCountedInPieces) {
  BpeTrainReport report;
  const std::vector<std::string> texts(2, std::string(1000, 'a'));
  train_bpe(texts, {.vocabulary_size = 300, .max_word_bytes = 100}, &report);
  EXPECT_EQ(report.words, 20);
  EXPECT_EQ(report.distinct_words, 1);
}

TEST(BpeTrainer, StopsWherePairsRunOut) {
  BpeTrainReport report;
  const std::vector<std::string> texts = {"ab", "ab"};
  train_bpe(texts, {.vocabulary_size = 5000}, &report);
  EXPECT_EQ(report.vocabulary_size, 258);
}

TEST(BpeTrainer, BadInput) {
  try {
    BpeTrainer trainer({.vocabulary_size = 200});
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_STREQ(e.what(),
                 "vocabulary size 200 must lie in 257 … 10000000 (256 bytes and the special tokens come first)");
  }
  BpeTrainer empty({.vocabulary_size = 300});
  empty.add("");
  try {
    empty.train();
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_STREQ(e.what(), "no text to learn from");
  }
}

}  // namespace
}  // namespace ballast::text
