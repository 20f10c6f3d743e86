// SPDX-License-Identifier: Apache-2.0
#include "ballast/assist/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ballast::assist {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

KnowledgeBase base_of(const std::vector<std::string>& texts) {
  KnowledgeBase base;
  for (const std::string& text : texts) {
    Passage p;
    p.source = "t";
    p.anchor = std::to_string(base.passages.size());
    p.text = text;
    p.end = text.size();
    p.sentences = {{0, text.size()}};
    p.language = text::language_name(text::detect_language(text).language);
    base.passages.push_back(p);
  }
  return base;
}

TEST(Terms, AreStemsWordsPairsAndCharacters) {
  const Terms en = terms_of("How much are the transfers?");
  EXPECT_THAT(en.words, ElementsAre("transfer"));
  const Terms zh = terms_of("贷款逾期怎么办");
  EXPECT_THAT(zh.words, Contains("贷款"));
  EXPECT_THAT(zh.words, Not(Contains("怎么")));
  EXPECT_THAT(zh.pairs, Contains("款逾"));
  EXPECT_THAT(zh.characters, Contains("逾"));
}

TEST(Terms, PlaceholdersSayNothing) {
  const Query q = query_of("[NAME_1] lost a card [CARD_12]");
  for (const QueryTerm& t : q.terms) EXPECT_EQ(t.term.find("name"), std::string::npos) << t.term;
  EXPECT_EQ(q.terms.size(), 2u);
}

// By hand: N = 2, df = 1: idf = ln(1 + 1.5/1.5) = ln 2. Both passages have two words, so the length norm is 1:
// score = idf * 1 * 2.2 / (1 + 1.2) = ln 2.
TEST(Bm25, GivesTheValueOfTheFormula) {
  const SearchIndex index(base_of({"mortgage bank", "cheque bank"}), {});
  const auto hits = index.search(query_of("mortgage"), 5);
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].passage, 0u);
  EXPECT_NEAR(hits[0].words, std::log(2.0), 1e-6);
  EXPECT_DOUBLE_EQ(hits[0].coverage, 1);
}

TEST(Bm25, SynonymsCountALittleLess) {
  const SearchIndex index(base_of({"charge of bank", "cheque of bank", "fee of bank"}), {});
  const auto hits = index.search(query_of("fee"), 5);
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].passage, 2u);
  EXPECT_EQ(hits[1].passage, 0u);
  EXPECT_NEAR(hits[1].words / hits[0].words, 0.7, 1e-6);
}

TEST(Search, KeepsToTheLanguageAndOrdersEqualsByPlace) {
  const SearchIndex index(base_of({"the fee for a card is low", "银行卡的年费很低", "the fee for a card is low"}), {});
  Query q = query_of("card fee 年费");
  q.language = "en";
  auto hits = index.search(q, 5);
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].passage, 0u);
  EXPECT_EQ(hits[1].passage, 2u);
  q.language = "zh";
  hits = index.search(q, 5);
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].passage, 1u);
}

TEST(Search, NothingInCommonIsNothing) {
  const SearchIndex index(base_of({"mortgage bank", "cheque bank"}), {});
  EXPECT_TRUE(index.search(query_of("volcano"), 5).empty());
  EXPECT_TRUE(index.search(query_of(""), 5).empty());
  EXPECT_TRUE(index.search(query_of("?!"), 5).empty());
}

}  // namespace
}  // namespace ballast::assist
