// SPDX-License-Identifier: Apache-2.0
// A small server of our own answers on the loopback, so that no network is needed.
#include "ballast/ingest/live.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "ballast/base/error.h"
#include "tests/support/scratch.h"

namespace ballast::ingest {
namespace {

/// Answers each connection with the next of its answers, the last one again and again, and keeps what was asked.
class Server {
 public:
  explicit Server(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x";
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(listener_, SHUT_RDWR);
    ::close(listener_);
    thread_.join();
  }
  const std::string& url() const { return url_; }
  std::string asked(std::size_t i) const { return i < asked_.size() ? asked_[i] : ""; }
  int connections() const { return connections_; }

 private:
  void serve() {
    for (int client = ::accept(listener_, nullptr, nullptr); client >= 0;
         client = ::accept(listener_, nullptr, nullptr)) {
      char buffer[4096];
      const ssize_t n = ::recv(client, buffer, sizeof buffer, 0);
      asked_.emplace_back(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
      const std::string& answer =
          answers_[std::min<std::size_t>(static_cast<std::size_t>(connections_), answers_.size() - 1)];
      ++connections_;
      for (std::size_t done = 0; done < answer.size();) {
        const ssize_t sent = ::send(client, answer.data() + done, answer.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) break;
        done += static_cast<std::size_t>(sent);
      }
      ::close(client);
    }
  }
  std::vector<std::string> answers_, asked_;
  std::atomic<int> connections_ = 0;
  int listener_ = -1;
  std::string url_;
  std::thread thread_;
};

std::string answer(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "Connection: close\r\n\r\n" + body;
}

struct Heard {
  std::vector<std::string> texts, reasons, notes;
  DocumentSink documents = [this](Document&& d) { texts.push_back(d.text); };
  QuarantineSink quarantine = [this](const Quarantined& q) { reasons.push_back(q.reason); };
};

void poll_until(Live& live, Heard& heard, const std::function<bool()>& enough) {
  for (int i = 0; i < 400 && !enough(); ++i) {
    if (!live.poll(heard.documents, heard.quarantine, 100)) live.wait(0.01);
  }
}

TEST(Live, LinesAndJsonOfAFile) {
  const test::ScratchFolder folder;
  const std::string path = folder / "a.jsonl";
  std::ofstream(path) << "plain text\n{\"text\":\"from "
                         "json\",\"id\":\"7\"}\n\n{\"title\":\"T\",\"body\":\"B\"}\n{broken\n{\"n\":1}\nlast";
  Heard heard;
  Live live({path}, {}, nullptr, {});
  poll_until(live, heard, [&] { return heard.texts.size() >= 3; });
  EXPECT_EQ(heard.texts, (std::vector<std::string>{"plain text", "from json", "T\nB"}));
  EXPECT_EQ(heard.reasons.size(), 2u);  // the broken line, and the one without a text
  live.finish(heard.documents, heard.quarantine);
  EXPECT_EQ(heard.texts.back(), "last");
}

TEST(Live, GoesOnFromItsState) {
  const test::ScratchFolder folder;
  const std::string path = folder / "a.txt";
  std::ofstream(path) << "one\n";
  Heard heard;
  base::Json state;
  {
    Live live({path}, {}, nullptr, {});
    poll_until(live, heard, [&] { return heard.texts.size() == 1; });
    state = live.state();
  }
  std::ofstream(path, std::ios::app) << "two\n";
  Live again({path}, {}, state, {});
  poll_until(again, heard, [&] { return heard.texts.size() == 2; });
  EXPECT_EQ(heard.texts, (std::vector<std::string>{"one", "two"}));
}

TEST(Live, FeedsAreAskedConditionallyAndRepeatNothing) {
  const std::string first = "<rss><channel><item><title>a</title></item></channel></rss>";
  const std::string second = "<rss><channel><item><title>b</title></item><item><title>a</title></item></channel></rss>";
  Server server(
      {answer(first, "ETag: \"v1\"\r\n"), "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", answer(second)});
  Heard heard;
  LiveOptions options;
  options.feed_seconds = 0.02;
  Live live({server.url()}, options, nullptr, {});
  poll_until(live, heard, [&] { return heard.texts.size() == 2; });
  EXPECT_EQ(heard.texts, (std::vector<std::string>{"a", "b"}));
  EXPECT_NE(server.asked(1).find("If-None-Match: \"v1\""), std::string::npos);
  EXPECT_FALSE(live.ended());
}

TEST(Live, JsonLinesOverHttp) {
  Server server({answer("{\"text\":\"a\"}\n{broken\n{\"text\":\"b\"}")});
  Heard heard;
  Live live({server.url()}, {}, nullptr, {});
  poll_until(live, heard, [&] { return live.ended(); });
  EXPECT_EQ(heard.texts, (std::vector<std::string>{"a", "b"}));  // the last one without a line break, too
  EXPECT_EQ(heard.reasons.size(), 1u);
  EXPECT_TRUE(live.ended());
}

// What is not taken stays with the sender: a small buffer, taken in small bites, still gives all.
TEST(Live, SlowTakersLoseNothing) {
  std::string body;
  for (int i = 0; i < 3000; ++i)
    body += "{\"text\":\"line " + std::to_string(i) + " of a stream that is longer than its buffer\"}\n";
  Server server({answer(body)});
  Heard heard;
  LiveOptions options;
  options.buffer_bytes = 2000;
  Live live({server.url()}, options, nullptr, {});
  for (int i = 0; i < 100000 && !live.ended(); ++i) {
    if (!live.poll(heard.documents, heard.quarantine, 3)) live.wait(0.005);
  }
  ASSERT_EQ(heard.texts.size(), 3000u);
  EXPECT_EQ(heard.texts.back(), "line 2999 of a stream that is longer than its buffer");
}

TEST(Live, FailuresAreSaidAndTriedAgain) {
  Server server({"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", answer("<html>no feed</html>"),
                 answer("{\"text\":\"a\"}\n")});
  Heard heard;
  LiveOptions options;
  options.reconnect_seconds = 0.02;
  options.feed_seconds = 0.02;
  Live live({server.url()}, options, nullptr, [&](const std::string& note) { heard.notes.push_back(note); });
  poll_until(live, heard, [&] { return live.ended(); });
  EXPECT_EQ(heard.texts, std::vector<std::string>{"a"});
  ASSERT_EQ(heard.notes.size(), 2u);
  EXPECT_NE(heard.notes[0].find("answered 503"), std::string::npos);
  EXPECT_NE(heard.notes[1].find("neither RSS nor Atom"), std::string::npos);
}

}  // namespace
}  // namespace ballast::ingest
