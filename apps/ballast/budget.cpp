// SPDX-License-Identifier: Apache-2.0
#include "budget.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <string>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/memory.h"

namespace ballast::apps {
namespace {

const base::Stopwatch kSinceStart;

double seconds_of_budget(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return seconds_of_budget(used.ru_utime) + seconds_of_budget(used.ru_stime);
}

/// Resident now, in megabytes (10⁶ bytes); 0 where the system does not say.
double resident_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  return 0;
}

}  // namespace

void add_budget(CLI::App& verb, Budget& budget) {
  verb.add_option("--budget-seconds", budget.seconds, "Stop cleanly after so many seconds; 0: no limit")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--budget-memory", budget.memory_megabytes,
                  "Stop cleanly where resident memory passes so many megabytes; 0: no limit")
      ->check(CLI::NonNegativeNumber);
}

base::ProgressSink within_budget(const Budget& budget, base::ProgressSink sink) {
  if (budget.seconds <= 0 && budget.memory_megabytes <= 0) return sink;
  return [budget, sink = std::move(sink)](const base::ProgressState& state) {
    if (sink) sink(state);
    if (state.finished) return;  // it is done: nothing is saved by stopping
    std::string why;
    if (budget.seconds > 0 && kSinceStart.seconds() > budget.seconds) {
      why = fmt::format("the budget of {} seconds is used up", budget.seconds);
    } else if (budget.memory_megabytes > 0 && resident_megabytes() > budget.memory_megabytes) {
      why = fmt::format("the budget of {} megabytes is passed: {:.0f} are resident", budget.memory_megabytes,
                        resident_megabytes());
    }
    if (why.empty()) return;
    throw base::Error(base::ErrorCode::cancelled,
                      fmt::format("{} ({}: {} of {} {})", why, state.doing, state.done, state.total, state.unit), "",
                      "nothing was written");
  };
}

double energy_wh(double cpu_seconds, double watts) {
  return cpu_seconds * watts / 3600;
}

base::Json process_cost() {
  const double cpu = cpu_seconds();
  return {{"seconds", kSinceStart.seconds()},
          {"cpu_seconds", cpu},
          {"peak_memory_bytes", base::peak_memory_bytes()},
          {"energy_wh", energy_wh(cpu)},
          {"energy_assumption", fmt::format("{} W for a busy core, estimated, not measured", kWattsOfACore)}};
}

}  // namespace ballast::apps
