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

/// x is needed until here. Else GCC 12 sums in the register of x, and moves the sum there and back.
HWY_INLINE void keep([[maybe_unused]] V x) {
#if HWY_TARGET == HWY_AVX3
  __asm__ volatile("" : : "v"(x.raw));
#endif
}

template <int kR, int kV>
HWY_INLINE void step(const float* a, const float* b, V (&acc)[kR][kV]) {
  const D d;
  V y[kV];
#pragma GCC unroll 3
  for (int v = 0; v < kV; ++v) y[v] = hn::LoadU(d, b + v * hn::Lanes(d));
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
    const V x = hn::Set(d, a[r]);
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) acc[r][v] = hn::MulAdd(x, y[v], acc[r][v]);
    keep(x);
  }
#pragma GCC unroll 3
  for (int v = 0; v < kV; ++v) keep(y[v]);
}

/// kR rows by kV vectors. The more vectors, the fewer loads a multiply-add; those of a row share its broadcast.
template <int kR, int kV>
HWY_INLINE void tile(const float* a, const float* b, std::int64_t k, float* c, std::int64_t ldc, bool accumulate,
                     const void* ahead) {
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
  // Asking for what is there already costs nothing, asking for an address that is nowhere a walk of the page tables.
  const auto* next = static_cast<const std::byte*>(ahead == nullptr ? b : ahead);
  std::int64_t i = 0;
  for (; i + kStepsOfLine <= k; i += kStepsOfLine) {
    __builtin_prefetch(next + i * (kLineBytes / kStepsOfLine), 0, 2);
#pragma GCC unroll 2
    for (std::int64_t j = i; j < i + kStepsOfLine; ++j) step<kR, kV>(a + j * kRows, b + j * kFloatCols, acc);
  }
  for (; i < k; ++i) step<kR, kV>(a + i * kRows, b + i * kFloatCols, acc);
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) hn::StoreU(acc[r][v], d, c + r * ldc + v * n);
  }
}

/// Columns in pieces that fit the registers of the level at hand: 8 × 3 vectors with 32 registers, 4 × 3 with 16.
template <int kR>
void panel(const float* a, const float* b, std::int64_t k, int cols, float* c, std::int64_t ldc, bool accumulate,
           const void* ahead) {
#if HWY_TARGET == HWY_AVX3
  static_assert(kFloatCols == 3 * 16);
  switch (cols / 16) {
    case 1:
      return tile<kR, 1>(a, b, k, c, ldc, accumulate, ahead);
    case 2:
      return tile<kR, 2>(a, b, k, c, ldc, accumulate, ahead);
    default:
      return tile<kR, 3>(a, b, k, c, ldc, accumulate, ahead);
  }
#else
  constexpr int kMost = kR > 4 ? 4 : kR;
  const auto lanes = static_cast<int>(hn::Lanes(D()));
  int j = 0;
  for (; j + 3 * lanes <= cols; j += 3 * lanes) {
    tile<kMost, 3>(a, b + j, k, c + j, ldc, accumulate, ahead);
    if constexpr (kR > kMost) tile<kR - kMost, 3>(a + kMost, b + j, k, c + kMost * ldc + j, ldc, accumulate, ahead);
  }
  for (; j < cols; j += lanes) {
    tile<kMost, 1>(a, b + j, k, c + j, ldc, accumulate, ahead);
    if constexpr (kR > kMost) tile<kR - kMost, 1>(a + kMost, b + j, k, c + kMost * ldc + j, ldc, accumulate, ahead);
  }
#endif
}

/// `cols` is a multiple of 16.
void multiply(const float* a, const float* b, std::int64_t k, int rows, int cols, float* c, std::int64_t ldc,
              bool accumulate, const void* ahead) {
  switch (rows) {
    case 1:
      return panel<1>(a, b, k, cols, c, ldc, accumulate, ahead);
    case 2:
      return panel<2>(a, b, k, cols, c, ldc, accumulate, ahead);
    case 3:
      return panel<3>(a, b, k, cols, c, ldc, accumulate, ahead);
    case 4:
      return panel<4>(a, b, k, cols, c, ldc, accumulate, ahead);
    case 5:
      return panel<5>(a, b, k, cols, c, ldc, accumulate, ahead);
    case 6:
      return panel<6>(a, b, k, cols, c, ldc, accumulate, ahead);
    case 7:
      return panel<7>(a, b, k, cols, c, ldc, accumulate, ahead);
    default:
      return panel<8>(a, b, k, cols, c, ldc, accumulate, ahead);
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
                     bool accumulate, const void* ahead) {
  const auto run = HWY_DYNAMIC_DISPATCH(multiply);
  constexpr int kVector = 16;
  const int whole = cols / kVector * kVector, left = cols - whole;
  if (whole > 0) run(a, b, k, rows, whole, c, ldc, accumulate, ahead);
  if (left == 0) return;
  // What is narrower than a vector goes through a buffer; the padding columns of b are zero.
  float wide[kRows * kVector] = {};
  if (accumulate) {
    for (int r = 0; r < rows; ++r) std::copy_n(c + r * ldc + whole, left, wide + r * kVector);
  }
  run(a, b + whole, k, rows, kVector, wide, kVector, accumulate, nullptr);
  for (int r = 0; r < rows; ++r) std::copy_n(wide + r * kVector, left, c + r * ldc + whole);
}

}  // namespace ballast::engine::kernels
#endif
