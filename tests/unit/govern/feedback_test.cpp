// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/feedback.h"

#include <gmock/gmock.h>

#include <cmath>

namespace ballast::govern {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class Feedback : public ::testing::Test {
 protected:
  void decide(const std::string& id, const std::string& said, const std::string& model = "m@1") {
    store_.put_decisions(std::vector<store::DecisionRecord>{
        {id, "intent", "row", R"({"text":"text of )" + id + R"("})", "hash", "m", model, "", "b", "avx2", 0,
         R"({"outcome":{"intent":")" + said + R"("},"probability":0.5})", "{}", "2026-11-22T00:00:00Z"}});
  }
  void say(const std::string& id, const std::string& actor, const std::string& verdict, const std::string& label = "") {
    const std::string number = std::to_string(++said_);
    store::Work(store_).put_feedback(
        {"f" + number, "decision", id, verdict, label, -1, "", actor, "2026-11-22T00:00:0" + number + "Z"});
  }
  store::Store store_ = store::Store::open("sqlite::memory:");
  int said_ = 0;
};

TEST_F(Feedback, TheLastWordOfEachCountsAndAgreementSettles) {
  decide("a", "card");
  decide("b", "loan");
  decide("c", "loan");
  decide("d", "loan", "other@2");
  say("a", "ann", "accept");
  say("b", "ann", "correct", "card");
  say("b", "ann", "correct", "fee");  // she thought again
  say("b", "bo", "correct", "fee");
  say("c", "ann", "correct", "fee");
  say("c", "bo", "accept");
  say("d", "ann", "reject");
  const auto answers = reviewed_answers(store_, "");
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0].settled(), "card");
  EXPECT_EQ(answers[1].settled(), "fee");
  EXPECT_EQ(answers[1].opinions.size(), 2u);
  EXPECT_EQ(answers[2].settled(), "");
  const FeedbackSummary s = summarise_feedback(answers);
  EXPECT_EQ(s.confirmed, 1);
  EXPECT_EQ(s.corrected, 1);
  EXPECT_EQ(s.disputed, 1);
  EXPECT_EQ(s.unlabelled, 1);
  EXPECT_EQ(s.by_several, 2);
  EXPECT_THAT(s.confusions, ElementsAre(Pair("loan -> fee", 1)));
  // Labels of b: fee fee; of c: fee loan. Observed disagreement 2, expected 4 - (3*2)/3 = 2: alpha = 1 - 2/2.
  EXPECT_NEAR(s.alpha, 0, 1e-12);
  EXPECT_EQ(reviewed_answers(store_, "1").size(), 3u);  // the hash alone names the model
  EXPECT_EQ(reviewed_answers(store_, "other@2").size(), 1u);
}

TEST_F(Feedback, ARowKnowsWhereItsLabelComesFrom) {
  decide("a", "card");
  say("a", "ann", "correct", "fee");
  const base::Json row = labelled_row(reviewed_answers(store_, "").front(), "text", "label");
  EXPECT_EQ(row["text"], "text of a");
  EXPECT_EQ(row["label"], "fee");
  EXPECT_EQ(row["provenance"]["said"], "card");
  EXPECT_EQ(row["provenance"]["feedback"][0]["actor"], "ann");
}

TEST_F(Feedback, SignalsBecomeDocumentsWithTheRisksTheyShouldHave) {
  for (const char* id : {"d1", "d2"}) {
    store::AssessedDocument a;
    a.document = {id, "feed", 1, "", std::string("text of ") + id, "en", "", "hash", "2026-11-22T00:00:00Z"};
    a.assessment = {id, "m@1", "negative", 0.9, 2, 0.8, "{}", "2026-11-22T00:00:00Z"};
    for (const char* risk : {"credit", "market", "policy"}) {
      a.signals.push_back({store::signal_id(id, risk, "m@1"), id, risk, 0.9, 0.8, 0.95, "", "[]", "[]", "m@1", 0,
                           "2026-11-22T00:00:00Z"});
    }
    store_.put_assessed(std::vector{a});
  }
  const auto judge = [&](const char* document, const char* risk, const char* actor, const char* verdict,
                         const char* right) {
    const std::string number = std::to_string(++said_);
    store::Work(store_).put_feedback({"f" + number, "signal", store::signal_id(document, risk, "m@1"), verdict, right,
                                      -1, "", actor, "2026-11-22T00:00:0" + number + "Z"});
  };
  judge("d1", "credit", "ann", "accept", "");
  judge("d1", "market", "ann", "reject", "");
  judge("d1", "policy", "ann", "correct", "liquidity");
  judge("d2", "credit", "ann", "accept", "");
  judge("d2", "credit", "bo", "reject", "");
  std::int64_t disputed = 0;
  const auto rows = signal_rows(store_, "text", "risks", disputed);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(disputed, 1);
  EXPECT_EQ(rows[0]["text"], "text of d1");
  EXPECT_EQ(rows[0]["risks"].dump(), R"(["credit","liquidity"])");
  EXPECT_EQ(rows[0]["provenance"]["said"].dump(), R"(["credit","market","policy"])");
}

TEST_F(Feedback, NothingSaidIsNoAgreement) {
  EXPECT_TRUE(reviewed_answers(store_, "").empty());
  EXPECT_TRUE(std::isnan(summarise_feedback({}).alpha));
}

}  // namespace
}  // namespace ballast::govern
