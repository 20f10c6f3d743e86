// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "ballast/base/parallel.h"

namespace ballast::lm {
namespace {

using ::testing::ElementsAre;

constexpr NgramOptions kWords = {2, 1, 0, 1, 1};
constexpr NgramOptions kChars = {0, 2, 3, 1, 1};

std::vector<std::string> spans(std::string_view text, const NgramOptions& options) {
  std::vector<std::string> out;
  for (const auto& o : list_ngrams(text, options)) out.emplace_back(text.substr(o.begin, o.end - o.begin));
  return out;
}

TEST(Ngrams, WordsAreRunsOfLettersDigitsAndUnderscore) {
  EXPECT_THAT(spans("Net_loss, 3.5% of $AAPL", kWords),
              ElementsAre("Net_loss", "3", "5", "of", "AAPL", "Net_loss, 3", "3.5", "5% of", "of $AAPL"));
  EXPECT_THAT(spans("平安银行：逾期", kWords), ElementsAre("平安银行", "逾期", "平安银行：逾期"));
  EXPECT_TRUE(spans("", kWords).empty());
  EXPECT_TRUE(spans(" … !", kWords).empty());
}

TEST(Ngrams, CharactersSeeWhiteSpaceAsOneSpaceAndCoverItsBytes) {
  EXPECT_THAT(spans("a\n\t b", kChars), ElementsAre("a\n\t ", "\n\t b", "a\n\t b"));
  EXPECT_EQ(list_ngrams("a\n\t b", kChars)[2].key, list_ngrams("A b", kChars)[2].key);
  EXPECT_THAT(spans("银行卡", kChars), ElementsAre("银行", "行卡", "银行卡"));
  EXPECT_TRUE(spans("x", kChars).empty());
}

TEST(Ngrams, BrokenBytesStayInPlace) {
  EXPECT_THAT(spans("a\xff\xfe"
                    "b",
                    {0, 2, 2, 1, 1}),
              ElementsAre("a\xff", "\xff\xfe",
                          "\xfe"
                          "b"));
}

TEST(Ngrams, KeysNeverChange) {
  // Trained models depend on these.
  const auto words = list_ngrams("Risk up", kWords), chars = list_ngrams("Ri", kChars);
  EXPECT_EQ(words[0].key, list_ngrams("RISK", kWords)[0].key);
  EXPECT_EQ(words[0].key, 1289330450u);
  EXPECT_EQ(words[2].key, 1555177776u);
  EXPECT_EQ(chars[0].key, 3864897845u);
}

TEST(NgramFeatures, WeighsAsTheFormulaSays) {
  const std::vector<std::string_view> texts = {"loss loss gain", "gain up", "gain"};
  const auto features = NgramFeatures::fit(texts, {1, 1, 0, 1, 1});
  ASSERT_EQ(features.size(), 3u);
  const auto key = [](std::string_view word) { return list_ngrams(word, {1, 1, 0, 1, 1})[0].key; };
  const auto idf = [](double df) { return std::log(4 / (1 + df)) + 1; };
  EXPECT_NEAR(features.idf()[static_cast<std::size_t>(features.find(key("gain")))], idf(3), 1e-6);
  EXPECT_NEAR(features.idf()[static_cast<std::size_t>(features.find(key("up")))], idf(1), 1e-6);
  EXPECT_EQ(features.find(key("absent")), -1);
  const double loss = (1 + std::log(2.0)) * idf(1), gain = idf(3), length = std::hypot(loss, gain);
  std::map<std::int32_t, float> row;
  for (const auto& [f, v] : features.row(texts[0])) row[f] = v;
  EXPECT_NEAR(row[features.find(key("loss"))], loss / length, 1e-6);
  EXPECT_NEAR(row[features.find(key("gain"))], gain / length, 1e-6);
  EXPECT_TRUE(features.row("absent words").empty());
}

TEST(NgramFeatures, RareCharactersAreDroppedAndBlocksHaveLengthOne) {
  const std::vector<std::string_view> texts = {"abc x", "abd y"};
  const auto features = NgramFeatures::fit(texts, {1, 2, 2, 1, 2});
  EXPECT_EQ(features.size(), 5u);  // abc, x, abd, y; of the pairs only "ab"
  double words = 0, chars = 0;
  for (const auto& [f, v] : features.row("abc x")) {
    (features.keys()[static_cast<std::size_t>(f)] >> 31 ? chars : words) +=
        static_cast<double>(v) * static_cast<double>(v);
  }
  EXPECT_NEAR(words, 1, 1e-6);
  EXPECT_NEAR(chars, 1, 1e-6);
}

TEST(NgramFeatures, TheSameForAnyThreadCount) {
  std::vector<std::string> store;
  for (int i = 0; i < 300; ++i) store.push_back("text " + std::to_string(i % 37) + " of 风险 " + std::to_string(i));
  const std::vector<std::string_view> texts(store.begin(), store.end());
  base::set_threads(1);
  const auto one = NgramFeatures::fit(texts, {});
  base::set_threads(4);
  const auto four = NgramFeatures::fit(texts, {});
  base::set_threads(0);
  EXPECT_EQ(one.keys(), four.keys());
  EXPECT_EQ(one.idf(), four.idf());
}

}  // namespace
}  // namespace ballast::lm
