// SPDX-License-Identifier: Apache-2.0
// Operands laid out for the product kernels: a panel of `width` lines (rows of A, columns of B) with the shared
// dimension running through it, out[kk * width + r]. Lines beyond `count` are zero.
#pragma once

#include <cstdint>

namespace ballast::engine::kernels {

/// Where a panel comes from: `lines` of `k` values each. Line r, value kk is data[kk * stride + r] when neighbours in
/// the panel are neighbours in memory (`side_by_side`), else data[r * stride + kk].
struct PanelSource {
  const float* data;
  std::int64_t stride;
  bool side_by_side;
  std::int64_t count;  // lines that exist, ≤ width
};

/// `width` is a multiple of 8.
void pack_floats(const PanelSource& from, std::int64_t k, int width, float* out);

/// In bf16 pairs: out[(kk/2 * width + r) * 2 + kk%2], rounded to nearest even; an odd k is padded with zero.
void pack_pairs(const PanelSource& from, std::int64_t k, int width, std::uint16_t* out);

/// Rounds to bf16 and back.
void round_to_bf16(float* x, std::int64_t n);

}  // namespace ballast::engine::kernels
