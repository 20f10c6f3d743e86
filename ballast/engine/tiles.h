// SPDX-License-Identifier: Apache-2.0
// How products are cut into panels, and when they are shared out to threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ballast/engine/kernels/gemm_kernels.h"

namespace ballast::engine {

inline constexpr std::int64_t kRowsOfPanel = kernels::kRows;
inline constexpr std::int64_t kPackedTaskPanels = 16;  // rows of a task with packed right sides: at most 128

/// Panels of `width` lines that n lines fill.
inline std::int64_t panels(std::int64_t n, std::int64_t width) {
  return (n + width - 1) / width;
}

/// Fewer passes over a panel do not leave the time to ask for the next one.
inline constexpr std::int64_t kPassesToAsk = 4;

/// The memory that a product needs next, so much of it that each of its passes over k can ask for a piece.
struct Ahead {
  const void* next = nullptr;
  std::int64_t bytes = 0;

  /// What a pass of `steps` steps, after `passes` others, asks for: see multiply_panels. Null where nothing is left.
  const void* piece(std::int64_t passes, std::int64_t steps) const {
    const std::int64_t at = passes * (steps / kernels::kStepsOfLine * kernels::kLineBytes);
    return at < bytes ? static_cast<const std::byte*>(next) + at : nullptr;
  }
};

/// Handing work to threads costs some microseconds; products that take no longer run where they are. Who computes an
/// element does not change its bits.
inline bool worth_threads(std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t kMultiplyAdds = std::int64_t{1} << 20;  // about 20 µs on one core with AVX-512
  return m * n * k >= kMultiplyAdds;
}

}  // namespace ballast::engine
