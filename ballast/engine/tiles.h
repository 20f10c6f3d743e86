// SPDX-License-Identifier: Apache-2.0
// How products are cut into panels, and when they are shared out to threads.
#pragma once

#include <cstdint>

#include "ballast/engine/kernels/gemm_kernels.h"

namespace ballast::engine {

inline constexpr std::int64_t kRowsOfPanel = kernels::kRows;
inline constexpr std::int64_t kPackedTaskPanels = 16;  // rows of a task with packed right sides: at most 128
inline constexpr std::int64_t kWorthAllColumns = 8;    // 64 rows repay that a thread reads all columns for them alone

/// Panels of `width` lines that n lines fill.
inline std::int64_t panels(std::int64_t n, std::int64_t width) {
  return (n + width - 1) / width;
}

/// Handing work to threads costs some microseconds; products that take no longer run where they are. Who computes an
/// element does not change its bits.
inline bool worth_threads(std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t kMultiplyAdds = std::int64_t{1} << 20;  // about 20 µs on one core with AVX-512
  return m * n * k >= kMultiplyAdds;
}

}  // namespace ballast::engine
