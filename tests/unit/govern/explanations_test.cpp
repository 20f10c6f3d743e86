// SPDX-License-Identifier: Apache-2.0
// Checks of explanations against a model whose truth is known: a score that adds up over words.
#include "ballast/govern/explanations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace ballast::govern {
namespace {

using ::testing::ElementsAre;

/// "default" is worth 3, "loan" 1, "holiday" −2, all else 0.
ExplainedLabel additive(bool honest = true) {
  static const std::map<std::string, double> kWorth = {{"default", 3}, {"loan", 1}, {"holiday", -2}};
  const auto worth = [](std::string_view text, const risk::TextUnit& u) {
    const auto found = kWorth.find(std::string(text.substr(u.start, u.end - u.start)));
    return found == kWorth.end() ? 0.0 : found->second;
  };
  ExplainedLabel label;
  label.score = [worth](std::span<const std::string> texts) {
    std::vector<double> scores;
    for (const std::string& text : texts) {
      double sum = -1;
      for (const auto& u : risk::text_units(text)) sum += worth(text, u);
      scores.push_back(sum);
    }
    return scores;
  };
  label.attribute = [worth, honest](std::string_view text) {
    std::vector<risk::TokenWeight> weights;
    for (const auto& u : risk::text_units(text)) {
      weights.push_back({u.start, u.end, honest ? worth(text, u) : -worth(text, u)});
    }
    return weights;
  };
  return label;
}

TEST(ExplanationsTest, LeavingOutAWordCostsWhatItIsWorth) {
  const std::string text = "a loan in default after a holiday";
  const auto label = additive();
  const auto units = weighted_units(text, label);
  const LeaveOut out = leave_out(text, units, label);
  EXPECT_THAT(out.drops, ElementsAre(0, 1, 0, 3, 0, 0, -2));
  ASSERT_TRUE(out.correlation);
  EXPECT_NEAR(*out.correlation, 1, 1e-12);
  EXPECT_TRUE(out.same_heaviest);
  const LeaveOut wrong = leave_out(text, weighted_units(text, additive(false)), additive(false));
  EXPECT_NEAR(*wrong.correlation, -1, 1e-12);
  EXPECT_FALSE(wrong.same_heaviest);
}

TEST(ExplanationsTest, TextWithoutWordsKeepsTheRest) {
  const std::string text = "The bank, it says, defaults.";
  const auto units = risk::text_units(text);
  const std::size_t bank[] = {1}, ends[] = {4, 0};
  EXPECT_EQ(text_without(text, units, bank), "The , it says, defaults.");
  EXPECT_EQ(text_without(text, units, ends), "bank, it says, .");
  const std::string zh = "银行违约";
  const std::size_t first[] = {0, 1};
  EXPECT_EQ(text_without(zh, risk::text_units(zh), first), "违约");
}

TEST(ExplanationsTest, DeletionCurveTellsTrueWeightsFromFalseOnes) {
  const std::string text = "the loan of a firm went into default on a holiday";
  const double shares[] = {0.1, 0.2, 1};
  const DeletionCurve honest = deletion_curve(text, weighted_units(text, additive()), additive(), shares, 20, 1);
  EXPECT_THAT(honest.heaviest, ElementsAre(3, 4, 2));  // one word of eleven, two, all
  EXPECT_LT(honest.random[0], 2);
  EXPECT_NEAR(honest.random[2], 2, 1e-12);
  const DeletionCurve wrong =
      deletion_curve(text, weighted_units(text, additive(false)), additive(false), shares, 20, 1);
  EXPECT_EQ(wrong.heaviest[0], -2);
}

TEST(ExplanationsTest, RankCorrelationWithTies) {
  // By hand: ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4: covariance 4.5, variances 4.5 and 5.
  EXPECT_NEAR(*rank_correlation(std::vector<double>{1, 2, 2, 9}, std::vector<double>{0, 5, 4, 6}),
              4.5 / std::sqrt(4.5 * 5), 1e-12);
  EXPECT_FALSE(rank_correlation(std::vector<double>{1, 1}, std::vector<double>{1, 2}));
}

TEST(ExplanationsTest, HarmlessEditsChangeWhatTheySay) {
  EXPECT_EQ(edited("The Bank fell", HarmlessEdit::lower_case), "the bank fell");
  EXPECT_FALSE(edited("银行", HarmlessEdit::lower_case));
  EXPECT_EQ(edited("It \"fell\".", HarmlessEdit::punctuation), "It fell");
  EXPECT_EQ(edited("股价下跌，亏损", HarmlessEdit::punctuation), "股价下跌,亏损。");
  EXPECT_EQ(edited("rose but butter fell", HarmlessEdit::stop_words), "rose yet butter fell");
  EXPECT_EQ(edited("债务和利率", HarmlessEdit::stop_words), "债务与利率");
  EXPECT_FALSE(edited("Shares fell", HarmlessEdit::stop_words));
}

TEST(ExplanationsTest, AgreementOfSpans) {
  const std::string text = "shares of the bank fell hard";
  const ByteRange found[] = {{14, 23}}, marked[] = {{19, 28}};  // "bank fell", "fell hard"
  const SpanAgreement a = span_agreement(text, found, marked);
  EXPECT_DOUBLE_EQ(a.precision, 0.5);
  EXPECT_DOUBLE_EQ(a.recall, 0.5);
  EXPECT_DOUBLE_EQ(a.f1, 0.5);
  EXPECT_DOUBLE_EQ(a.iou, 1.0 / 3);
  const auto drawn = random_ranges(text, found, 3);
  ASSERT_EQ(drawn.size(), 1u);
  std::size_t inside = 0;
  for (const auto& u : risk::text_units(text)) inside += u.start >= drawn[0].start && u.end <= drawn[0].end;
  EXPECT_EQ(inside, 2u);
  EXPECT_EQ(bag_f1({"a", "b"}, {"b", "c", "b"}), 0.4);
  EXPECT_EQ(bag_f1({}, {}), 1);
}

}  // namespace
}  // namespace ballast::govern
