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
#include "ballast/engine/kernels/gemm_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {

constexpr int kBlock = 8;  // lines and cells of a block
typedef std::uint32_t Cells8 __attribute__((vector_size(32)));
typedef std::uint32_t Cells4 __attribute__((vector_size(16)));

HWY_INLINE Cells8 load_cells(const void* p) {
  Cells8 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
HWY_INLINE Cells4 load_four(const float* p) {
  Cells4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
HWY_INLINE void store_cells(void* p, Cells8 v) {
  std::memcpy(p, &v, sizeof v);
}

/// Four values of eight lines, from value `at` on: out[v * width + r].
HWY_INLINE void transpose_four(const float* const (&line)[kBlock], std::int64_t at, std::int64_t width, float* out) {
  Cells8 x[4], t[4];
  for (int i = 0; i < 4; ++i) {
    x[i] = __builtin_shufflevector(load_four(line[i] + at), load_four(line[i + 4] + at), 0, 1, 2, 3, 4, 5, 6, 7);
  }
  for (int i = 0; i < 4; i += 2) {
    t[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 2; ++i) {
    store_cells(out + 2 * i * width, __builtin_shufflevector(t[i], t[i + 2], 0, 1, 8, 9, 4, 5, 12, 13));
    store_cells(out + (2 * i + 1) * width, __builtin_shufflevector(t[i], t[i + 2], 2, 3, 10, 11, 6, 7, 14, 15));
  }
}

/// The upper halves are the values in bf16, as to_bf16() rounds; the lower halves are what is left over.
HWY_INLINE Cells8 rounded(Cells8 bits) {
  const Cells8 nearest = bits + 0x7fffu + ((bits >> 16) & 1u);
  return (bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x00400000u : nearest;
}

/// Of some lines of memory at a time, so that whole lines of the cache are written to each panel: panels that lie a
/// multiple of 4 KiB apart share their places in it.
template <int kWidth>
void pack_across(const PanelSource& from, std::int64_t k, float* out) {
  constexpr std::int64_t kDeep = 16, kLine = 16;
  for (std::int64_t k0 = 0; k0 < k; k0 += kDeep) {
    const std::int64_t k1 = std::min(k, k0 + kDeep), next = k1 < k ? kDeep * from.stride : 0;
    for (std::int64_t r = 0; r < from.count; r += kWidth) {
      const std::int64_t there = from.count - r;
      for (std::int64_t kk = k0; kk < k1; ++kk) {
        const float* line = from.data + kk * from.stride + r;
        float* to = out + r * k + kk * kWidth;
        for (std::int64_t i = r % kLine; i < kWidth; i += kLine) __builtin_prefetch(line + next + i);
        if (there >= kWidth) {
          std::memcpy(to, line, kWidth * sizeof(float));
        } else {
          for (std::int64_t i = 0; i < kWidth; ++i) to[i] = i < there ? line[i] : 0.0f;
        }
      }
    }
  }
}

/// Lines of the cache are read from end to end, and those of the output are written so: lines of x may lie a multiple
/// of 4 KiB apart.
void float_panel(const PanelSource& from, std::int64_t k, std::int64_t width, float* out) {
  constexpr std::int64_t kDeep = 16;
  static constexpr float kZeros[kDeep] = {};
  for (std::int64_t k0 = 0; k0 < k; k0 += kDeep) {
    const std::int64_t values = std::min(kDeep, k - k0);
    for (std::int64_t r0 = 0; r0 < width; r0 += kBlock) {
      const float* line[kBlock];
      for (std::int64_t r = 0; r < kBlock; ++r) {
        line[r] = r0 + r < from.count ? from.data + (r0 + r) * from.stride + k0 : kZeros;
        __builtin_prefetch(line[r] + kDeep);
      }
      float* to = out + k0 * width + r0;
      std::int64_t v = 0;
      for (; v + 4 <= values; v += 4) transpose_four(line, v, width, to + v * width);
      for (; v < values; ++v) {
        for (std::int64_t r = 0; r < kBlock; ++r) to[v * width + r] = line[r][v];
      }
    }
  }
}

void float_panels(const PanelSource& from, std::int64_t k, std::int64_t width, float* out) {
  if (from.side_by_side)
    return width == kRows ? pack_across<kRows>(from, k, out) : pack_across<kFloatCols>(from, k, out);
  PanelSource one = from;
  for (std::int64_t first = 0; first < from.count; first += width) {
    one.data = from.data + first * from.stride;
    one.count = std::min<std::int64_t>(width, from.count - first);
    float_panel(one, k, width, out + first * k);
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
HWY_EXPORT(float_panels);
HWY_EXPORT(round_floats);

void pack_floats(const PanelSource& from, std::int64_t k, std::int64_t width, float* out) {
  HWY_DYNAMIC_DISPATCH(float_panels)(from, k, width, out);
}
void round_to_bf16(float* x, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(round_floats)(x, n);
}

}  // namespace ballast::engine::kernels
#endif
