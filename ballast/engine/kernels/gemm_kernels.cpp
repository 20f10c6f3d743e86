// SPDX-License-Identifier: Apache-2.0
// multiply_panels for every instruction set (Highway picks one at run time).
#include "ballast/engine/kernels/gemm_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ballast/engine/kernels/gemm_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

/// kR rows by two vectors. Two vectors a row keep at least 2·kR independent chains in flight, which hides the latency
/// of the multiply-adds.
template <int kR>
HWY_INLINE void tile(const float* a, const float* b, std::int64_t k, float* c, std::int64_t ldc, bool accumulate) {
  const D d;
  const std::size_t n = hn::Lanes(d);
  V acc0[kR], acc1[kR];
  for (int r = 0; r < kR; ++r) {
    acc0[r] = accumulate ? hn::LoadU(d, c + r * ldc) : hn::Zero(d);
    acc1[r] = accumulate ? hn::LoadU(d, c + r * ldc + n) : hn::Zero(d);
  }
  for (std::int64_t i = 0; i < k; ++i) {
    const V b0 = hn::LoadU(d, b + i * kCols);
    const V b1 = hn::LoadU(d, b + i * kCols + n);
    for (int r = 0; r < kR; ++r) {
      const V x = hn::Set(d, a[i * kRows + r]);
      acc0[r] = hn::MulAdd(x, b0, acc0[r]);
      acc1[r] = hn::MulAdd(x, b1, acc1[r]);
    }
  }
  for (int r = 0; r < kR; ++r) {
    hn::StoreU(acc0[r], d, c + r * ldc);
    hn::StoreU(acc1[r], d, c + r * ldc + n);
  }
}

/// Rows in pieces that fit the registers of the level at hand: 8 with 32 registers, 4 with 16.
template <int kR>
HWY_INLINE void rows_of(const float* a, const float* b, std::int64_t k, float* c, std::int64_t ldc, bool accumulate) {
#if HWY_TARGET == HWY_AVX3
  tile<kR>(a, b, k, c, ldc, accumulate);
#else
  if constexpr (kR > 4) {
    tile<4>(a, b, k, c, ldc, accumulate);
    tile<kR - 4>(a + 4, b, k, c + 4 * ldc, ldc, accumulate);
  } else {
    tile<kR>(a, b, k, c, ldc, accumulate);
  }
#endif
}

template <int kR>
void panel(const float* a, const float* b, std::int64_t k, float* c, std::int64_t ldc, bool accumulate) {
  const std::size_t step = 2 * hn::Lanes(D());
  for (std::size_t j = 0; j < kCols; j += step) rows_of<kR>(a, b + j, k, c + j, ldc, accumulate);
}

void multiply(const float* a, const float* b, std::int64_t k, int rows, float* c, std::int64_t ldc, bool accumulate) {
  switch (rows) {
    case 1:
      return panel<1>(a, b, k, c, ldc, accumulate);
    case 2:
      return panel<2>(a, b, k, c, ldc, accumulate);
    case 3:
      return panel<3>(a, b, k, c, ldc, accumulate);
    case 4:
      return panel<4>(a, b, k, c, ldc, accumulate);
    case 5:
      return panel<5>(a, b, k, c, ldc, accumulate);
    case 6:
      return panel<6>(a, b, k, c, ldc, accumulate);
    case 7:
      return panel<7>(a, b, k, c, ldc, accumulate);
    default:
      return panel<8>(a, b, k, c, ldc, accumulate);
  }
}

}  // namespace ballast::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ballast::engine::kernels {
HWY_EXPORT(multiply);

void multiply_panels(const float* a, const float* b, std::int64_t k, int rows, int cols, float* c, std::int64_t ldc,
                     bool accumulate) {
  const auto run = HWY_DYNAMIC_DISPATCH(multiply);
  if (cols == kCols) return run(a, b, k, rows, c, ldc, accumulate);
  // A narrow last panel goes through a full-width buffer; the padding columns of b are zero.
  float wide[kRows * kCols] = {};
  if (accumulate) {
    for (int r = 0; r < rows; ++r) {
      for (int j = 0; j < cols; ++j) wide[r * kCols + j] = c[r * ldc + j];
    }
  }
  run(a, b, k, rows, wide, kCols, accumulate);
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < cols; ++j) c[r * ldc + j] = wide[r * kCols + j];
  }
}

}  // namespace ballast::engine::kernels
#endif
