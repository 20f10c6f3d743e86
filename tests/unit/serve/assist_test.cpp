// SPDX-License-Identifier: Apache-2.0
// The customer assistant over HTTP: cited answers, follow-ups, hand-overs, transcripts without personal data.
#include <gmock/gmock.h>

#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using nlohmann::json;
using test::HttpClient;

json ask(HttpClient& client, const std::string& message, const std::string& conversation = "") {
  json body = {{"message", message}};
  if (!conversation.empty()) body["conversation"] = conversation;
  const auto answer = client.post("/v1/assist/chat", body.dump());
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.json();
}

TEST(Assist, AChineseQuestionGetsACitedAnswerInChinese) {
  RunningServer running;
  HttpClient client(running.port());
  const json answer = ask(client, "银行卡丢了怎么挂失？");
  EXPECT_EQ(answer["status"], "answered") << answer;
  EXPECT_EQ(answer["language"], "zh");
  ASSERT_FALSE(answer["citations"].empty());
  EXPECT_NE(answer["answer"].get<std::string>().find("[1]"), std::string::npos);
  const auto decision = client.get("/v1/decisions/" + answer["decision_id"].get<std::string>());
  EXPECT_EQ(decision.json()["kind"], "answer");
}

TEST(Assist, PersonalDataIsInNoTranscript) {
  RunningServer running;
  HttpClient client(running.port());
  const json first =
      ask(client, "My card 4111 1111 1111 1111 is lost, mail me at ann@example.org: what is my balance?");
  EXPECT_EQ(first["status"], "handover") << first;
  const std::string id = first["conversation"];
  EXPECT_EQ(ask(client, "What does a replacement card cost?", id)["conversation"], id);
  const auto listed = client.get("/v1/assist/conversations").json()["items"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["turns"], 2);
  const auto transcript = client.get("/v1/assist/conversations/" + id);
  ASSERT_EQ(transcript.json()["messages"].size(), 4u) << transcript.body;
  EXPECT_EQ(transcript.json()["messages"][0]["role"], "customer");
  for (const char* secret : {"4111", "ann@example.org"}) {
    EXPECT_EQ(transcript.body.find(secret), std::string::npos) << secret;
    EXPECT_EQ(listed.dump().find(secret), std::string::npos) << secret;
  }
}

TEST(Assist, StreamsAndRefuses) {
  RunningServer running;
  HttpClient client(running.port());
  EXPECT_EQ(client.post("/v1/assist/chat", R"({"message":"  "})").status, 400);
  EXPECT_EQ(client.post("/v1/assist/chat", R"({"message":"hi","conversation":"none"})").status, 404);
  EXPECT_EQ(client.post("/v1/assist/chat", R"({"massage":"hi"})").status, 400);
  EXPECT_EQ(client.get("/v1/assist/conversations/none").status, 404);
  client.sent_headers["Accept"] = "text/event-stream";
  const auto streamed = client.post("/v1/assist/chat", R"({"message":"What does a replacement card cost?"})");
  EXPECT_EQ(streamed.headers.at("content-type").substr(0, 17), "text/event-stream");
  EXPECT_NE(streamed.body.find("event: done\ndata: {"), std::string::npos);
}

}  // namespace
}  // namespace ballast::serve
