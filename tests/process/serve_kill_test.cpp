// SPDX-License-Identifier: Apache-2.0
// The service killed in the middle of its work, again and again: what it acknowledged is there after the restart, once.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "ballast/store/lists.h"
#include "tests/support/http_client.h"
#include "tests/support/scratch.h"
#include "tests/support/store_url.h"

namespace ballast {
namespace {

using test::HttpClient;

class Service {
 public:
  explicit Service(const test::ScratchFolder& folder) : folder_(folder), url_(test::store_url(folder)) {}
  ~Service() {
    if (pid_ > 0) kill_hard();
  }

  void start() {
    const std::string up = (folder_ / "up.json").string();
    std::filesystem::remove(up);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int out = ::open(up.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
      ::dup2(out, STDOUT_FILENO);
      ::execl(BALLAST_PROGRAM, BALLAST_PROGRAM, "serve", "--store", url_.c_str(), "--port", "0", "--web", "none",
              "--risk-model", "none", "--rate", "0", "--json", "--quiet", nullptr);
      ::_exit(127);
    }
    for (int i = 0; i < 1000; ++i) {
      std::ifstream file(up);
      std::string line;
      if (std::getline(file, line) && line.ends_with("}")) {
        const std::string url = nlohmann::json::parse(line)["url"];
        port_ = static_cast<unsigned short>(std::stoi(url.substr(url.rfind(':') + 1)));
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << "the service does not start";
  }
  void kill_hard() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  int stop() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  unsigned short port() const { return port_; }
  store::Store store() const { return store::Store::open(url_); }

 private:
  const test::ScratchFolder& folder_;
  const std::string url_;
  pid_t pid_ = -1;
  unsigned short port_ = 0;
};

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
  Service service(folder);
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
