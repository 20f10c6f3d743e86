// SPDX-License-Identifier: Apache-2.0
// A chat model elsewhere, played by a server on loopback: what is sent, what is made of the answer, and what happens
// when there is none.
#include "ballast/remote/chat.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "tests/support/loopback_server.h"

namespace ballast::remote {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using testing::HasSubstr;

const Json kMessages = Json::parse(R"([{"role": "user", "content": "Up?"}])");

std::string answer_of(const std::string& text) {
  return Json{
      {"model", "m"},
      {"choices", {{{"index", 0}, {"finish_reason", "stop"}, {"message", {{"role", "assistant"}, {"content", text}}}}}},
      {"usage", {{"prompt_tokens", 3}, {"completion_tokens", 5}}}}
      .dump();
}

class Chat : public testing::Test {
 protected:
  test::LoopbackAnswer serve(const test::LoopbackRequest& request) {
    requests_.push_back(request);
    if (!answers_.empty()) {
      const test::LoopbackAnswer answer = answers_.front();
      answers_.erase(answers_.begin());
      return answer;
    }
    return {200, answer_of("Down.")};
  }
  std::string refusal(ErrorCode code) {
    try {
      ask_chat(target_, kMessages, options_);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code);
      return e.what();
    }
    return "no error";
  }

  std::vector<test::LoopbackRequest> requests_;
  std::vector<test::LoopbackAnswer> answers_;
  test::LoopbackServer server_{[this](const test::LoopbackRequest& r) { return serve(r); }};
  ChatTarget target_{server_.url() + "/v1", "m"};
  ChatOptions options_ = [] {
    ChatOptions o;
    o.allowed = true;
    o.first_pause = 0.01;
    o.total_seconds = 5;
    return o;
  }();
};

TEST(ChatTarget, Addresses) {
  EXPECT_FALSE(parse_chat_target("models/qwen"));
  const auto target = parse_chat_target("https://host:8443/v1/#qwen/3");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->base, "https://host:8443/v1");
  EXPECT_EQ(target->model, "qwen/3");
  EXPECT_EQ(parse_chat_target("http://host/v1")->model, "");
  EXPECT_THROW(parse_chat_target("https://user:secret@host/v1"), Error);
  EXPECT_THROW(parse_chat_target("https:///v1"), Error);
}

TEST_F(Chat, AsksAsOpenAiWritesIt) {
  options_.token = "secret";
  options_.schema = {{"type", "object"}};
  const ChatAnswer answer = ask_chat(target_, kMessages, options_);
  EXPECT_EQ(answer.text, "Down.");
  EXPECT_EQ(answer.finish_reason, "stop");
  EXPECT_EQ(answer.completion_tokens, 5);
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(requests_[0].target, "/v1/chat/completions");
  EXPECT_EQ(requests_[0].headers["authorization"], "Bearer secret");
  const Json body = Json::parse(requests_[0].body);
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["messages"], kMessages);
  EXPECT_EQ(body["response_format"]["json_schema"]["schema"]["type"], "object");
}

TEST_F(Chat, NothingIsSentUnlessAllowed) {
  options_.allowed = false;
  EXPECT_THAT(refusal(ErrorCode::usage),
              HasSubstr("is on another machine, and the text would leave this one (say --allow-remote"));
  options_.allowed = true;
  options_.token = "secret";
  target_.base = "http://model.example/v1";
  EXPECT_THAT(refusal(ErrorCode::usage), HasSubstr("the token would cross the network in clear"));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(Chat, RepeatsWhatMayFareBetter) {
  answers_ = {{503, ""}, {429, ""}, {200, answer_of("cut")}};
  answers_[2].cut_after = 20;
  EXPECT_EQ(ask_chat(target_, kMessages, options_).text, "Down.");
  EXPECT_EQ(requests_.size(), 4u);
  requests_.clear();
  answers_.assign(9, {500, R"({"error": {"message": "out of memory"}})"});
  EXPECT_THAT(refusal(ErrorCode::network), HasSubstr("answers 500: out of memory"));
  EXPECT_EQ(requests_.size(), 4u);
}

TEST_F(Chat, SaysWhatIsWrong) {
  answers_ = {{400, R"({"detail": "no such model"})"}};
  EXPECT_THAT(refusal(ErrorCode::network), HasSubstr("answers 400: no such model"));
  EXPECT_EQ(requests_.size(), 1u);  // asking again would not help
  answers_ = {{401, ""}};
  EXPECT_THAT(refusal(ErrorCode::network), HasSubstr("set BALLAST_REMOTE_TOKEN"));
  answers_ = {{200, "<html>"}};
  EXPECT_THAT(refusal(ErrorCode::bad_input), HasSubstr("not valid JSON"));
  answers_ = {{200, R"({"choices": []})"}};
  EXPECT_THAT(refusal(ErrorCode::bad_input), HasSubstr("the answer has no choice"));
  answers_ = {{200, R"({"choices": [{"message": {"content": 7}}]})"}};
  EXPECT_THAT(refusal(ErrorCode::bad_input), HasSubstr("has the wrong type"));
}

}  // namespace
}  // namespace ballast::remote
