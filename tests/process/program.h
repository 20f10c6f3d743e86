// SPDX-License-Identifier: Apache-2.0
// The built program as a process of its own: commands to their end, and a service that runs, stops and is killed.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "ballast/store/lists.h"
#include "tests/support/http_client.h"
#include "tests/support/scratch.h"
#include "tests/support/store_url.h"

namespace ballast::test {

/// Starts the program with output and errors to files (appended to).
inline pid_t start_program(const std::vector<std::string>& arguments, const std::filesystem::path& out,
                           const std::filesystem::path& err) {
  std::vector<char*> words = {const_cast<char*>(BALLAST_PROGRAM)};
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::dup2(::open(out.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), STDERR_FILENO);
  ::execv(BALLAST_PROGRAM, words.data());
  ::_exit(127);
}

/// Its exit code.
inline int run_program(const std::vector<std::string>& arguments, const std::filesystem::path& out,
                       const std::filesystem::path& err) {
  int status = 0;
  ::waitpid(start_program(arguments, out, err), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Service {
 public:
  /// The store is the tests' own one in `folder`; standard error goes to the file serve.err there.
  Service(const ScratchFolder& folder, std::vector<std::string> arguments)
      : folder_(folder), url_(store_url(folder)), arguments_(std::move(arguments)) {}
  ~Service() {
    if (pid_ > 0) kill_hard();
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void start() {
    const std::filesystem::path up = folder_ / "up.json";
    std::filesystem::remove(up);
    std::vector<std::string> words = {"serve", "--store", url_,     "--port", "0",
                                      "--web", "none",    "--rate", "0",      "--json"};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    pid_ = start_program(words, up, folder_ / "serve.err");
    for (int i = 0; i < 1500; ++i) {
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
  const std::string& url() const { return url_; }
  store::Store store() const { return store::Store::open(url_); }

 private:
  const ScratchFolder& folder_;
  const std::string url_;
  const std::vector<std::string> arguments_;
  pid_t pid_ = -1;
  unsigned short port_ = 0;
};

}  // namespace ballast::test
