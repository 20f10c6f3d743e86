// SPDX-License-Identifier: Apache-2.0
// What a run costs, and how much it may: seconds, memory, and an estimate of energy with its assumption stated.
#pragma once

#include <cstdint>

#include "ballast/base/json.h"
#include "ballast/base/progress.h"

namespace CLI {
class App;
}

namespace ballast::apps {

/// 0: no limit.
struct Budget {
  double seconds = 0, memory_megabytes = 0;  // wall time since the program started; resident memory
};
/// Adds --budget-seconds and --budget-memory.
void add_budget(CLI::App& verb, Budget& budget);

/// Passes progress on; throws cancelled, saying which limit was reached, once the budget is used up.
base::ProgressSink within_budget(const Budget& budget, base::ProgressSink sink);

/// Watts of one busy core with its share of memory and supply: an assumption, not a measurement. Server processors of
/// 2 to 4 W a thread at the package and twice that at the plug lie on either side of it.
inline constexpr double kWattsOfACore = 8;

/// What this process has used so far: {"seconds","cpu_seconds","peak_memory_bytes","energy_wh","energy_assumption"}.
base::Json process_cost();
/// Watt-hours of so many seconds of busy cores.
double energy_wh(double cpu_seconds, double watts = kWattsOfACore);

}  // namespace ballast::apps
