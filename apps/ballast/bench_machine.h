// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most: multiply-adds that never leave the registers, and memory that is only read or
// copied. The shares that `ballast bench` reports are shares of these.
#pragma once

#include <map>
#include <string>

#include "ballast/engine/gemm.h"
#include "measure.h"

namespace ballast::apps {

class MachineLimits {
 public:
  /// `seconds`: of each measurement.
  explicit MachineLimits(double seconds) : pace_{.seconds = seconds} {}

  /// GFLOP/s (two a multiply-add) on so many threads, with the machine's widest instruction for the precision (for q8
  /// and q4 that for bytes); 0 where it has none. Measured when first asked.
  double gflops(engine::Precision precision, int threads);
  /// GB/s that so many threads read from memory, each a stream of its own.
  double memory_gb(int threads);

  Measurement multiply(engine::Precision precision, int threads) const;
  /// `level`: "l2" (256 KiB a thread), "l3" (4 MiB) or "memory" (256 MiB).
  Measurement read(const std::string& level, int threads) const;
  /// Both what is read and what is written counts.
  Measurement copy(int threads) const;

 private:
  Pace pace_;
  std::map<std::string, double> known_;
};

}  // namespace ballast::apps
