// SPDX-License-Identifier: Apache-2.0
#include "print_pdf.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/files.h"

extern char** environ;

namespace ballast::apps {
namespace {

namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::seconds(60);

/// Runs a program without a shell, its output thrown away. False where it fails; stopped after kPatience.
bool run_print_pdf(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int descriptor : {0, 1, 2})
    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0);
  pid_t child = 0;
  const int failed = posix_spawn(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return false;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (int status = 0;;) {
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return false;
}

/// A folder of its own for the browser's profile and the half-made PDF, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "ballast-pdf-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw base::Error(base::ErrorCode::io, "cannot make a temporary folder", name);
    }
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

std::string find_browser() {
  const char* path = std::getenv("PATH");
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    std::string folders = path == nullptr ? "" : path;
    for (std::size_t begin = 0; begin <= folders.size();) {
      const std::size_t end = std::min(folders.find(':', begin), folders.size());
      const fs::path candidate = fs::path(folders.substr(begin, end - begin)) / name;
      if (end > begin && access(candidate.c_str(), X_OK) == 0) return candidate.string();
      begin = end + 1;
    }
  }
  return "";
}

void print_pdf(const std::string& browser, const fs::path& html, const fs::path& pdf) {
  const Scratch scratch;
  const fs::path made = scratch.path() / "report.pdf";
  // Its sandbox needs rights that containers and the root user lack; the page is our own and loads nothing.
  const bool done = run_print_pdf({browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                                   "--user-data-dir=" + (scratch.path() / "profile").string(),
                                   "--print-to-pdf=" + made.string(), "file://" + fs::absolute(html).string()});
  if (!done || !fs::exists(made)) {
    throw base::Error(base::ErrorCode::io, browser + " could not print the report", pdf.string(),
                      "--report writes the HTML alone");
  }
  base::write_file_atomic(pdf, base::read_file(made));
}

}  // namespace ballast::apps
