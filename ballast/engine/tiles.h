// SPDX-License-Identifier: Apache-2.0
// How a product's output is cut into tiles for the threads. Who computes an element does not change its bits.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ballast::engine {

inline constexpr std::int64_t kTilePanelsM = 16;  // a tile is at most 128 rows …
inline constexpr std::int64_t kTilePanelsN = 8;   // … by 256 columns: 128 KiB of C, enough work to hand to a thread

/// Panels of `width` lines that n lines fill.
inline std::int64_t panels(std::int64_t n, std::int64_t width) {
  return (n + width - 1) / width;
}

/// Panels of columns of a tile: as many as pay, but enough tiles for a few threads to share evenly.
inline std::int64_t tile_width(std::int64_t columns, std::int64_t tiles_of_rows) {
  constexpr std::int64_t kTasks = 16;
  return std::clamp<std::int64_t>(columns * tiles_of_rows / kTasks, 1, kTilePanelsN);
}

/// Handing work to threads costs some microseconds; products that take no longer run where they are. Who computes an
/// element does not change its bits.
inline bool worth_threads(std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t kMultiplyAdds = std::int64_t{1} << 20;  // about 20 µs on one core with AVX-512
  return m * n * k >= kMultiplyAdds;
}

}  // namespace ballast::engine
