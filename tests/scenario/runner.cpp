// SPDX-License-Identifier: Apache-2.0
// scenario_runner SCENARIO BALLAST: runs the commands of a plain-text scenario in a fresh temporary folder and compares
// what they print. tests/scenario/README.md has the format. Exit codes: 0 as expected, 1 not, 77 skipped.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {
namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

constexpr int kSkipped = 77;  // what ctest's SKIP_RETURN_CODE expects

struct Step {
  int line = 0;         // of the `$` in the scenario, from 1
  std::string command;  // for /bin/sh, with its here-documents
  int exit = 0;
  Lines out, err;
  bool checks_err = false;
};

struct Scenario {
  Lines needs;  // paths below BALLAST_SHARED or BALLAST_SOURCE
  std::vector<Step> steps;
};

Lines split(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Empty lines at the end do not count: in a scenario they separate the commands.
void trim_end(Lines& lines) {
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The word after "<<" of a command line, or nothing.
std::string here_document(const std::string& command) {
  std::smatch found;
  static const std::regex kWord("<<'?([A-Z]+)'?");
  return std::regex_search(command, found, kWord) ? found[1].str() : "";
}

/// `ballast VERB …` with --threads 1 behind the verb (and its sub-verbs), so that nothing of the rest is torn apart.
std::string on_one_thread(const std::string& command) {
  if (command.find("--threads") != std::string::npos) return command;
  static const std::regex kCall("(^|[|;&] *)(ballast [a-z]+( [a-z]+)*)(?= |$)");
  return std::regex_replace(command, kCall, "$1$2 --threads 1");
}

Scenario parse(const Lines& lines) {
  Scenario s;
  const bool one_thread = std::getenv("BALLAST_SCENARIO_ONE_THREAD") != nullptr;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (line.starts_with("# ") || line == "#") continue;
    if (line.starts_with("$ ")) {
      Step step;
      step.line = static_cast<int>(i) + 1;
      step.command = line.substr(2);
      const std::string end = here_document(step.command);
      if (one_thread) step.command = on_one_thread(step.command);
      while (!end.empty() && ++i < lines.size()) {
        step.command += "\n" + lines[i];
        if (lines[i] == end) break;
      }
      s.steps.push_back(step);
    } else if (line.starts_with("needs: ")) {
      s.needs.push_back(line.substr(7));
    } else if (s.steps.empty()) {
      if (line.empty() || line == "again: one thread") continue;
      throw std::runtime_error("line " + std::to_string(i + 1) + ": output before the first command: " + line);
    } else if (line.starts_with("exit ")) {
      s.steps.back().exit = std::stoi(line.substr(5));
    } else if (line.starts_with("stderr:")) {
      s.steps.back().checks_err = true;
      if (line.size() > 8) s.steps.back().err.push_back(line.substr(8));
    } else {
      s.steps.back().out.push_back(line);
    }
  }
  for (Step& step : s.steps) trim_end(step.out);
  return s;
}

/// A literal line, or /regular expression/ for a whole line.
bool line_matches(const std::string& expected, const std::string& got) {
  if (expected.size() > 2 && expected.front() == '/' && expected.back() == '/') {
    return std::regex_match(got, std::regex(expected.substr(1, expected.size() - 2)));
  }
  return expected == got;
}

/// Whether lines [g, …) match patterns [e, …); the pattern "..." stands for any number of lines.
bool lines_match(const Lines& expected, std::size_t e, const Lines& got, std::size_t g) {
  for (; e < expected.size(); ++e, ++g) {
    if (expected[e] == "...") {
      for (std::size_t next = g; next <= got.size(); ++next) {
        if (lines_match(expected, e + 1, got, next)) return true;
      }
      return false;
    }
    if (g >= got.size() || !line_matches(expected[e], got[g])) return false;
  }
  return g == got.size();
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const auto& line : lines) text += "    " + line + "\n";
  return text;
}

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "ballast-scenario-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    path_ = name;
    fs::create_directory(path_ / "work");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Runs one step in FOLDER/work; returns what went wrong, "" when nothing did.
std::string run(const Step& step, const fs::path& folder) {
  std::ofstream(folder / "command") << step.command << "\n";
  const std::string call = "cd '" + (folder / "work").string() + "' && /bin/sh ../command </dev/null >../out 2>../err";
  const int status = std::system(call.c_str());
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  Lines out = split(read(folder / "out"));
  trim_end(out);
  const Lines err = split(read(folder / "err"));
  std::string problem;
  if (code != step.exit) {
    problem += "  exit code " + std::to_string(code) + ", expected " + std::to_string(step.exit) + "\n";
  }
  if (!lines_match(step.out, 0, out, 0)) problem += "  expected on standard output:\n" + joined(step.out);
  if (step.checks_err && !lines_match(step.err, 0, err, 0)) {
    problem += "  expected on standard error:\n" + joined(step.err);
  }
  if (problem.empty()) return problem;
  return problem + "  standard output was:\n" + joined(out) + "  standard error was:\n" + joined(err);
}

/// Whether the folder that an environment variable names has this path.
bool is_below(const char* variable, const std::string& path) {
  const char* folder = std::getenv(variable);
  return folder != nullptr && *folder != '\0' && fs::exists(fs::path(folder) / path);
}

int run_all(const fs::path& file, const fs::path& ballast) {
  const Scenario scenario = parse(split(read(file)));
  for (const auto& needed : scenario.needs) {
    if (!is_below("BALLAST_SHARED", needed) && !is_below("BALLAST_SOURCE", needed)) {
      std::cout << "skipped: needs " << needed << " in BALLAST_SHARED or in the source tree\n";
      return kSkipped;
    }
  }
  const Folder folder;
  const char* path = std::getenv("PATH");
  setenv("PATH", (ballast.parent_path().string() + ":" + (path == nullptr ? "" : path)).c_str(), 1);
  setenv("HOME", folder.path().c_str(), 1);
  setenv("LC_ALL", "C.UTF-8", 1);
  int failed = 0;
  for (const Step& step : scenario.steps) {
    const std::string problem = run(step, folder.path());
    if (problem.empty()) continue;
    std::cout << file.string() << ":" << step.line << ": $ " << step.command << "\n" << problem;
    ++failed;
  }
  std::cout << scenario.steps.size() << " commands, " << failed << " not as expected\n";
  return failed == 0 && !scenario.steps.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: scenario_runner SCENARIO BALLAST\n";
    return 2;
  }
  try {
    return run_all(fs::absolute(argv[1]), fs::absolute(argv[2]));
  } catch (const std::exception& e) {
    std::cerr << argv[1] << ": " << e.what() << "\n";
    return 1;
  }
}
