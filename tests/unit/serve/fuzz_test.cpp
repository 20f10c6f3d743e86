// SPDX-License-Identifier: Apache-2.0
// Requests damaged at random, over a real socket: whatever comes, the service answers or hangs up, says nothing of its
// inside, and stays well. BALLAST_FUZZ_SECONDS makes it go on longer than the moment that a test run has for it.
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "ballast/base/random.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using test::HttpClient;

std::string with_body(const std::string& line, const std::string& body) {
  return line + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<std::string> seeds() {
  return {
      "GET /v1/signals?risk=credit&limit=5&as_of=2026-01-01 HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n",
      "GET /v1/documents/%E6%81%92?as_of=2026-11-01T10:00:00.5%2B02:00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "DELETE /v1/session HTTP/1.1\r\nHost: localhost\r\nCookie: ballast_session=abc; a=b\r\n\r\n",
      "POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\ne\r\n{\"text\":\"abc\"}\r\n0\r\n\r\n",
      with_body("POST /v1/documents",
                R"([{"id":"a","text":"恒大 \"x\"","published_at":null},{"text":"b","lang":"en"}])"),
      with_body("POST /v1/operations/cases", R"({"kind":"fraud","subject":"card 7","note":"called \u00e9"})"),
      with_body("POST /v1/operations/templates", R"({"lines":["a 1 b","a 2 b"]})"),
      with_body("POST /v1/session", R"({"user":"ann","password":"a long password"})"),
      with_body("POST /v1/webhooks", R"({"url":"http://127.0.0.1:9/","topics":["alerts"]})"),
      with_body("POST /v1/advice",
                R"({"client":"A","answers":{"x":"y"},"holdings":[{"instrument":"A","currency":"EUR","value":1e3}]})"),
      with_body("POST /v1/chat/completions",
                R"({"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stop":["a"],"seed":-1})"),
      with_body("POST /v1/feedback", R"({"subject_kind":"answer","subject_id":"1","verdict":"accept","severity":2})")};
}

std::string damaged(const std::vector<std::string>& all, base::Random& random) {
  std::string text = all[random.below(all.size())];
  static const std::vector<std::string> kPieces = {"\r\n",
                                                   "\r\n\r\n",
                                                   "%00",
                                                   "%zz",
                                                   "../",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   "\"",
                                                   "\\u0000",
                                                   "\\ud800",
                                                   "\xff\xfe",
                                                   "1e999",
                                                   "-0",
                                                   "null",
                                                   "true",
                                                   ":",
                                                   ",",
                                                   "9999999999999999999",
                                                   "Content-Length: 3\r\n",
                                                   "Transfer-Encoding: chunked\r\n",
                                                   "Expect: 100-continue\r\n",
                                                   "Idempotency-Key: k\r\n",
                                                   "Authorization: Bearer bk_1_2\r\n",
                                                   std::string(3000, 'A'),
                                                   std::string(200, '['),
                                                   std::string(1, '\0')};
  for (std::uint64_t n = random.below(4); n-- > 0 && !text.empty();) {
    const std::size_t at = random.below(text.size());
    switch (random.below(6)) {
      case 0:
        text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(at, random.below(20));
        break;
      case 2:
        text.insert(at, kPieces[random.below(kPieces.size())]);
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.insert(at, text.substr(random.below(text.size()), random.below(60)));
        break;
      default: {
        const std::string& other = all[random.below(all.size())];
        text = text.substr(0, at) + other.substr(random.below(other.size()));
      }
    }
  }
  return text;
}

TEST(Fuzz, DamagedRequestsDoNoHarm) {
  RunningServer running([](ServeOptions& o) {
    o.limits.header_time = std::chrono::seconds(1);
    o.limits.body_time = std::chrono::seconds(1);
  });
  const char* asked = std::getenv("BALLAST_FUZZ_SECONDS");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(asked == nullptr ? 3 : std::atoi(asked));
  base::Random random(asked == nullptr ? 7 : static_cast<std::uint64_t>(end.time_since_epoch().count()));
  const auto all = seeds();
  std::int64_t sent = 0, answered = 0;
  while (std::chrono::steady_clock::now() < end) {
    const std::string text = damaged(all, random);
    HttpClient client(running.port(), 5);
    client.send(text);
    client.close_sending();
    ++sent;
    while (true) {
      const auto answer = client.answer();
      if (answer.status == 0) break;
      ++answered;
      // 501: no such model is in service here.
      ASSERT_TRUE(answer.status < 500 || answer.status == 501) << answer.status << answer.body << "\n" << text;
      if (answer.headers.contains("transfer-encoding")) break;  // an event stream
    }
    if (sent % 200 == 0) {
      HttpClient well(running.port());
      ASSERT_EQ(well.get("/healthz").status, 200) << text;
    }
  }
  EXPECT_GT(answered, sent / 4);
  RecordProperty("requests", std::to_string(sent));
}

}  // namespace
}  // namespace ballast::serve
