// SPDX-License-Identifier: Apache-2.0
// Options that every verb has, and progress for people.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/parallel.h"
#include "verb.h"

namespace ballast::apps {
namespace {

std::string duration(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60)
                  : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::string progress_line(const base::ProgressState& state, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(state.done) / seconds : 0;
  std::string line = fmt::format("{}: {}", state.doing, state.done);
  if (state.total > 0) line += fmt::format("/{} ({:.0f} %)", state.total, 100.0 * state.done / state.total);
  line += fmt::format(" {}, {:.3g}/s", state.unit, rate);
  if (!state.metric.empty()) line += ", " + state.metric;
  if (state.finished) return line + fmt::format(", took {}", duration(seconds));
  if (state.total > 0 && rate > 0) line += fmt::format(", {} left", duration((state.total - state.done) / rate));
  return line;
}

std::string bar(const base::ProgressState& state) {
  if (state.total <= 0) return "";
  constexpr int kWidth = 24;
  const int full = static_cast<int>(kWidth * state.done / state.total);
  std::string s = "[";
  for (int i = 0; i < kWidth; ++i) s += i < full ? "=" : " ";
  return s + "] ";
}

}  // namespace

void add_common(CLI::App& verb, Common& common, const std::string& example) {
  verb.add_flag("--json", common.json, "Results as JSON (JSONL for streams) on standard output");
  verb.add_option("--store", common.store, "Where documents, signals and decisions are kept")->capture_default_str();
  verb.add_option("--seed", common.seed, "Fixes everything random")->capture_default_str();
  verb.add_option_function<int>(
          "--threads", [&common](const int& n) { base::set_threads(common.threads = n); }, "Threads (0: all cores)")
      ->default_str("0");
  verb.add_flag("--quiet", common.quiet, "No progress and no words on standard error");
  verb.footer("Example:\n  " + example);
}

void say(const Common& common, const std::string& line) {
  if (!common.quiet) std::fprintf(stderr, "%s\n", line.c_str());
}

base::ProgressSink terminal_progress(const Common& common) {
  if (common.quiet) return [](const base::ProgressState&) {};
  struct State {
    base::Stopwatch watch;
    double shown = -1e9;
    bool terminal = isatty(STDERR_FILENO) != 0;
  };
  auto own = std::make_shared<State>();
  return [own](const base::ProgressState& state) {
    const double now = own->watch.seconds();
    const double every = own->terminal ? 0.2 : 5.0;  // seconds between updates: smooth for eyes, sparse for logs
    if (!state.finished && now - own->shown < every) return;
    own->shown = now;
    const std::string line = progress_line(state, now);
    if (own->terminal) {
      std::fprintf(stderr, "\r\033[K%s%s%s", bar(state).c_str(), line.c_str(), state.finished ? "\n" : "");
    } else {
      std::fprintf(stderr, "%s\n", line.c_str());
    }
  };
}

}  // namespace ballast::apps
