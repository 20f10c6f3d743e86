// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/interrupt.h"

#include <atomic>
#include <csignal>

namespace ballast::base {
namespace {

std::atomic<bool> g_interrupted{false};

void on_signal(int signal) {
  if (g_interrupted.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

void watch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  return g_interrupted.load(std::memory_order_relaxed);
}

}  // namespace ballast::base
