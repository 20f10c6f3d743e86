// SPDX-License-Identifier: Apache-2.0
// Operands laid out for the product kernels: panels of `width` lines (rows of A, columns of B), one behind the other,
// with the shared dimension running through each, panel[kk * width + r]. Lines of the last one beyond `count` are zero.
#pragma once

#include <cstdint>

namespace ballast::engine::kernels {

/// Where panels come from: `count` lines of `k` values each. Line r, value kk is data[kk * stride + r] when neighbours
/// in the panel are neighbours in memory (`side_by_side`), else data[r * stride + kk].
struct PanelSource {
  const float* data;
  std::int64_t stride;
  bool side_by_side;
  std::int64_t count;
};

/// `width` is kRows or kFloatCols.
void pack_floats(const PanelSource& from, std::int64_t k, std::int64_t width, float* out);

/// `width` is kRows or kPairCols. In bf16 pairs: panel[(kk/2 * width + r) * 2 + kk%2], rounded to nearest even; an odd
/// k is padded with zero. Needs has_bf16_kernel() where that was compiled.
void pack_pairs(const PanelSource& from, std::int64_t k, std::int64_t width, std::uint16_t* out);

/// Rounds to bf16 and back.
void round_to_bf16(float* x, std::int64_t n);

}  // namespace ballast::engine::kernels
