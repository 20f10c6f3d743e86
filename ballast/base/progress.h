// SPDX-License-Identifier: Apache-2.0
// Long work reports where it is; who shows it (terminal bar, plain lines, server-sent events) is the caller's matter.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace ballast::base {

struct ProgressState {
  std::string doing;       // "training", "scanning"
  std::int64_t done = 0;   // units finished
  std::int64_t total = 0;  // 0: unknown
  std::string unit;        // "steps", "documents"
  std::string metric;      // the figure that matters, ready to show: "loss 2.31"
  bool finished = false;
};

using ProgressSink = std::function<void(const ProgressState&)>;

}  // namespace ballast::base
