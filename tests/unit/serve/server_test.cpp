// SPDX-License-Identifier: Apache-2.0
// A server on a real socket: documents in, signals out, and everything that a bad client may do.
#include "ballast/serve/server.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/store/lists.h"
#include "tests/support/database.h"
#include "tests/support/errors.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using nlohmann::json;
using test::Answer;
using test::HttpClient;
using ::testing::HasSubstr;

void expect_problem(const Answer& answer, int status) {
  EXPECT_EQ(answer.status, status) << answer.body;
  ASSERT_EQ(answer.headers.at("content-type"), "application/problem+json");
  const json problem = answer.json();
  EXPECT_EQ(problem["status"], status);
  EXPECT_FALSE(problem["detail"].get<std::string>().empty());
  EXPECT_EQ(problem["request_id"], answer.headers.at("x-request-id"));
}

TEST(Server, IsAliveReadyAndCounts) {
  RunningServer running;
  HttpClient client(running.port());
  EXPECT_EQ(client.get("/healthz").json()["status"], "alive");
  EXPECT_EQ(client.get("/readyz").json()["status"], "ready");
  const Answer metrics = client.get("/metrics");
  EXPECT_THAT(metrics.body,
              HasSubstr("ballast_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"));
  EXPECT_EQ(client.ask("HEAD", "/healthz").status, 200);
  EXPECT_EQ(client.get("/healthz").status, 200) << "the connection is kept";
  EXPECT_EQ(client.get("/v1/session").json()["mode"], "open");
}

TEST(Server, DocumentsAreThereWhenTheyAreAcknowledged) {
  RunningServer running;
  HttpClient client(running.port());
  const Answer stored = client.post("/v1/documents", R"([{"id":"a","text":"one"},{"text":" "},{"text":"two"}])");
  ASSERT_EQ(stored.status, 201) << stored.body;
  EXPECT_EQ(stored.json()["items"][0], json({{"id", "a"}, {"index", 0}, {"status", "added"}}));
  EXPECT_EQ(stored.json()["items"][1]["index"], 2);
  EXPECT_EQ(stored.json()["rejected"][0]["index"], 1);
  EXPECT_EQ(running.store().find_document("a")->text, "one");
  EXPECT_EQ(client.post("/v1/documents", R"({"id":"a","text":"one"})").json()["items"][0]["status"], "unchanged");
  EXPECT_EQ(client.post("/v1/documents", R"({"documents":[{"id":"a","text":"1"}]})").json()["items"][0]["status"],
            "changed");
  const json list = client.get("/v1/documents?limit=1").json();
  ASSERT_EQ(list["items"].size(), 1u);
  const json rest = client.get("/v1/documents?limit=1&cursor=" + list["next"].get<std::string>()).json();
  EXPECT_EQ(rest["items"].size(), 1u);
  EXPECT_TRUE(rest["next"].is_null());
  EXPECT_NE(rest["items"][0]["id"], list["items"][0]["id"]);
  EXPECT_EQ(client.get("/v1/documents?q=TW").json()["items"].size(), 1u);
  EXPECT_EQ(client.get("/v1/documents?q=%25").json()["items"].size(), 0u) << "a percent sign is no wildcard";
  const Answer csv = client.get("/v1/documents?format=csv");
  EXPECT_EQ(csv.headers.at("content-type"), "text/csv; charset=utf-8");
  EXPECT_THAT(csv.body, ::testing::StartsWith("id,title,text,"));
  expect_problem(client.post("/v1/documents", R"([{"text":"\n"}])"), 400);
  expect_problem(client.post("/v1/documents?scan=true", R"({"text":"x"})"), 501);
}

TEST(Server, WhatWasKnownThenIsKnownStill) {
  RunningServer running;
  HttpClient client(running.port());
  client.post("/v1/documents", R"({"id":"a","text":"first"})");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::string then = client.get("/v1/documents/a").json()["created_at"];
  client.post("/v1/documents", R"({"id":"a","text":"second"})");
  client.post("/v1/documents", R"({"id":"b","text":"other"})");
  EXPECT_EQ(client.get("/v1/documents/a").json()["text"], "second");
  EXPECT_EQ(client.get("/v1/documents/a?as_of=" + then).json()["text"], "first");
  EXPECT_EQ(client.get("/v1/documents?as_of=" + then).json()["items"].size(), 1u);
  EXPECT_EQ(client.get("/v1/documents?as_of=2001-01-01").json()["items"].size(), 0u);
}

TEST(Server, SignalsAlertsAndTheStream) {
  RunningServer running({}, true);
  HttpClient client(running.port()), listener(running.port());
  listener.send("GET /v1/stream?topics=signals,alerts HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(listener.read_until("event: hello"), HasSubstr("200 OK"));
  const char* text = "Acme Ltd defaulted on its bonds and filed for bankruptcy after creditors seized its assets.";
  const auto begin = std::chrono::steady_clock::now();
  const Answer stored = client.post("/v1/documents?scan=true", json({{"text", text}, {"title", "Acme"}}).dump());
  ASSERT_EQ(stored.status, 201) << stored.body;
  const json scanned = stored.json()["items"][0]["scan"];
  ASSERT_FALSE(scanned["signals"].empty()) << stored.body;
  const std::string events = listener.read_until("event: alert");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  RecordProperty("seconds_from_text_to_alert", std::to_string(took.count()));
  EXPECT_THAT(events, HasSubstr("event: signal"));

  const json signals = client.get("/v1/signals?order=probability&min_probability=0.1").json()["items"];
  ASSERT_FALSE(signals.empty());
  const json& signal = signals[0];
  EXPECT_EQ(signal["document"]["text"], text);
  EXPECT_EQ(signal["probability"], scanned["signals"][0]["probability"]) << "to the last bit";
  const std::string id = signal["id"];
  for (const json& span : signal["evidence"]) {
    const std::size_t start = span["start"], end = span["end"];
    EXPECT_EQ(std::string(text).substr(start, end - start), span["text"]);
  }
  EXPECT_FALSE(client.get("/v1/signals/" + id + "/attribution").json()["tokens"].empty());
  const Answer feedback =
      client.post("/v1/signals/" + id + "/feedback", R"({"verdict":"correct","risk":"market","note":"see page 2"})");
  EXPECT_EQ(feedback.status, 201) << feedback.body;
  EXPECT_EQ(client.get("/v1/signals/" + id).json()["feedback"]["risk"], "market");
  expect_problem(client.post("/v1/signals/" + id + "/feedback", R"({"verdict":"correct"})"), 400);

  const json alert = client.get("/v1/alerts?status=open").json()["items"][0];
  const std::string alert_path = "/v1/alerts/" + alert["id"].get<std::string>();
  EXPECT_EQ(client.post(alert_path + "/acknowledge", "{}").json()["status"], "acknowledged");
  expect_problem(client.post(alert_path + "/acknowledge", "{}"), 409);
  const json opened = client.post(alert_path + "/case", "").json();
  const std::string case_path = "/v1/operations/cases/" + opened["id"].get<std::string>();
  EXPECT_EQ(client.post(case_path + "/close", R"({"note":"known"})").json()["status"], "closed");
  expect_problem(client.post(case_path + "/close", R"({"note":"again"})"), 409);

  const json overview = client.get("/v1/overview").json();
  EXPECT_EQ(overview["counts"]["documents"], 1);
  EXPECT_EQ(overview["counts"]["signals"], signals.size());
  EXPECT_FALSE(overview["heat"]["entities"].empty());
  EXPECT_EQ(client.get("/v1/entities").json()["items"][0]["documents"], 1);
}

TEST(Server, StoredDocumentsAreScannedInTheBackground) {
  RunningServer running({}, true);
  HttpClient client(running.port());
  client.post("/v1/documents", R"({"id":"x","text":"The bank was fined for laundering money."})");
  json assessment;
  for (int i = 0; i < 500 && assessment.is_null(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    assessment = client.get("/v1/documents/x").json()["assessment"];
  }
  EXPECT_FALSE(assessment.is_null());
}

TEST(Server, ARequestWithItsOwnKeyHappensOnce) {
  RunningServer running;
  HttpClient client(running.port());
  client.sent_headers["Idempotency-Key"] = "k1";
  const std::string body = R"({"kind":"fraud","subject":"card 7","note":"called"})";
  const Answer first = client.post("/v1/operations/cases", body);
  const Answer again = client.post("/v1/operations/cases", body);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.at("idempotency-replayed"), "true");
  expect_problem(client.post("/v1/operations/cases", R"({"kind":"fraud","subject":"card 8","note":"c"})"), 409);
  client.sent_headers.clear();
  EXPECT_EQ(client.get("/v1/operations/cases").json()["items"].size(), 1u);
}

TEST(Server, BadRequestsGetProblemDocuments) {
  RunningServer running([](ServeOptions& o) {
    o.limits.body_bytes = 1000;
    o.limits.header_bytes = 2000;
  });
  const auto raw = [&](const std::string& text) {
    HttpClient client(running.port());
    client.send(text);
    client.close_sending();
    return client.answer();
  };
  HttpClient client(running.port());
  expect_problem(client.post("/v1/documents", "{"), 400);
  expect_problem(client.post("/v1/documents", ""), 400);
  expect_problem(client.post("/v1/documents", R"({"text":1})"), 400);
  expect_problem(client.post("/v1/documents", R"({"text":"a","colour":"red"})"), 400);
  expect_problem(client.post("/v1/documents", std::string(80, '[') + std::string(80, ']')), 400);
  expect_problem(client.get("/v1/documents?limit=0"), 400);
  expect_problem(client.get("/v1/documents?limit=abc"), 400);
  expect_problem(client.get("/v1/documents?cursor=zz"), 400);
  expect_problem(client.get("/v1/documents?as_of=never"), 400);
  expect_problem(client.get("/v1/documents?colour=red"), 400);
  expect_problem(client.get("/v1/documents/absent"), 404);
  expect_problem(client.get("/v1/absent"), 404);
  expect_problem(client.get("/%zz"), 400);
  const Answer wrong = client.ask("DELETE", "/v1/documents");
  expect_problem(wrong, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "POST, GET");
  EXPECT_EQ(raw("rubbish\r\n\r\n").status, 400);
  EXPECT_EQ(raw("GET / HTTP/3.7\r\n\r\n").status, 400);
  EXPECT_EQ(raw("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n").status, 413);
  EXPECT_EQ(raw("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n").status, 400);
  EXPECT_EQ(
      raw("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n").status,
      400);
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(3000, 'x') + "\r\n\r\n").status, 431);
  EXPECT_EQ(raw("POST /v1/scan HTTP/1.1\r\nHost: localhost\r\nExpect: coffee\r\nContent-Length: 2\r\n\r\n{}").status,
            417);
  EXPECT_EQ(raw("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{\"te").status, 408)
      << "cut in the middle";
  EXPECT_EQ(raw("").status, 0);
  EXPECT_EQ(raw("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                "e\r\n{\"text\":\"abc\"}\r\n0\r\n\r\n")
                .status,
            201);
  EXPECT_EQ(client.get("/healthz").status, 200) << "and the service is well";
}

TEST(Server, SlowClientsAreLetGo) {
  RunningServer running([](ServeOptions& o) {
    o.limits.header_time = std::chrono::seconds(1);
    o.limits.body_time = std::chrono::seconds(1);
    o.limits.idle_time = std::chrono::seconds(1);
  });
  HttpClient half(running.port()), silent(running.port()), body(running.port());
  half.send("GET /healthz HT");
  body.send("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{");
  EXPECT_EQ(half.answer().status, 0) << "closed";
  EXPECT_EQ(body.answer().status, 0);
  EXPECT_TRUE(silent.closed());
}

TEST(Server, RatesAndConnectionsAreBounded) {
  RunningServer running([](ServeOptions& o) {
    o.limits.rate = 1;
    o.limits.burst = 3;
    o.limits.connections = 2;
  });
  HttpClient one(running.port()), two(running.port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(one.get("/v1/session").status, 200);
  const Answer much = two.get("/v1/session");
  expect_problem(much, 429);
  EXPECT_EQ(much.headers.at("retry-after"), "1");
  EXPECT_EQ(one.get("/healthz").status, 200) << "whether it is alive may always be asked";
  HttpClient third(running.port());
  EXPECT_TRUE(third.closed());
}

TEST(Server, BodiesOfAllRequestsTogetherAreBounded) {
  RunningServer running([](ServeOptions& o) {
    o.limits.body_bytes = 900;
    o.limits.bodies_bytes = 1000;
  });
  const auto figure = [&](const std::string& name) {
    const std::string text = HttpClient(running.port()).get("/metrics").body;
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + name.size() + 2));
  };
  const std::string body = R"({"text":")" + std::string(700, 'a') + "\"}";
  HttpClient slow(running.port());
  slow.send("POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body.substr(0, 600));
  const auto becomes = [&](int bytes) {
    for (int i = 0; i < 500 && figure("ballast_http_body_bytes") != bytes; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return figure("ballast_http_body_bytes") == bytes;
  };
  EXPECT_TRUE(becomes(600)) << "what came counts, not what was announced";
  EXPECT_EQ(HttpClient(running.port()).post("/v1/documents", R"({"text":"short"})").status, 201)
      << "there is room for this";
  const Answer refused = HttpClient(running.port()).post("/v1/documents", body);
  expect_problem(refused, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(figure("ballast_http_bodies_refused"), 1);
  slow.send(body.substr(600));
  EXPECT_EQ(slow.answer().status, 201) << "who came first is answered";
  EXPECT_TRUE(becomes(0)) << "and gives back what it held";
  EXPECT_EQ(HttpClient(running.port()).post("/v1/documents", body).status, 201);
}

// A connection that is closed with bytes unread is reset, and what was answered may be lost on the way.
TEST(Server, WhoSendsTooMuchIsToldSo) {
  RunningServer running([](ServeOptions& o) { o.limits.body_bytes = 1 << 20; });
  HttpClient client(running.port());
  expect_problem(client.post("/v1/documents", std::string((1 << 20) + 1, 'x')), 413);
  client.close_sending();
  EXPECT_TRUE(client.ends_in_order());
}

TEST(Server, AnOpenServiceKnowsItsOwnNamesOnly) {
  RunningServer running;
  HttpClient client(running.port());
  client.send("GET /v1/documents HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  expect_problem(client.answer(), 403);
  client.sent_headers["Origin"] = "https://evil.example";
  expect_problem(client.post("/v1/documents", R"({"text":"a"})"), 403);
}

TEST(Server, RefusesOtherMachinesWithoutEncryption) {
  ServeOptions options;
  options.address = "0.0.0.0";
  options.store = "sqlite:/nowhere/at/all.db";
  EXPECT_THAT(test::problem_of([&] { Server server(options); }), HasSubstr("without encryption"));
  options.address = "not an address";
  EXPECT_THAT(test::problem_of([&] { Server server(options); }), HasSubstr("no address"));
}

TEST(Server, FinishesWhatItAcceptedWhenItStops) {
  RunningServer running({}, true);
  HttpClient client(running.port());
  json documents = json::array();
  for (int i = 0; i < 200; ++i) documents.push_back({{"text", "The bank cut its outlook, note " + std::to_string(i)}});
  const std::string body = documents.dump();
  client.send("POST /v1/documents?scan=true HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  running.server->stop();
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(running.store().counts().assessments, 200);
  EXPECT_THROW(HttpClient{running.options.port}, std::runtime_error);
}

// A page of the backlog is being scanned when the service stops, and long before its end there is neither a connection
// nor a timer: the connections' thread then had nothing to do, ended, and left the stop waiting for ever.
TEST(Server, StopsThoughItsConnectionsHaveEndedLongBefore) {
  RunningServer running([](ServeOptions& o) { o.limits.keep_alive = std::chrono::milliseconds(2); }, true);
  json documents = json::array();
  for (int i = 0; i < 1000; ++i) documents.push_back({{"text", "The bank cut its outlook, note " + std::to_string(i)}});
  EXPECT_EQ(HttpClient(running.port()).post("/v1/documents", documents.dump()).status, 201);
  store::Store store = running.store();
  for (int i = 0; i < 10000 && store.counts().assessments == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  std::promise<void> stopped;
  std::thread stopping([&] {
    running.server->stop();
    stopped.set_value();
  });
  if (stopped.get_future().wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
    ADD_FAILURE() << "the stop hangs";
    std::abort();  // neither thread would ever end
  }
  stopping.join();
  const std::int64_t scanned = store.counts().assessments;
  EXPECT_GT(scanned, 0);
  EXPECT_LT(scanned, 1000) << "else nothing was at work when it stopped, and this test shows nothing";
}

TEST(Server, ServesTheDashboardAndNothingBesideIt) {
  RunningServer running([](ServeOptions& o) {
    o.web = std::filesystem::path(o.store.substr(7)).parent_path() / "web";
    std::filesystem::create_directories(o.web / "assets");
    std::ofstream(o.web / "index.html") << "<p>page</p>";
    std::ofstream(o.web / "assets/a.js") << "1";
    std::ofstream(o.web.parent_path() / "secret.txt") << "hidden";
    std::filesystem::create_symlink(o.web.parent_path() / "secret.txt", o.web / "link.txt");
  });
  HttpClient client(running.port());
  const Answer page = client.get("/");
  EXPECT_EQ(page.body, "<p>page</p>");
  EXPECT_THAT(page.headers.at("content-security-policy"), HasSubstr("default-src 'self'"));
  EXPECT_EQ(client.get("/signals/7").body, "<p>page</p>") << "the page's own places";
  EXPECT_THAT(client.get("/assets/a.js").headers.at("cache-control"), HasSubstr("immutable"));
  for (const char* path : {"/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/link.txt", "/no.js"}) {
    EXPECT_THAT(client.get(path).body, ::testing::Not(HasSubstr("hidden"))) << path;
  }
  client.sent_headers["If-None-Match"] = page.headers.at("etag");
  EXPECT_EQ(client.get("/").status, 304);
}

// The server drops every connection, as it does when it is restarted: requests and events go on.
TEST(Server, OutlivesARestartOfItsDatabase) {
  BALLAST_POSTGRESQL_ONLY();
  RunningServer running([](ServeOptions& o) { o.store += "&application_name=ballast_cut_off"; });
  HttpClient client(running.port());
  EXPECT_EQ(client.post("/v1/documents", R"({"text":"before"})").status, 201);
  EXPECT_EQ(
      test::Database(test::postgresql_server())
          .run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ballast_cut_off'"),
      "");
  EXPECT_EQ(client.post("/v1/documents", R"({"text":"after"})").status, 201);
  EXPECT_EQ(client.get("/v1/documents").json()["items"].size(), 2u);
}

}  // namespace
}  // namespace ballast::serve
