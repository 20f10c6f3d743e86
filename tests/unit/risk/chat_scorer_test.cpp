// SPDX-License-Identifier: Apache-2.0
// Signals from a chat model: what is made of its answers, where quotes lie in long texts that are asked about in
// windows, and answers that cannot be used. The model is a function here; one with weights is in the scenarios.
#include "ballast/risk/chat_scorer.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/lm/json_schema.h"

namespace ballast::risk {
namespace {

using base::Json;
using testing::HasSubstr;

/// Answers by looking for words; `most` bytes of a question fit.
ChatModel word_model(std::size_t most, std::vector<std::string>* asked = nullptr) {
  ChatModel model;
  model.identity = "words@1";
  model.fits = [most](const Json& messages) { return messages[1]["content"].get<std::string>().size() <= most; };
  model.ask = [asked](const Json& messages, const Json& schema) {
    const std::string text = messages[1]["content"].get<std::string>().substr(std::string("Text:\n").size());
    if (asked != nullptr) asked->push_back(text);
    Json signals = Json::array();
    if (text.find("defaulted") != std::string::npos) {
      signals.push_back({{"risk", "credit"}, {"quote", "defaulted"}, {"probability", 0.9}});
    }
    if (text.find("挤兑") != std::string::npos) {
      signals.push_back({{"risk", "liquidity"}, {"quote", "挤兑"}, {"probability", 0.7}});
    }
    const Json answer = {
        {"signals", signals}, {"severity", signals.size()}, {"sentiment", signals.empty() ? "neutral" : "negative"}};
    const auto grammar = lm::JsonGrammar::compile(schema, "schema");
    auto state = grammar->start();
    for (const char c : base::dump_json(answer)) state = grammar->next(state, static_cast<unsigned char>(c));
    EXPECT_TRUE(grammar->complete(state)) << answer.dump();  // the schema allows what a good model would say
    return base::dump_json(answer);
  };
  return model;
}

TEST(ChatScorer, ScoresAndEvidence) {
  const Scorer scorer = make_chat_scorer(word_model(1000));
  EXPECT_EQ(scorer.model, "words@1");
  const std::string bad = "The firm \"Nord\" defaulted.\n储户挤兑。", good = "All is well.";
  const std::vector<std::string_view> texts = {bad, good};
  const auto scores = scorer.score(texts);
  ASSERT_EQ(scores.size(), 2u);
  ASSERT_EQ(scores[0].kinds.size(), 6u);
  EXPECT_EQ(scores[0].kinds[1].risk, "credit");
  EXPECT_EQ(scores[0].kinds[1].probability, 0.9);
  EXPECT_EQ(scores[0].kinds[1].interval, (std::array<double, 2>{0, 1}));
  EXPECT_EQ(scores[0].kinds[3].probability, 0.7);
  EXPECT_EQ(scores[0].severity, (std::vector<double>{0, 0, 1, 0}));
  EXPECT_EQ(scores[0].sentiment, (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(scores[1].kinds[1].probability, 0);
  EXPECT_EQ(scores[1].severity, (std::vector<double>{1, 0, 0, 0}));
  const auto& evidence = scores[0].kinds[3].weights;
  ASSERT_EQ(evidence.size(), 1u);
  EXPECT_EQ(bad.substr(evidence[0].start, evidence[0].end - evidence[0].start), "挤兑");
  EXPECT_TRUE(scores[1].kinds[1].weights.empty());
}

TEST(ChatScorer, LongTextsAreAskedAboutInWindows) {
  std::vector<std::string> asked;
  const Scorer scorer = make_chat_scorer(word_model(60, &asked));
  std::string text;
  for (int i = 0; i < 10; ++i) text += "Nothing of note happened. ";
  const std::size_t at = text.size();
  text += "It defaulted. ";
  for (int i = 0; i < 10; ++i) text += "然后什么也没有发生。";
  const std::vector<std::string_view> texts = {text};
  const TextScores scores = scorer.score(texts)[0];
  EXPECT_EQ(scores.kinds[1].probability, 0.9);
  EXPECT_EQ(scores.severity[1], 1.0);  // the worst window speaks
  const auto& evidence = scores.kinds[1].weights;
  ASSERT_EQ(evidence.size(), 1u);
  EXPECT_EQ(evidence[0].start, at + 3);
  std::string together;
  for (const std::string& part : asked) together += part;
  EXPECT_EQ(together, text);  // nothing is lost, no character is cut
  EXPECT_THROW(make_chat_scorer(word_model(5)).score(texts), base::Error);
}

TEST(ChatScorer, AnswersThatCannotBeUsed) {
  const auto refusal = [](const std::string& answer) -> std::string {
    ChatModel model = word_model(1000);
    model.ask = [&](const Json&, const Json&) { return answer; };
    const std::vector<std::string_view> texts = {"It defaulted."};
    try {
      const auto scores = make_chat_scorer(model).score(texts);
      return "credit " + std::to_string(scores[0].kinds[1].probability);
    } catch (const base::Error& e) {
      return e.what();
    }
  };
  EXPECT_THAT(refusal("I think"), HasSubstr("the model's answer: not valid JSON"));
  EXPECT_THAT(refusal(R"({"signals": []})"), HasSubstr("severity"));
  EXPECT_THAT(
      refusal(
          R"({"signals": [{"risk": "weather", "quote": "It", "probability": 1}], "severity": 1, "sentiment": "neutral"})"),
      HasSubstr("names a risk \"weather\""));
  EXPECT_THAT(refusal(R"({"signals": [], "severity": 9, "sentiment": "neutral"})"), HasSubstr("of its own making"));
  // A quote that is not in the text is no evidence, and its signal no signal.
  EXPECT_EQ(
      refusal(
          R"({"signals": [{"risk": "credit", "quote": "bankrupt", "probability": 1}], "severity": 1, "sentiment": "neutral"})"),
      "credit 0.000000");
}

}  // namespace
}  // namespace ballast::risk
