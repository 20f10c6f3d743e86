// SPDX-License-Identifier: Apache-2.0
// Events to another system: signed, sent again until they are taken, and not lost by a restart. And copies of a store.
#include "ballast/serve/live/webhooks.h"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/serve/auth/secrets.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using nlohmann::json;
using test::Answer;
using test::HttpClient;

/// Takes requests one after the other and answers each with the next status (the last one for ever).
class Receiver {
 public:
  explicit Receiver(std::vector<int> statuses) : statuses_(std::move(statuses)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&at), size);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~Receiver() {
    ::shutdown(socket_, SHUT_RDWR);
    ::close(socket_);
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  std::vector<std::string> requests(std::size_t count) {
    for (int i = 0; i < 1000; ++i) {
      {
        const std::lock_guard lock(mutex_);
        if (requests_.size() >= count) return requests_;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return requests_;
  }

 private:
  void run() {
    for (std::size_t n = 0;; ++n) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      std::string text;
      char bytes[4096];
      for (ssize_t got = 0; (got = ::recv(client, bytes, sizeof bytes, 0)) > 0;) {
        text.append(bytes, static_cast<std::size_t>(got));
        const auto head = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
        if (head != std::string::npos && text.size() >= head + 4 + std::stoul(text.substr(length + 16))) break;
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(text);
      }
      const std::string answer = "HTTP/1.1 " + std::to_string(statuses_[std::min(n, statuses_.size() - 1)]) +
                                 " X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(client);
    }
  }
  std::vector<int> statuses_;
  int socket_ = -1;
  unsigned short port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ") + name.size() + 4;
  return request.substr(at, request.find('\r', at) - at);
}

TEST(Webhooks, AreSignedAndSentAgainUntilTaken) {
  Receiver receiver({500, 500, 200});
  RunningServer running([](ServeOptions& o) { o.limits.webhook_pause = std::chrono::milliseconds(20); });
  HttpClient client(running.port());
  const Answer made = client.post("/v1/webhooks", json{{"url", receiver.url()}, {"topics", {"cases"}}}.dump());
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_FALSE(client.get("/v1/webhooks").json()["items"][0].contains("secret"));
  client.post("/v1/operations/cases", R"({"kind":"fraud","subject":"card 7","note":"called"})");
  const auto requests = receiver.requests(3);
  ASSERT_EQ(requests.size(), 3u);
  for (const std::string& request : requests) {
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    EXPECT_EQ(header(request, "X-Ballast-Signature"),
              "sha256=" + hmac_hex(made.json()["secret"], header(request, "X-Ballast-Timestamp") + "." + body));
    EXPECT_EQ(json::parse(body)["data"]["subject"], "card 7");
    EXPECT_EQ(header(request, "X-Ballast-Delivery"), header(requests[0], "X-Ballast-Delivery"));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_EQ(receiver.requests(3).size(), 3u) << "what was taken is not sent again";
  EXPECT_EQ(client.ask("DELETE", "/v1/webhooks/" + made.json()["id"].get<std::string>()).status, 204);
  EXPECT_EQ(client.post("/v1/webhooks", R"({"url":"file:///etc/passwd"})").status, 400);
}

TEST(Webhooks, WaitingOnesOutliveARestart) {
  Receiver receiver({200});
  RunningServer running([](ServeOptions& o) { o.limits.webhook_pause = std::chrono::milliseconds(20); });
  {
    store::Store store = running.store();
    store::Work work(store);
    work.put_webhook({"w", receiver.url(), "", "secret", "2026-01-01T00:00:00.000Z"});
    running.server->stop();
    work.put_deliveries({{"d", "w", R"({"id":"d"})", "waiting", 0, "2026-01-01T00:00:00.000Z", "", "2026"}});
  }
  running.start();
  EXPECT_EQ(receiver.requests(1).size(), 1u);
}

TEST(Webhooks, PausesDoubleUpToSixHours) {
  using std::chrono::milliseconds;
  EXPECT_EQ(webhook_pause(1, milliseconds(5000)), milliseconds(5000));
  EXPECT_EQ(webhook_pause(4, milliseconds(5000)), milliseconds(40000));
  EXPECT_EQ(webhook_pause(60, milliseconds(5000)), std::chrono::hours(6));
}

TEST(Backup, IsTakenAndPutBackUnderARunningService) {
  RunningServer running;
  HttpClient client(running.port());
  client.post("/v1/documents", R"({"id":"a","text":"first"})");
  const Answer copy = client.post("/v1/backup", "");
  ASSERT_EQ(copy.status, 200);
  const auto file = running.folder / "copy.db";
  std::ofstream(file, std::ios::binary) << copy.body;
  EXPECT_EQ(store::Store::open("sqlite:" + file.string()).find_document("a")->text, "first");
  client.post("/v1/documents", R"({"id":"b","text":"second"})");
  EXPECT_EQ(client.get("/v1/documents").json()["items"].size(), 2u);
  store::Store store = running.store();
  store::Work(store).restore(file);
  EXPECT_EQ(client.get("/v1/documents").json()["items"].size(), 1u);
  EXPECT_EQ(client.post("/v1/documents", R"({"id":"c","text":"third"})").status, 201) << "and it goes on";
  std::ofstream(running.folder / "bad.db") << "no database";
  EXPECT_THROW(store::Work(store).restore(running.folder / "bad.db"), base::Error);
  EXPECT_EQ(client.get("/v1/documents").json()["items"].size(), 2u);
}

}  // namespace
}  // namespace ballast::serve
