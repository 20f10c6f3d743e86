// SPDX-License-Identifier: Apache-2.0
// The desks over HTTP: credit, markets, advice, operations, and the routes of OpenAI's clients.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "ballast/base/random.h"
#include "ballast/risk/market.h"
#include "ballast/store/work.h"
#include "tests/support/tiny_model.h"
#include "tests/unit/serve/loans.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using nlohmann::json;
using test::Answer;
using test::HttpClient;
using ::testing::HasSubstr;

std::filesystem::path write_prices(const std::filesystem::path& file) {
  base::Random random(6);
  std::ofstream out(file);
  out << "date,close\n";
  double price = 100;
  const std::chrono::sys_days first = std::chrono::year(2015) / 1 / 5;
  for (int i = 0; i < 1100; ++i) {
    price *= std::exp(0.01 * random.normal());
    out << risk::day_text(first + std::chrono::days(i / 5 * 7 + i % 5)) << ',' << price << '\n';
  }
  return file;
}

/// Models and prices, made once for all tests of this file.
test::ScratchFolder& files() {
  static const auto made = [] {
    auto folder = std::make_unique<test::ScratchFolder>();
    write_credit_model(folder->path());
    write_prices(*folder / "stock.csv");
    std::ofstream(*folder / "policy.toml") << kLoanPolicy;
    std::filesystem::create_directories(*folder / "tiny");
    test::write_tiny_model(*folder / "tiny", test::tiny_gpt2_arch(300, 256), text::TokenizerKind::decoder);
    return folder;
  }();
  return *made;
}

class DesksOverHttp : public ::testing::Test {
 protected:
  DesksOverHttp()
      : running_([](ServeOptions& o) {
          o.credit_models = {(files() / "loans").string()};
          o.credit_policy = (files() / "policy.toml").string();
          o.prices = {(files() / "stock.csv").string()};
          o.causal_models = {(files() / "tiny").string()};
        }),
        client_(running_.port(), 120) {}

  RunningServer running_;
  HttpClient client_;
};

json application(double income, int months) {
  return {{"income", income}, {"months", months}, {"home", "own"}};
}

TEST_F(DesksOverHttp, AnApplicationIsDecidedAndKept) {
  const json body = {{"id", "A-1"}, {"application", application(4.5, 12)}};
  const Answer decided = client_.post("/v1/credit/applications", body.dump());
  ASSERT_EQ(decided.status, 201) << decided.body;
  const json d = decided.json();
  EXPECT_EQ(d["id"], "A-1");
  EXPECT_EQ(d["outcome"], "approve");
  EXPECT_EQ(d["amount"], "5000.00");
  EXPECT_LE(d["reasons"].size(), 4u);
  const json kept = client_.get("/v1/decisions/" + d["decision_id"].get<std::string>()).json();
  EXPECT_EQ(kept["subject"], "A-1");
  EXPECT_EQ(kept["probability"], d["pd"]) << "to the last bit";
  EXPECT_EQ(kept["inputs"]["application"]["income"], "4.5");
  EXPECT_EQ(kept["build"], "0+test");
  EXPECT_EQ(client_.get("/v1/credit/applications?outcome=approve").json()["items"].size(), 1u);
  EXPECT_EQ(client_.get("/v1/credit/applications?outcome=decline").json()["items"].size(), 0u);
  const Answer poor = client_.post("/v1/credit/applications", json{{"application", application(1, 60)}}.dump());
  EXPECT_EQ(poor.json()["outcome"], "decline") << poor.body;
}

TEST_F(DesksOverHttp, WhatCannotBeScoredSaysWhichField) {
  json body = {{"application", application(3, 12)}};
  body["application"]["income"] = "much";
  const Answer answer = client_.post("/v1/credit/score", body.dump());
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_EQ(answer.json()["where"], "body.application.income");
  body["application"].erase("income");
  EXPECT_EQ(client_.post("/v1/credit/score", body.dump()).status, 400);
  body = {{"application", application(3, 12)}, {"model", "absent"}};
  EXPECT_EQ(client_.post("/v1/credit/score", body.dump()).status, 404);
}

TEST_F(DesksOverHttp, WhatIfVariesOneColumnAtATime) {
  const json body = {{"application", application(3, 24)}, {"vary", {{"income", {2, 3, 4}}, {"months", {24, "x"}}}}};
  const Answer answer = client_.post("/v1/credit/what-if", body.dump());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json items = answer.json()["items"];
  ASSERT_EQ(items.size(), 5u);
  EXPECT_GT(items[0]["pd"], items[2]["pd"]) << "more income, less risk";
  EXPECT_EQ(items[1]["pd"], answer.json()["base"]["pd"]);
  EXPECT_EQ(items[3]["pd"], answer.json()["base"]["pd"]);
  EXPECT_FALSE(items[4].contains("pd"));
  EXPECT_TRUE(items[4].contains("reason"));
  EXPECT_EQ(client_.get("/v1/decisions").json()["items"].size(), 0u) << "nothing is kept";
}

TEST_F(DesksOverHttp, ACreditModelShowsItsInputsAndItsFairness) {
  const json model = client_.get("/v1/credit/models/loans").json();
  std::map<std::string, json> inputs;
  for (const json& input : model["inputs"]) inputs[input["name"]] = input;
  EXPECT_EQ(inputs.size(), 3u) << "the protected column is no input";
  EXPECT_LT(inputs["income"]["min"], inputs["income"]["max"]);
  EXPECT_EQ(inputs["home"]["levels"], json({"own", "rent"}));
  EXPECT_FALSE(model["candidates"].empty());
  EXPECT_EQ(model["policy"]["approve_pd"], 0.3);
  const json fairness = client_.get("/v1/credit/models/loans/fairness").json();
  EXPECT_EQ(fairness["items"][0]["column"], "sex");
}

TEST_F(DesksOverHttp, VarComesWithItsBackTests) {
  EXPECT_EQ(client_.get("/v1/prices").json()["items"][0]["id"], "stock:close");
  const json prices = client_.get("/v1/prices/stock:close?max_points=100").json()["series"];
  EXPECT_LE(prices.size(), 100u);
  EXPECT_EQ(client_.get("/v1/prices/stock:close?as_of=2015-01-09").json()["series"].size(), 5u);
  const Answer answer =
      client_.post("/v1/forecasts/var", R"({"instrument":"stock:close","method":"historical","window":250})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json v = answer.json();
  EXPECT_EQ(v["series"].size(), 1100u - 1 - 250);
  std::int64_t exceptions = 0;
  for (const json& day : v["series"]) {
    EXPECT_EQ(day["exception"].get<bool>(), day["return"] < -day["var"].get<double>());
    exceptions += day["exception"].get<bool>();
  }
  EXPECT_EQ(v["tests"]["exceptions"], exceptions);
  EXPECT_EQ(client_.get("/v1/forecasts").json()["items"][0]["id"], v["decision_id"]);
  EXPECT_EQ(client_.post("/v1/forecasts/var", R"({"instrument":"gold:close"})").status, 404);
  EXPECT_EQ(client_.post("/v1/forecasts/var", R"({"instrument":"stock:close","method":"guess"})").status, 400);
}

TEST_F(DesksOverHttp, AForecastIsAJobWithAResult) {
  const Answer started = client_.post("/v1/forecasts/direction",
                                      R"({"instrument":"stock:close","models":["logistic"],"calendar":"weekdays"})");
  ASSERT_EQ(started.status, 202) << started.body;
  json job = started.json()["job"];
  const std::string path = started.headers.at("location");
  for (int i = 0; i < 1200 && (job["status"] == "queued" || job["status"] == "running"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    job = client_.get(path).json();
  }
  ASSERT_EQ(job["status"], "done") << job.dump();
  EXPECT_TRUE(job["result"].contains("probability_up"));
  EXPECT_FALSE(job["result"]["walk_forward"]["series"].empty());
  EXPECT_EQ(client_.post(path + "/cancel", "").status, 409) << "it has ended";
}

TEST_F(DesksOverHttp, AdviceFollowsTheQuestionnaire) {
  const json questions = client_.get("/v1/advice/questionnaire").json()["questions"];
  json answers = json::object();
  for (const json& q : questions) answers[q["id"]] = q["answers"].back()["key"];
  json body = {{"client", "Ann \"A\" Example"},
               {"answers", answers},
               {"holdings",
                {{{"instrument", "close"}, {"currency", "EUR"}, {"quantity", 10}},
                 {{"instrument", "EUR"}, {"currency", "EUR"}, {"value", 500}, {"class", "cash"}}}}};
  const Answer advised = client_.post("/v1/advice", body.dump());
  ASSERT_EQ(advised.status, 201) << advised.body;
  EXPECT_FALSE(advised.json()["text"]["zh"]["paragraphs"].empty());
  const Answer page = client_.get("/v1/advice/" + advised.json()["decision_id"].get<std::string>() + "/report");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("Ann &quot;A&quot; Example"));
  body["answers"].erase(body["answers"].begin());
  EXPECT_EQ(client_.post("/v1/advice", body.dump()).status, 400);
}

TEST_F(DesksOverHttp, LogsBecomeTemplates) {
  json lines = json::array();
  for (int i = 0; i < 12; ++i)
    lines.push_back("Failed password for user" + std::to_string(i) + " from 10.0.0.1 port 22");
  const json answer = client_.post("/v1/operations/templates", json{{"lines", lines}}.dump()).json();
  EXPECT_EQ(answer["templates"].size(), 1u);
  EXPECT_EQ(answer["items"][3]["parameters"][0], "user3");
  EXPECT_EQ(client_.post("/v1/operations/log-anomalies", json{{"lines", lines}}.dump()).status, 501);
  EXPECT_EQ(client_.post("/v1/operations/events", R"({"horizon_days":30})").status, 422) << "no losses yet";
}

TEST_F(DesksOverHttp, EventProbabilitiesComeFromTheRegister) {
  std::vector<store::LossEventRecord> losses;
  for (int i = 0; i < 60; ++i) {
    const auto day = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1) + std::chrono::days(i * 11);
    losses.push_back({"l" + std::to_string(i), risk::day_text(day), i % 3 == 0 ? "systems" : "execution", "", "10.00",
                      "0.00", "EUR", "", "2026-01-01T00:00:00.000Z"});
  }
  running_.store().put_losses(losses);
  const Answer answer = client_.post("/v1/operations/events", R"({"horizon_days":30,"types":["systems"]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json forecast = answer.json()["forecasts"][0];
  EXPECT_GT(forecast["probability"], 0.3);
  const json newest = client_.get("/v1/operations/event-probabilities").json()["items"];
  ASSERT_EQ(newest.size(), 1u);
  EXPECT_EQ(newest[0]["decision_id"], forecast["decision_id"]);
  EXPECT_EQ(client_.get("/v1/operations/losses?type=systems&limit=5").json()["items"].size(), 5u);
}

TEST_F(DesksOverHttp, LossesAreCheckedAndKeptOnce) {
  const auto loss = [](const char* id, const json& amount, const char* type = "systems") {
    return json{{"id", id}, {"date", "2025-03-01"}, {"type", type}, {"amount", amount}, {"currency", "EUR"}};
  };
  const auto post = [&](const json& losses) {
    return client_.post("/v1/operations/losses", json{{"losses", losses}}.dump());
  };
  json future = loss("f", 1);
  future["date"] = "2999-01-01";
  json recovered = loss("r", "10");
  recovered["recovery"] = 20;
  const Answer first = post({loss("a", 12.345), loss("b", "1e3"), loss("a", 1), loss("c", 5, "weather"), loss("d", -1),
                             future, recovered, loss("", 1)});
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.json()["items"],
            json({{{"id", "a"}, {"index", 0}, {"status", "added"}}, {{"id", "b"}, {"index", 1}, {"status", "added"}}}));
  std::map<int, std::string> columns;
  const json said = first.json();
  for (const json& one : said["rejected"]) columns[one["index"]] = one["column"];
  EXPECT_EQ(columns, (std::map<int, std::string>{
                         {2, "id"}, {3, "type"}, {4, "amount"}, {5, "date"}, {6, "recovery"}, {7, "id"}}));
  const json again = post({loss("a", 12.345), loss("b", 7)}).json()["items"];
  EXPECT_EQ(again[0]["status"], "unchanged");
  EXPECT_EQ(again[1]["status"], "differs");
  const json kept = client_.get("/v1/operations/losses").json()["items"];
  ASSERT_EQ(kept.size(), 2u);
  for (const json& one : kept)
    EXPECT_EQ(one["amount"], one["id"] == "a" ? "12.34" : "1000.00") << "half to even, first entry";
  const Answer none = post(json::array({loss("x", "much")}));
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(none.json()["where"], "body.losses[0].amount");
  EXPECT_EQ(post(json::array()).status, 400);
  json misspelt = loss("m", 1);
  misspelt["recovry"] = 1;
  EXPECT_EQ(post(json::array({misspelt})).status, 400) << "a misspelt name would be lost";
}

TEST_F(DesksOverHttp, SpeakOpenAisProtocol) {
  const json models = client_.get("/v1/models").json();
  EXPECT_EQ(models["object"], "list");
  EXPECT_EQ(models["data"].size(), 2u);
  EXPECT_EQ(models["data"][0]["in_charge"], false);
  store::ModelRecord known;
  known.hash = models["data"][0]["sha256"].get<std::string>(), known.purpose = "x", known.role = "champion",
  known.owner = "ann";
  known.limits = known.evidence = "[]";
  store::Store own = running_.store();
  store::Work(own).put_model(known, "model.register");
  const json in_charge = client_.get("/v1/models").json()["data"];
  EXPECT_EQ(in_charge[0]["in_charge"], true);
  EXPECT_EQ(in_charge[0]["owner"], "ann");
  EXPECT_EQ(in_charge[1]["in_charge"], false);
  const json body = {
      {"model", "tiny"}, {"prompt", "The bank"}, {"max_tokens", 5}, {"temperature", 0}, {"stop", nullptr}};
  const Answer whole = client_.post("/v1/completions", body.dump());
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.json()["object"], "text_completion");
  EXPECT_EQ(whole.json()["usage"]["completion_tokens"], 5);
  const std::string text = whole.json()["choices"][0]["text"];

  json streamed = body;
  streamed["stream"] = true;
  HttpClient reader(running_.port());
  const std::string sent = streamed.dump();
  reader.send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(sent.size()) +
              "\r\n\r\n" + sent);
  const std::string events = reader.read_until("[DONE]");
  std::string together;
  for (auto at = events.find("data: {"); at != std::string::npos; at = events.find("data: {", at + 1)) {
    together += json::parse(events.substr(at + 6, events.find('\n', at) - at - 6))["choices"][0]["text"];
  }
  EXPECT_EQ(together, text);

  const json chat = {
      {"model", "tiny"},
      {"messages", {{{"role", "system"}, {"content", "Be brief."}}, {{"role", "user"}, {"content", "Hi"}}}},
      {"max_tokens", 3}};
  const json said = client_.post("/v1/chat/completions", chat.dump()).json();
  EXPECT_EQ(said["object"], "chat.completion");
  EXPECT_EQ(said["choices"][0]["message"]["role"], "assistant");

  const json vectors = client_.post("/v1/embeddings", R"({"model":"tiny","input":["The bank","央行"]})").json();
  ASSERT_EQ(vectors["data"].size(), 2u);
  double square = 0;
  for (const double x : vectors["data"][0]["embedding"]) square += x * x;
  EXPECT_NEAR(square, 1, 1e-4);
  EXPECT_EQ(client_.post("/v1/embeddings", R"({"model":"tiny","input":"a","encoding_format":"base64"})")
                .json()["data"][0]["embedding"]
                .get<std::string>()
                .size(),
            24u * 4 / 3 * 4)
      << "24 floats, 4 bytes each, 4 characters for 3 bytes";
  // Texts of several requests grow together and become what they would have become alone.
  const auto of_seed = [&](int seed) {
    json wish = body;
    wish["temperature"] = 1;
    wish["seed"] = seed;
    wish["max_tokens"] = 12;
    HttpClient own(running_.port());
    return own.post("/v1/completions", wish.dump()).json()["choices"][0]["text"].get<std::string>();
  };
  std::vector<std::string> alone, beside(8);
  for (int i = 0; i < 8; ++i) alone.push_back(of_seed(i));
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back([&, i] { beside[static_cast<std::size_t>(i)] = of_seed(i); });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(beside, alone);

  json held = body;
  held["max_tokens"] = 20;
  held["response_format"] =
      json::parse(R"({"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": ["up", "down"]}}})");
  const std::string value = client_.post("/v1/completions", held.dump()).json()["choices"][0]["text"];
  EXPECT_TRUE(value == "\"up\"" || value == "\"down\"") << value;
  held["response_format"]["json_schema"]["schema"] = {{"type", "string"}, {"pattern", "a"}};
  EXPECT_GE(client_.post("/v1/completions", held.dump()).status, 400);
  const Answer wrong = client_.post("/v1/chat/completions", R"({"model":"tiny","messages":"hello"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.json()["error"]["type"], "invalid_request_error");
}

}  // namespace
}  // namespace ballast::serve
