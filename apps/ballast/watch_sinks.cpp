// SPDX-License-Identifier: Apache-2.0
#include "watch_sinks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "ballast/base/error.h"

extern char** environ;

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using Clock = std::chrono::steady_clock;

constexpr int kTries = 3;
constexpr auto kLongest = std::chrono::seconds(10);

bool write_all(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(file, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

/// Runs the command with `input` on its standard input; true where it ended with 0 in time.
bool run_command(const std::string& command, const std::string& input) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return false;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);  // our standard output is for alerts
  const char* const arguments[] = {"sh", "-c", command.c_str(), nullptr};
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, "/bin/sh", &actions, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[0]);
  if (failed != 0) {
    ::close(pipe_ends[1]);
    return false;
  }
  // An alert fits into the pipe; a command that reads nothing must not end us.
  struct sigaction ignore = {}, before = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  ::fcntl(pipe_ends[1], F_SETFL, O_NONBLOCK);
  const bool sent = write_all(pipe_ends[1], input);
  ::close(pipe_ends[1]);
  ::sigaction(SIGPIPE, &before, nullptr);
  int status = 0;
  for (const auto end = Clock::now() + kLongest; ::waitpid(child, &status, WNOHANG) == 0;) {
    if (Clock::now() > end) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  (void)sent;  // a command may well decide without reading all
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Milliseconds since 1970 of "2026-11-26T08:30:00.123Z"; negative for anything else.
double milliseconds_of(const std::string& time) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  double second = 0;
  char zone = 0;
  if (std::sscanf(time.c_str(), "%4d-%2d-%2dT%2d:%2d:%lf%c", &year, &month, &day, &hour, &minute, &second, &zone) !=
          7 ||
      zone != 'Z')
    return -1;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return -1;
  const auto days = sys_days{date}.time_since_epoch();
  return duration<double, std::milli>(days + hours{hour} + minutes{minute}).count() + 1000 * second;
}

}  // namespace

void AlertSinks::send(const base::Json& alert) {
  const std::string line = base::dump_json(alert) + "\n";
  if (!file_.empty()) {
    const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const bool written = file >= 0 && write_all(file, line);
    const int problem = errno;
    if (file >= 0) ::close(file);
    if (!written) throw Error(ErrorCode::io, std::string("cannot be written: ") + std::strerror(problem), file_);
  }
  if (command_.empty()) return;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (run_command(command_, line)) return;
  }
  ++failed_;
  say(common_, fmt::format("the command failed {} times for alert {}", kTries, alert.value("alert_id", "")));
}

void Delays::add(const base::Json& alert) {
  const double sent = milliseconds_of(alert.value("sent_at", ""));
  if (sent < 0) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  milliseconds_.push_back(std::chrono::duration<double, std::milli>(now).count() - sent);
}

std::string Delays::words() const {
  if (milliseconds_.empty()) return {};
  std::vector<double> sorted = milliseconds_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  };
  return fmt::format("from line to alert p50 {:.0f} ms, p99 {:.0f} ms, most {:.0f} ms over {} alerts", at(0.5),
                     at(0.99), sorted.back(), sorted.size());
}

}  // namespace ballast::apps
