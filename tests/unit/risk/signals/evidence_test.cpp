// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "ballast/risk/signals.h"

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TokenWeight on(const std::string& text, const std::string& part, double weight) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return {at, at + part.size(), weight};
}

std::vector<std::string> spans(const std::string& text, const std::vector<TokenWeight>& weights) {
  std::vector<std::string> found;
  for (const Evidence& e : find_evidence(text, weights)) {
    EXPECT_EQ(text.substr(e.start, e.end - e.start), e.text);
    found.push_back(e.text);
  }
  return found;
}

TEST(Evidence, PartsOfWordsGrowToWholeWordsAndMerge) {
  const std::string text = "Norvale missed its coupon, shares were flat.";
  EXPECT_THAT(spans(text, {on(text, "miss", 1), on(text, "coup", 0.8), on(text, "flat", 0.1)}),
              ElementsAre("missed its coupon"));
}

TEST(Evidence, StopWordsAndPunctuationAreTrimmed) {
  const std::string text = "It is said that the \"default\" of the firm came.";
  EXPECT_THAT(spans(text, {on(text, "the \"", 1), on(text, "default", 0.9), on(text, "\" of the", 1)}),
              ElementsAre("default"));
}

TEST(Evidence, AtMostTwoTheWeightiestFirst) {
  const std::string text = "default. Calm weather all day here. outage. Calm weather all day here. fine.";
  const std::vector<TokenWeight> weights = {on(text, "default", 0.6), on(text, "outage", 1), on(text, "fine", 0.5)};
  EXPECT_THAT(spans(text, weights), ElementsAre("outage", "default"));
  const auto evidence = find_evidence(text, weights);
  EXPECT_NEAR(evidence[0].weight, 1 / 2.1, 1e-12);
  EXPECT_NEAR(evidence[1].weight, 0.6 / 2.1, 1e-12);
}

TEST(Evidence, ChineseSpansAreWholeCharacters) {
  const std::string text = "天华科技公告：公司债务违约，资金链紧张。";
  const std::size_t debt = text.find("债务");
  // Tokens that end inside characters.
  EXPECT_THAT(spans(text, {{debt, debt + 4, 0.7}, {debt + 4, debt + 12, 0.9}}), ElementsAre("债务违约"));
  EXPECT_THAT(spans(text, {{debt + 7, debt + 8, 1}}), ElementsAre("违"));
}

TEST(Evidence, NegativeOrNoWeightsGiveNothing) {
  const std::string text = "All is well";
  EXPECT_THAT(spans(text, {}), IsEmpty());
  EXPECT_THAT(spans(text, {on(text, "well", -1)}), IsEmpty());
  EXPECT_THAT(spans(text, {{3, 5, 1}}), IsEmpty());  // "is" alone says nothing
  EXPECT_THAT(spans("", {}), IsEmpty());
}

TEST(Evidence, SpansDoNotCrossSentences) {
  const std::string text = "Profit fell. Default looms";
  EXPECT_THAT(spans(text, {on(text, "fell", 1), on(text, "Default", 1)}), ElementsAre("fell", "Default"));
}

TEST(BaselType, FollowsTheKeywords) {
  EXPECT_EQ(basel_type("Hackers stole client data in a phishing attack"), "external_fraud");
  EXPECT_EQ(basel_type("Trader embezzled client money"), "internal_fraud");
  EXPECT_EQ(basel_type("工厂起火爆炸"), "physical_assets");
  EXPECT_EQ(basel_type("银行APP宕机，无法登录"), "systems");
  EXPECT_EQ(basel_type("公司财务造假，虚增收入"), "internal_fraud");
  EXPECT_EQ(basel_type("Automaker recalls cars over brake defect"), "clients_products");
  EXPECT_EQ(basel_type("Dock workers begin strike"), "employment");
  EXPECT_EQ(basel_type("something went astray"), "execution");
  EXPECT_EQ(basel_type("campfire, reforge"), "execution");  // keywords start words
}

}  // namespace
}  // namespace ballast::risk
