// SPDX-License-Identifier: Apache-2.0
// multiply_panels for every instruction set (Highway picks one at run time).
#include "ballast/engine/kernels/gemm_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ballast/engine/kernels/gemm_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

/// kR rows by kV vectors. The more vectors, the fewer loads a multiply-add; those of a row share its broadcast.
template <int kR, int kV>
HWY_INLINE void tile(const float* a, const float* b, std::int64_t k, float* c, std::int64_t ldc, bool accumulate) {
  const D d;
  const std::size_t n = hn::Lanes(d);
  V acc[kR][kV];
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) acc[r][v] = accumulate ? hn::LoadU(d, c + r * ldc + v * n) : hn::Zero(d);
  }
  if (!accumulate) {  // what is written at the end: without, the end waits for lines that no cache of the core holds
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) __builtin_prefetch(c + r * ldc + v * n, 1, 2);
    }
  }
#pragma GCC unroll 2
  for (std::int64_t i = 0; i < k; ++i) {
    V y[kV];
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) y[v] = hn::LoadU(d, b + i * kFloatCols + v * n);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const V x = hn::Set(d, a[i * kRows + r]);
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) acc[r][v] = hn::MulAdd(x, y[v], acc[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) hn::StoreU(acc[r][v], d, c + r * ldc + v * n);
  }
}

/// Columns in pieces that fit the registers of the level at hand: 8 × 3 vectors with 32 registers, 4 × 3 with 16.
template <int kR>
void panel(const float* a, const float* b, std::int64_t k, int cols, float* c, std::int64_t ldc, bool accumulate) {
#if HWY_TARGET == HWY_AVX3
  static_assert(kFloatCols == 3 * 16);
  switch (cols / 16) {
    case 1:
      return tile<kR, 1>(a, b, k, c, ldc, accumulate);
    case 2:
      return tile<kR, 2>(a, b, k, c, ldc, accumulate);
    default:
      return tile<kR, 3>(a, b, k, c, ldc, accumulate);
  }
#else
  constexpr int kMost = kR > 4 ? 4 : kR;
  const auto lanes = static_cast<int>(hn::Lanes(D()));
  int j = 0;
  for (; j + 3 * lanes <= cols; j += 3 * lanes) {
    tile<kMost, 3>(a, b + j, k, c + j, ldc, accumulate);
    if constexpr (kR > kMost) tile<kR - kMost, 3>(a + kMost, b + j, k, c + kMost * ldc + j, ldc, accumulate);
  }
  for (; j < cols; j += lanes) {
    tile<kMost, 1>(a, b + j, k, c + j, ldc, accumulate);
    if constexpr (kR > kMost) tile<kR - kMost, 1>(a + kMost, b + j, k, c + kMost * ldc + j, ldc, accumulate);
  }
#endif
}

/// `cols` is a multiple of 16.
void multiply(const float* a, const float* b, std::int64_t k, int rows, int cols, float* c, std::int64_t ldc,
              bool accumulate) {
  switch (rows) {
    case 1:
      return panel<1>(a, b, k, cols, c, ldc, accumulate);
    case 2:
      return panel<2>(a, b, k, cols, c, ldc, accumulate);
    case 3:
      return panel<3>(a, b, k, cols, c, ldc, accumulate);
    case 4:
      return panel<4>(a, b, k, cols, c, ldc, accumulate);
    case 5:
      return panel<5>(a, b, k, cols, c, ldc, accumulate);
    case 6:
      return panel<6>(a, b, k, cols, c, ldc, accumulate);
    case 7:
      return panel<7>(a, b, k, cols, c, ldc, accumulate);
    default:
      return panel<8>(a, b, k, cols, c, ldc, accumulate);
  }
}

std::int64_t target() {
  return HWY_TARGET;
}

}  // namespace ballast::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ballast::engine::kernels {
HWY_EXPORT(multiply);
HWY_EXPORT(target);

std::int64_t target_in_use() {
  return HWY_DYNAMIC_DISPATCH(target)();
}

void multiply_panels(const float* a, const float* b, std::int64_t k, int rows, int cols, float* c, std::int64_t ldc,
                     bool accumulate) {
  const auto run = HWY_DYNAMIC_DISPATCH(multiply);
  constexpr int kVector = 16;
  const int whole = cols / kVector * kVector, left = cols - whole;
  if (whole > 0) run(a, b, k, rows, whole, c, ldc, accumulate);
  if (left == 0) return;
  // What is narrower than a vector goes through a buffer; the padding columns of b are zero.
  float wide[kRows * kVector] = {};
  if (accumulate) {
    for (int r = 0; r < rows; ++r) std::copy_n(c + r * ldc + whole, left, wide + r * kVector);
  }
  run(a, b + whole, k, rows, kVector, wide, kVector, accumulate);
  for (int r = 0; r < rows; ++r) std::copy_n(wide + r * kVector, left, c + r * ldc + whole);
}

}  // namespace ballast::engine::kernels
#endif
