// SPDX-License-Identifier: Apache-2.0
// The service killed in the middle of its work, again and again: what it acknowledged is there after the restart, once.
#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/process/program.h"

namespace ballast {
namespace {

using test::HttpClient;
using test::Service;

/// What was acknowledged, by several clients at once.
struct Acknowledged {
  std::mutex mutex;
  std::set<std::string> documents, case_keys;
};

void ask_until_dead(unsigned short port, int round, int client, Acknowledged& acknowledged) {
  try {
    HttpClient http(port, 5);
    for (int i = 0;; ++i) {
      const std::string name = std::to_string(round) + "-" + std::to_string(client) + "-" + std::to_string(i);
      const auto stored = http.post("/v1/documents", R"({"id":"d)" + name + R"(","text":"note )" + name + "\"}");
      if (stored.status != 201) return;
      http.sent_headers["Idempotency-Key"] = "k" + name;
      const auto opened =
          http.post("/v1/operations/cases", R"({"kind":"other","subject":"s)" + name + R"(","note":"n"})");
      http.sent_headers.clear();
      const std::lock_guard lock(acknowledged.mutex);
      acknowledged.documents.insert("d" + name);
      if (opened.status == 201) acknowledged.case_keys.insert(name);
    }
  } catch (const std::runtime_error&) {  // no connection any more
  }
}

TEST(ServeKill, NothingAcknowledgedIsLostOrDoubled) {
  const test::ScratchFolder folder;
  Service service(folder, {"--risk-model", "none"});
  Acknowledged acknowledged;
  for (int round = 0; round < 4; ++round) {
    service.start();
    std::vector<std::thread> clients;
    for (int c = 0; c < 8; ++c) {
      clients.emplace_back([&, c] { ask_until_dead(service.port(), round, c, acknowledged); });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + 130 * round));
    service.kill_hard();
    for (std::thread& client : clients) client.join();
  }
  ASSERT_GT(acknowledged.documents.size(), 20u);
  store::Store store = service.store();
  for (const std::string& id : acknowledged.documents) EXPECT_TRUE(store.find_document(id)) << id;
  std::map<std::string, int> subjects;
  for (const auto& record : store.cases()) ++subjects[record.subject];
  for (const std::string& name : acknowledged.case_keys) EXPECT_EQ(subjects["s" + name], 1) << name;
  for (const auto& [subject, count] : subjects) EXPECT_EQ(count, 1) << subject;

  // The same requests again: the acknowledged ones are answered from the store and open nothing new.
  service.start();
  HttpClient again(service.port());
  for (const std::string& name : acknowledged.case_keys) {
    again.sent_headers["Idempotency-Key"] = "k" + name;
    const auto answer =
        again.post("/v1/operations/cases", R"({"kind":"other","subject":"s)" + name + R"(","note":"n"})");
    EXPECT_EQ(answer.headers.count("idempotency-replayed"), 1u) << name;
  }
  EXPECT_EQ(service.stop(), 0);
  EXPECT_EQ(service.store().cases().size(), store.cases().size());
}

}  // namespace
}  // namespace ballast
