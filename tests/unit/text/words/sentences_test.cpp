// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "ballast/text/preprocess.h"

namespace ballast::text {
namespace {

using testing::ElementsAre;

std::vector<std::string> sentences(std::string_view text) {
  std::vector<std::string> out;
  for (const Span& s : split_sentences(text)) out.emplace_back(s.of(text));
  return out;
}

TEST(Sentences, EnglishAbbreviationsAndDecimals) {
  EXPECT_THAT(sentences("Mr. Li of Apple Inc. sold 3.5% on Jan. 5. The U.S. dollar rose."),
              ElementsAre("Mr. Li of Apple Inc. sold 3.5% on Jan. 5.", "The U.S. dollar rose."));
  EXPECT_THAT(sentences("He left Acme Corp. The board agreed."),
              ElementsAre("He left Acme Corp.", "The board agreed."));
  EXPECT_THAT(sentences("Is it default? No. It is not!"), ElementsAre("Is it default?", "No.", "It is not!"));
  EXPECT_THAT(sentences("See No. 7 below. J. P. Morgan rose."), ElementsAre("See No. 7 below.", "J. P. Morgan rose."));
}

TEST(Sentences, Chinese) {
  EXPECT_THAT(sentences("央行降准0.5个百分点；恒大违约。“股价会跌吗？”他问！"),
              ElementsAre("央行降准0.5个百分点；", "恒大违约。", "“股价会跌吗？”", "他问！"));
}

TEST(Sentences, NewlinesAndSpace) {
  EXPECT_THAT(sentences("  Heading\n\nFirst line \n"), ElementsAre("Heading", "First line"));
  EXPECT_THAT(sentences(""), ElementsAre());
  EXPECT_THAT(sentences(" \n\u3000"), ElementsAre());
}

TEST(Sentences, BytesThatAreNotTextDoNoHarm) {
  EXPECT_THAT(sentences("a\xFF. B\xE4\xB8"), ElementsAre("a\xFF.", "B\xE4\xB8"));
}

}  // namespace
}  // namespace ballast::text
