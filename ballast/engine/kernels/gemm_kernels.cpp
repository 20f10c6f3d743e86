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

/// One value of k. Rows of A are side by side in a panel, else `stride` apart.
template <bool kPanel, int kR, int kV>
HWY_INLINE void step(const float* a, std::int64_t stride, const float* b, V (&acc)[kR][kV]) {
  const D d;
  V y[kV];
#pragma GCC unroll 3
  for (int v = 0; v < kV; ++v) y[v] = hn::LoadU(d, b + v * hn::Lanes(d));
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
    const V x = hn::Set(d, a[kPanel ? r : r * stride]);
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) acc[r][v] = hn::MulAdd(x, y[v], acc[r][v]);
    keep(x);
  }
#pragma GCC unroll 3
  for (int v = 0; v < kV; ++v) keep(y[v]);
}

/// kR rows by kV vectors. The more vectors, the fewer loads a multiply-add; those of a row share its broadcast. Asks
/// for kR runs from run kRun on.
template <bool kPanel, int kR, int kV, int kRun = 0>
HWY_INLINE void tile(const float* a, std::int64_t stride, const float* b, std::int64_t k, float* c, std::int64_t ldc,
                     bool accumulate, const Requests* ahead) {
  const D d;
  constexpr std::int64_t kStep = kPanel ? kRows : 1;
  const std::size_t n = hn::Lanes(d);
  V acc[kR][kV];
  if (accumulate) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) acc[r][v] = hn::LoadU(d, c + r * ldc + v * n);
    }
  } else {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) acc[r][v] = hn::Zero(d);
    }
  }
  std::int64_t i = 0;
  const auto steps_to = [&](std::int64_t end, auto... request) {
    for (; i + kStepsOfLine <= end; i += kStepsOfLine) {
      (request(), ...);
#pragma GCC unroll 2
      for (std::int64_t j = i; j < i + kStepsOfLine; ++j)
        step<kPanel, kR, kV>(a + j * kStep, stride, b + j * kFloatCols, acc);
    }
  };
  if (ahead != nullptr) {
    // Spread over the steps, since a core waits for a dozen lines at a time. Asking for what is there already costs
    // nothing, asking for an address that is nowhere a walk of the page tables. Lines of C that are only written are
    // asked for, too: without, the end waits for those that no cache of the core holds.
    const float* lines = !accumulate ? c : ahead->sums != nullptr ? ahead->sums : b;
    const std::int64_t apart = lines == b ? 0 : ldc, part = k / kRows / kStepsOfLine * kStepsOfLine;
    for (int r = 0; r < kR; ++r, lines += apart) {
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) __builtin_prefetch(lines + v * n, 1, 2);
      const auto* next =
          reinterpret_cast<const std::byte*>(kRun + r < ahead->count ? ahead->first + (kRun + r) * ahead->apart : b);
      steps_to(i + part, [&next] {
        __builtin_prefetch(next, 0, 2);
        next += kLineBytes;
      });
    }
  }
  steps_to(k);
  for (; i < k; ++i) step<kPanel, kR, kV>(a + i * kStep, stride, b + i * kFloatCols, acc);
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) hn::StoreU(acc[r][v], d, c + r * ldc + v * n);
  }
}

/// Columns in pieces that fit the registers of the level at hand: 8 × 3 vectors with 32 registers, 4 × 3 with 16.
template <bool kPanel, int kR>
void panel(const float* a, std::int64_t stride, const float* b, std::int64_t k, int cols, float* c, std::int64_t ldc,
           bool accumulate, const Requests* ahead) {
#if HWY_TARGET == HWY_AVX3
  static_assert(kFloatCols == 3 * 16);
  switch (cols / 16) {
    case 1:
      return tile<kPanel, kR, 1>(a, stride, b, k, c, ldc, accumulate, ahead);
    case 2:
      return tile<kPanel, kR, 2>(a, stride, b, k, c, ldc, accumulate, ahead);
    default:
      return tile<kPanel, kR, 3>(a, stride, b, k, c, ldc, accumulate, ahead);
  }
#else
  constexpr int kMost = kR > 4 ? 4 : kR;
  const auto lanes = static_cast<int>(hn::Lanes(D()));
  [[maybe_unused]] const float* below = a + kMost * (kPanel ? 1 : stride);
  int j = 0;
  for (; j + 3 * lanes <= cols; j += 3 * lanes) {
    tile<kPanel, kMost, 3>(a, stride, b + j, k, c + j, ldc, accumulate, ahead);
    if constexpr (kR > kMost)
      tile<kPanel, kR - kMost, 3, kMost>(below, stride, b + j, k, c + kMost * ldc + j, ldc, accumulate, ahead);
  }
  for (; j < cols; j += lanes) {
    tile<kPanel, kMost, 1>(a, stride, b + j, k, c + j, ldc, accumulate, ahead);
    if constexpr (kR > kMost)
      tile<kPanel, kR - kMost, 1, kMost>(below, stride, b + j, k, c + kMost * ldc + j, ldc, accumulate, ahead);
  }
#endif
}

template <bool kPanel>
HWY_INLINE void rows_of(const float* a, std::int64_t stride, const float* b, std::int64_t k, int rows, int cols,
                        float* c, std::int64_t ldc, bool accumulate, const Requests* ahead) {
  switch (rows) {
    case 1:
      return panel<kPanel, 1>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
    case 2:
      return panel<kPanel, 2>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
    case 3:
      return panel<kPanel, 3>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
    case 4:
      return panel<kPanel, 4>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
    case 5:
      return panel<kPanel, 5>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
    case 6:
      return panel<kPanel, 6>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
    case 7:
      return panel<kPanel, 7>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
    default:
      return panel<kPanel, 8>(a, stride, b, k, cols, c, ldc, accumulate, ahead);
  }
}

/// Panels of all rows and columns first, with next to nothing between the products of one and of the next; rows that
/// lie as they do have too many addresses for that.
template <bool kPanel>
HWY_INLINE void passes(RowsOfA a, const float* b, std::int64_t k, std::int64_t rows, int cols, float* c,
                       std::int64_t ldc, bool accumulate, const PassesAhead* ahead) {
  RunsAhead runs = ahead == nullptr ? RunsAhead(b, 0, 0, 1) : ahead->runs;
  const float* sums_after = ahead == nullptr ? nullptr : ahead->sums_after;
  const auto requests = [&] {
    Requests now = runs.take();
    now.sums = rows > kRows ? c + kRows * ldc : sums_after;
    return now;
  };
#if HWY_TARGET == HWY_AVX3
  if (kPanel && cols == kFloatCols) {
    for (; rows >= kRows; rows -= kRows, a.data += a.next, c += kRows * ldc) {
      const Requests now = requests();
      tile<kPanel, kRows, 3>(a.data, a.stride, b, k, c, ldc, accumulate, ahead == nullptr ? nullptr : &now);
    }
  }
#endif
  for (; rows > 0; rows -= kRows, a.data += a.next, c += kRows * ldc) {
    const Requests now = requests();
    rows_of<kPanel>(a.data, a.stride, b, k, static_cast<int>(std::min<std::int64_t>(rows, kRows)), cols, c, ldc,
                    accumulate, ahead == nullptr ? nullptr : &now);
  }
}

/// `cols` is a multiple of 16.
void multiply(RowsOfA a, const float* b, std::int64_t k, std::int64_t rows, int cols, float* c, std::int64_t ldc,
              bool accumulate, const PassesAhead* ahead) {
  if (a.stride == 0) return passes<true>(a, b, k, rows, cols, c, ldc, accumulate, ahead);
  passes<false>(a, b, k, rows, cols, c, ldc, accumulate, ahead);
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

void multiply_panels(RowsOfA a, const float* b, std::int64_t k, std::int64_t rows, int cols, float* c, std::int64_t ldc,
                     bool accumulate, const PassesAhead* ahead) {
  const auto run = HWY_DYNAMIC_DISPATCH(multiply);
  constexpr int kVector = 16;
  const int whole = cols / kVector * kVector, left = cols - whole;
  if (whole > 0) run(a, b, k, rows, whole, c, ldc, accumulate, ahead);
  if (left == 0) return;
  // What is narrower than a vector goes through a buffer; the padding columns of b are zero.
  float wide[kRows * kVector] = {};
  for (; rows > 0; rows -= kRows, a.data += a.next, c += kRows * ldc) {
    const std::int64_t now = std::min<std::int64_t>(rows, kRows);
    if (accumulate) {
      for (std::int64_t r = 0; r < now; ++r) std::copy_n(c + r * ldc + whole, left, wide + r * kVector);
    }
    run(a, b + whole, k, now, kVector, wide, kVector, accumulate, nullptr);
    for (std::int64_t r = 0; r < now; ++r) std::copy_n(wide + r * kVector, left, c + r * ldc + whole);
  }
}

}  // namespace ballast::engine::kernels
#endif
