// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/split.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"

namespace ballast::text {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces(std::string_view text, const std::vector<WordSpan>& spans) {
  std::vector<std::string> out;
  for (const WordSpan& s : spans) out.emplace_back(text.substr(s.begin, s.end - s.begin));
  return out;
}

std::vector<std::string> gpt2(std::string_view text) {
  std::vector<WordSpan> spans;
  split_gpt2(text, {0, text.size()}, spans);
  return pieces(text, spans);
}

std::vector<std::string> split(const base::Json& json, std::string_view text) {
  std::vector<WordSpan> spans;
  make_splitter(json, "test")->split(text, {0, text.size()}, spans);
  return pieces(text, spans);
}

TEST(SplitGpt2, WordsNumbersSigns) {
  EXPECT_THAT(gpt2("Q3 profit fell 12.5%!"), ElementsAre("Q", "3", " profit", " fell", " 12", ".", "5", "%!"));
  EXPECT_THAT(gpt2("恒大2021年违约。"), ElementsAre("恒大", "2021", "年违约", "。"));
}

TEST(SplitGpt2, ContractionsInLowerCaseOnly) {
  EXPECT_THAT(gpt2("we're I'LL don't 's 'x"),
              ElementsAre("we", "'re", " I", "'", "LL", " don", "'t", " '", "s", " '", "x"));
  EXPECT_THAT(gpt2("'"), ElementsAre("'"));
  EXPECT_THAT(gpt2("'r"), ElementsAre("'", "r"));
}

TEST(SplitGpt2, WhiteSpaceLeavesItsLastCharacterToTheWord) {
  EXPECT_THAT(gpt2("a   b"), ElementsAre("a", "  ", " b"));
  EXPECT_THAT(gpt2("a \n b \t"), ElementsAre("a", " \n", " b", " \t"));
  EXPECT_THAT(gpt2("a\n\nb"), ElementsAre("a", "\n", "\n", "b"));
  EXPECT_THAT(gpt2("\u3000\u3000中"), ElementsAre("\u3000", "\u3000", "中"));
}

TEST(SplitGpt2, BytesThatAreNotTextAreSigns) {
  EXPECT_THAT(gpt2("a\xFF\xFE b"), ElementsAre("a", "\xFF\xFE", " b"));
}

TEST(SplitHanRuns, CutsRunsAndKeepsTheRest) {
  const base::Json json = byte_level_splitter_json(2);
  EXPECT_THAT(split(json, "恒大集团债 Evergrande 跌"), ElementsAre("恒大", "集团", "债", " Evergrande", " ", "跌"));
  EXPECT_THAT(split(json, "a  中"), ElementsAre("a", "  ", "中"));
}

TEST(SplitBert, PunctuationStandsAlone) {
  EXPECT_THAT(split({{"type", "BertPreTokenizer"}}, " U.S.-led, “x”$ "),
              ElementsAre("U", ".", "S", ".", "-", "led", ",", "“", "x", "”", "$"));
}

TEST(MakeSplitter, RefusesByName) {
  const auto message = [](const base::Json& json) -> std::string {
    try {
      make_splitter(json, "tokenizer.json");
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), base::ErrorCode::unsupported);
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(
      message({{"type", "Digits"}}),
      "tokenizer.json: pre_tokenizer of type \"Digits\" is not known (known: ByteLevel, BertPreTokenizer, Metaspace, "
      "Split, Sequence)");
  EXPECT_EQ(
      message({{"type", "Split"}, {"pattern", {{"Regex", "\\d+"}}}, {"behavior", "Isolated"}, {"invert", false}}),
      "tokenizer.json: pre_tokenizer Split with pattern {\"Regex\":\"\\\\d+\"}, behavior Isolated is not known (known: "
      "the regexes of Qwen and Llama 3, and \\p{Han}{1,N}; Isolated, not inverted)");
}

}  // namespace
}  // namespace ballast::text
