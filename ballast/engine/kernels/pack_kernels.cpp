// SPDX-License-Identifier: Apache-2.0
// pack_kernels.h for every instruction set: blocks of 8 lines by 8 values are transposed in registers.
#include "ballast/engine/kernels/pack_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ballast/engine/kernels/pack_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "ballast/engine/gemm.h"

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {

constexpr int kBlock = 8;  // lines and cells of a block
typedef std::uint32_t Cells8 __attribute__((vector_size(32)));

HWY_INLINE Cells8 load_cells(const void* p) {
  Cells8 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
HWY_INLINE void store_cells(void* p, Cells8 v) {
  std::memcpy(p, &v, sizeof v);
}

/// x[i] lane j becomes x[j] lane i.
HWY_INLINE void transpose_block(Cells8 (&x)[kBlock]) {
  Cells8 t[kBlock], u[kBlock];
  for (int i = 0; i < kBlock; i += 2) {
    t[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < kBlock; i += 4) {
    for (int half = 0; half < 2; ++half) {
      u[i + 2 * half] = __builtin_shufflevector(t[i + half], t[i + 2 + half], 0, 1, 8, 9, 4, 5, 12, 13);
      u[i + 2 * half + 1] = __builtin_shufflevector(t[i + half], t[i + 2 + half], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < kBlock / 2; ++i) {
    x[i] = __builtin_shufflevector(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    x[i + 4] = __builtin_shufflevector(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// The upper halves are the values in bf16, as to_bf16() rounds; the lower halves are what is left over.
HWY_INLINE Cells8 rounded(Cells8 bits) {
  const Cells8 nearest = bits + 0x7fffu + ((bits >> 16) & 1u);
  return (bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x00400000u : nearest;
}

HWY_INLINE Cells8 pair(Cells8 first, Cells8 second) {
  return (rounded(first) >> 16) | (rounded(second) & 0xffff0000u);
}

/// Sixteen values of one line as eight pairs.
HWY_INLINE Cells8 pairs_of_line(const float* p) {
  const Cells8 low = rounded(load_cells(p)), high = rounded(load_cells(p + kBlock));
  const Cells8 even = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
  const Cells8 odd = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
  return (even >> 16) | (odd & 0xffff0000u);
}

void float_panel(const PanelSource& from, std::int64_t k, int width, float* out) {
  if (from.side_by_side) {
    for (std::int64_t kk = 0; kk < k; ++kk) {
      const float* line = from.data + kk * from.stride;
      float* to = out + kk * width;
      std::int64_t r = 0;
      for (; r + kBlock <= from.count; r += kBlock) store_cells(to + r, load_cells(line + r));
      for (; r < from.count; ++r) to[r] = line[r];
      for (; r < width; ++r) to[r] = 0;
    }
    return;
  }
  for (std::int64_t r0 = 0; r0 < width; r0 += kBlock) {
    const std::int64_t lines = std::clamp<std::int64_t>(from.count - r0, 0, kBlock);
    std::int64_t kk = 0;
    for (; kk + kBlock <= k; kk += kBlock) {
      Cells8 x[kBlock] = {};
      for (std::int64_t r = 0; r < lines; ++r) x[r] = load_cells(from.data + (r0 + r) * from.stride + kk);
      transpose_block(x);
      for (int i = 0; i < kBlock; ++i) store_cells(out + (kk + i) * width + r0, x[i]);
    }
    for (; kk < k; ++kk) {
      for (std::int64_t r = 0; r < kBlock; ++r) {
        out[kk * width + r0 + r] = r < lines ? from.data[(r0 + r) * from.stride + kk] : 0.0f;
      }
    }
  }
}

void pair_panel(const PanelSource& from, std::int64_t k, int width, std::uint16_t* out) {
  const std::int64_t even_k = k + k % 2;
  const auto value = [&](std::int64_t r, std::int64_t kk) {
    if (r >= from.count || kk >= k) return std::uint16_t{0};
    return to_bf16(from.side_by_side ? from.data[kk * from.stride + r] : from.data[r * from.stride + kk]);
  };
  const auto one_by_one = [&](std::int64_t r0, std::int64_t r1, std::int64_t k0, std::int64_t k1) {
    for (std::int64_t kk = k0; kk < k1; ++kk) {
      for (std::int64_t r = r0; r < r1; ++r) out[(kk / 2 * width + r) * 2 + kk % 2] = value(r, kk);
    }
  };
  for (std::int64_t r0 = 0; r0 < width; r0 += kBlock) {
    const std::int64_t lines = std::clamp<std::int64_t>(from.count - r0, 0, kBlock);
    std::int64_t kk = 0;
    if (from.side_by_side) {
      for (; lines == kBlock && kk + 2 <= k; kk += 2) {
        const float* line = from.data + kk * from.stride + r0;
        store_cells(out + (kk / 2 * width + r0) * 2, pair(load_cells(line), load_cells(line + from.stride)));
      }
    } else {
      for (; kk + 2 * kBlock <= k; kk += 2 * kBlock) {
        Cells8 x[kBlock] = {};
        for (std::int64_t r = 0; r < lines; ++r) x[r] = pairs_of_line(from.data + (r0 + r) * from.stride + kk);
        transpose_block(x);
        for (int i = 0; i < kBlock; ++i) store_cells(out + ((kk / 2 + i) * width + r0) * 2, x[i]);
      }
    }
    one_by_one(r0, r0 + kBlock, kk, even_k);
  }
}

void round_floats(float* x, std::int64_t n) {
  std::int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) store_cells(x + i, rounded(load_cells(x + i)) & 0xffff0000u);
  for (; i < n; ++i) x[i] = from_bf16(to_bf16(x[i]));
}

}  // namespace ballast::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ballast::engine::kernels {
HWY_EXPORT(float_panel);
HWY_EXPORT(pair_panel);
HWY_EXPORT(round_floats);

void pack_floats(const PanelSource& from, std::int64_t k, int width, float* out) {
  HWY_DYNAMIC_DISPATCH(float_panel)(from, k, width, out);
}
void pack_pairs(const PanelSource& from, std::int64_t k, int width, std::uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(pair_panel)(from, k, width, out);
}
void round_to_bf16(float* x, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(round_floats)(x, n);
}

}  // namespace ballast::engine::kernels
#endif
