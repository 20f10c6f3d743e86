// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/preprocess.h"

#include <gmock/gmock.h>

namespace ballast::text {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const Span& s : split_words(text)) out.emplace_back(s.of(text));
  return out;
}

TEST(Clean, FormsControlsSpaceWidth) {
  EXPECT_EQ(clean("\uFEFFCafe\u0301 \t\u00A0rose\u200B\r\n\r\n３．５％　，ＡＢＣ！ "), "Café rose\n3.5% ，ABC！");
  EXPECT_EQ(clean("ﬁ①", {.form = Normalization::nfkc}), "fi1");
  EXPECT_EQ(clean("ﬁ①"), "ﬁ①");
  EXPECT_EQ(clean("a\x01\xFF b", {.form = Normalization::none, .drop_controls = false, .squeeze_space = false}),
            "a\x01\uFFFD b");
  EXPECT_EQ(clean(""), "");
}

TEST(Language, ByScript) {
  EXPECT_EQ(detect_language("Moody's downgraded the bank to junk").language, Language::en);
  EXPECT_EQ(detect_language("央行下调存款准备金率").language, Language::zh);
  EXPECT_EQ(detect_language("宁德时代 CATL 上调 guidance for this year").language, Language::mixed);
  EXPECT_EQ(detect_language("トヨタ、業績予想を上方修正した").language, Language::other);
  EXPECT_EQ(detect_language("삼성전자 실적 발표").language, Language::other);
  EXPECT_EQ(detect_language(
                "Die Bank senkte gestern ihre Prognose deutlich, weil Kunden weniger Kredite aufnahmen und sparten")
                .language,
            Language::other);
  EXPECT_EQ(detect_language("12.5% --").confidence, 0.0);
  EXPECT_GT(detect_language("央行下调存款准备金率").confidence, 0.9);
  EXPECT_LT(detect_language("ok").confidence, 0.6);
  EXPECT_STREQ(language_name(Language::mixed), "mixed");
}

TEST(Words, FinanceLexiconOverDictionary) {
  EXPECT_THAT(words("央行下调存款准备金率0.5个百分点，恒大违约"),
              ElementsAre("央行", "下调", "存款准备金率", "0.5", "个", "百分点", "恒大", "违约"));
  EXPECT_THAT(words("控股股东减持并质押股份"), ElementsAre("控股股东", "减持", "并", "质押", "股份"));
  EXPECT_THAT(words("Moody's cut S&P 500 to 3.5%"), ElementsAre("Moody's", "cut", "S", "P", "500", "to", "3.5"));
  EXPECT_THAT(words("，。 "), ElementsAre());
}

TEST(StopWords, KeepNegations) {
  EXPECT_TRUE(is_stop_word("The"));
  EXPECT_TRUE(is_stop_word("的"));
  for (const char* word : {"not", "no", "never", "不", "没有", "default", "违约", ""})
    EXPECT_FALSE(is_stop_word(word)) << word;
}

TEST(Stem, EnglishOnly) {
  EXPECT_EQ(stem("Downgraded"), "downgrad");
  EXPECT_EQ(stem("losses"), "loss");
  EXPECT_EQ(stem("违约"), "违约");
  EXPECT_EQ(stem("U.S"), "u.s");
  EXPECT_EQ(stem(""), "");
}

TEST(Preprocess, StepsAreOptional) {
  const Preprocessed all = preprocess("The  bank defaulted. 银行的违约。");
  EXPECT_EQ(all.text, "The bank defaulted. 银行的违约。");
  EXPECT_EQ(all.sentences.size(), 2u);
  EXPECT_THAT(all.terms, ElementsAre("bank", "default", "银行", "违约"));
  const Preprocessed words_only =
      preprocess("The  bank", {.clean = false, .language = false, .sentences = false, .stop = false, .stem = false});
  EXPECT_EQ(words_only.text, "The  bank");
  EXPECT_EQ(words_only.words.size(), 2u);
  EXPECT_TRUE(words_only.terms.empty() && words_only.sentences.empty());
  const Preprocessed unstemmed = preprocess("The banks defaulted", {.stem = false});
  EXPECT_THAT(unstemmed.terms, ElementsAre("banks", "defaulted"));
}

}  // namespace
}  // namespace ballast::text
