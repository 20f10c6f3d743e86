// SPDX-License-Identifier: Apache-2.0
// Challengers in shadow: the answer is that of the model in charge whatever they do, and theirs is kept beside it.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "ballast/base/error.h"
#include "tests/unit/serve/loans.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using nlohmann::json;
using test::Answer;
using test::HttpClient;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kApplication = R"({"id":"A-1","application":{"income":4.5,"months":12,"home":"own"}})";

test::ScratchFolder& loans() {
  static const auto made = [] {
    auto folder = std::make_unique<test::ScratchFolder>();
    write_credit_model(folder->path());
    std::ofstream(*folder / "policy.toml") << kLoanPolicy;
    return folder;
  }();
  return *made;
}

std::function<void(ServeOptions&)> with_shadow(std::function<decide::Decision(const decide::Decision&)> answer,
                                               std::size_t queue = 1024) {
  return [answer = std::move(answer), queue](ServeOptions& o) {
    o.credit_models = {(loans() / "loans").string()};
    o.credit_policy = (loans() / "policy.toml").string();
    o.limits.queue = queue;
    o.shadows = {{"next", std::string(64, 'c'), "credit", answer}};
  };
}

decide::Decision shadow_of(const decide::Decision& was) {
  decide::Decision d;
  d.kind = "shadow";
  d.subject = was.id;
  d.inputs = {{"decision", was.id}, {"inputs", was.inputs}};
  d.model = "next";
  d.model_hash = std::string(64, 'c');
  d.probability = 0.5;
  return d;
}

std::vector<store::DecisionRecord> shadows_in(RunningServer& running, std::size_t expected) {
  for (int i = 0; i < 1000; ++i) {
    auto found = running.store().decisions("shadow", 100);
    if (found.size() >= expected) return found;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {};
}

std::string metrics(RunningServer& running, const std::string& until) {
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text = HttpClient(running.port()).get("/metrics").body;
    if (text.find(until) != std::string::npos) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return text;
}

TEST(Shadow, TheChallengersAnswerIsKeptBesideTheOneThatIsGiven) {
  RunningServer running(with_shadow(shadow_of));
  HttpClient client(running.port());
  const Answer decided = client.post("/v1/credit/applications", kApplication);
  ASSERT_EQ(decided.status, 201) << decided.body;
  EXPECT_NE(decided.json()["pd"], 0.5);
  const auto shadows = shadows_in(running, 1);
  ASSERT_EQ(shadows.size(), 1u);
  EXPECT_EQ(shadows[0].subject, decided.json()["decision_id"]);
  const json kept = client.get("/v1/decisions/" + shadows[0].id).json();
  EXPECT_EQ(kept["probability"], 0.5);
  EXPECT_EQ(client.get("/v1/credit/applications").json()["items"].size(), 1u) << "a shadow is no application decided";
  EXPECT_THAT(metrics(running, "answered_total"), HasSubstr("ballast_shadow_answered_total{challenger=\"next\"} 1"));
  client.post("/v1/credit/score", kApplication);
  EXPECT_EQ(running.store().decisions("shadow", 100).size(), 1u) << "a score is no decision";
}

TEST(Shadow, ASlowOneKeepsNobodyWaiting) {
  std::promise<void> begun, go_on;
  std::atomic<bool> first{true};
  RunningServer running(with_shadow(
      [&, wait = go_on.get_future().share()](const decide::Decision& was) {
        if (first.exchange(false)) begun.set_value();
        wait.wait();
        return shadow_of(was);
      },
      2));
  HttpClient client(running.port(), 20);
  EXPECT_EQ(client.post("/v1/credit/applications", kApplication).status, 201);
  begun.get_future().wait();
  for (int i = 0; i < 4; ++i) {
    const json body = {{"application", {{"income", 2 + i}, {"months", 12}, {"home", "own"}}}};
    EXPECT_EQ(client.post("/v1/credit/applications", body.dump()).status, 201) << "while the challenger is stuck";
  }
  EXPECT_TRUE(running.store().decisions("shadow", 100).empty());
  const std::string figures = metrics(running, "shadow_left");
  EXPECT_THAT(figures, HasSubstr("ballast_shadow_left_total{challenger=\"next\"} 2"));
  EXPECT_THAT(figures, HasSubstr("ballast_queue_waiting{lane=\"shadow\"} 2"));
  go_on.set_value();
  EXPECT_EQ(shadows_in(running, 3).size(), 3u);
}

TEST(Shadow, AFailingOneIsCountedAndTheLogSaysNothingOfTheApplicant) {
  RunningServer running(with_shadow([](const decide::Decision& was) -> decide::Decision {
    if (was.subject == "A-1") throw base::Error(base::ErrorCode::bad_input, "income of Ann Lee is no number");
    throw std::runtime_error("Ann Lee");
  }));
  HttpClient client(running.port());
  EXPECT_EQ(client.post("/v1/credit/applications", kApplication).status, 201);
  const json other = {{"id", "A-2"}, {"application", {{"income", 2}, {"months", 12}, {"home", "own"}}}};
  EXPECT_EQ(client.post("/v1/credit/applications", other.dump()).status, 201);
  EXPECT_THAT(metrics(running, "next\"} 2"), HasSubstr("ballast_shadow_failed_total{challenger=\"next\"} 2"));
  EXPECT_TRUE(running.store().decisions("shadow", 100).empty());
  std::string log;
  {
    const std::lock_guard lock(running.mutex);
    for (const std::string& line : running.log) log += line + "\n";
  }
  EXPECT_THAT(log, HasSubstr(R"("event":"shadow")"));
  EXPECT_THAT(log, HasSubstr(R"("failure":"bad-input")"));
  EXPECT_THAT(log, Not(HasSubstr("Ann")));
}

}  // namespace
}  // namespace ballast::serve
