// SPDX-License-Identifier: Apache-2.0
// quantised_kernels.h where the machine sums four products of bytes in one instruction (AVX-512 VNNI).
#include "ballast/engine/kernels/quantised_kernels.h"

#if defined(BALLAST_HAS_VNNI_KERNEL)
#include <hwy/base.h>
#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace ballast::engine::kernels {
namespace {

struct Lanes {
  static constexpr int kLanes = 16, kVectors = 3, kRowsAtOnce = 8;
  using Int = __m512i;
  using Float = __m512;
  static Int load(const void* p) { return _mm512_loadu_si512(p); }
  static void store(Int x, void* p) { _mm512_storeu_si512(p, x); }
  static void store(Float x, float* p) { _mm512_storeu_ps(p, x); }
  static Int everywhere(std::int32_t x) { return _mm512_set1_epi32(x); }
  static Int quad_everywhere(const std::int8_t* p) {
    std::int32_t quad;
    std::memcpy(&quad, p, sizeof quad);
    return _mm512_set1_epi32(quad);
  }
  /// Written out: around the intrinsic GCC 12 copies every accumulator twice a step and spills some.
  static Int dot(Int acc, Int b, Int a) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(b), "v"(a));
    return acc;
  }
  /// x is needed until here. Else GCC 12 sums the last row in the register of x, and moves it there and back.
  static void keep(Int x) { __asm__ volatile("" : : "v"(x)); }
  static Int low_nibbles(Int x) { return _mm512_and_si512(x, _mm512_set1_epi8(15)); }
  static Int high_nibbles(Int x) { return _mm512_and_si512(_mm512_srli_epi16(x, 4), _mm512_set1_epi8(15)); }
  static Float floats(const float* p) { return _mm512_loadu_ps(p); }
  static Float halves(const std::uint8_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Float scaled(Int sum, Float column, float row, Float before, bool add) {
    const Float x = _mm512_cvtepi32_ps(sum), scale = _mm512_mul_ps(column, _mm512_set1_ps(row));
    return add ? _mm512_fmadd_ps(x, scale, before) : _mm512_mul_ps(x, scale);
  }
};

#include "ballast/engine/kernels/quantised-inl.h"

constexpr std::int64_t kStep = Lanes::kLanes;  // values of a row at once
using RowPointers = const float* [kRows];

__mmask16 first_of(std::int64_t count) {
  return static_cast<__mmask16>(count >= kStep ? 0xffffu : (1u << count) - 1);
}

/// Calls step(i, take) for every sixteenth i below n; take(row) is the row's sixteen values from i on, those past n
/// zero.
template <class Step>
HWY_INLINE void for_steps(std::int64_t n, const Step& step) {
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) step(i, [i](const float* row) { return _mm512_loadu_ps(row + i); });
  const __mmask16 live = first_of(n - i);
  if (i < n) step(i, [i, live](const float* row) { return _mm512_maskz_loadu_ps(live, row + i); });
}

/// The largest magnitude of n values of each row, as bits: those order as the numbers do, and what is not finite is
/// larger than all numbers.
__m256i largest_of_rows(const RowPointers& x, std::int64_t n) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512i most[kRows];
#pragma GCC unroll 8
  for (__m512i& m : most) m = _mm512_setzero_si512();
  for_steps(n, [&](std::int64_t, const auto& take) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      most[r] = _mm512_max_epi32(most[r], _mm512_and_si512(_mm512_castps_si512(take(x[r])), magnitude));
    }
  });
  __m256i half[kRows];  // of each row; then pairs of rows, fours and all eight share a vector
  for (int r = 0; r < kRows; ++r) {
    half[r] = _mm256_max_epi32(_mm512_castsi512_si256(most[r]), _mm512_extracti64x4_epi64(most[r], 1));
  }
  const auto pair = [&](int r) {
    return _mm256_max_epi32(_mm256_unpacklo_epi32(half[r], half[r + 1]), _mm256_unpackhi_epi32(half[r], half[r + 1]));
  };
  const auto four = [&](int r) {
    const __m256i a = pair(r), b = pair(r + 2);
    return _mm256_max_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
  };
  const __m256i a = four(0), b = four(4);
  return _mm256_max_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
}

__m128i sum_of_lanes(__m512i x) {
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/// Rounds n values of each row and sums them.
void round_rows(const RowPointers& x, std::int64_t n, const float* inverse, std::int8_t* values, std::int32_t* sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  const __m512i early = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                late = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  __m512i sum0 = _mm512_setzero_si512(), sum4 = sum0;
  const std::int64_t quads = (n + kQuad - 1) / kQuad;
  for_steps(n, [&](std::int64_t i, const auto& take) {
    const auto level = [&](int r) { return _mm512_cvtps_epi32(_mm512_mul_ps(take(x[r]), _mm512_set1_ps(inverse[r]))); };
    // Sixteen values of four rows as bytes: lane i of 128 bits holds quad i of each.
    const auto four = [&](int r) {
      return _mm512_packs_epi16(_mm512_packs_epi32(level(r), level(r + 1)),
                                _mm512_packs_epi32(level(r + 2), level(r + 3)));
    };
    const __m512i q0 = four(0), q4 = four(4);
    sum0 = Lanes::dot(sum0, ones, q0);
    sum4 = Lanes::dot(sum4, ones, q4);
    // Two quads of all rows fill a vector.
    const __m512i two = _mm512_permutex2var_epi64(q0, early, q4), more = _mm512_permutex2var_epi64(q0, late, q4);
    std::int8_t* to = values + i * kRows;
    const std::int64_t left = quads * kRows - i / kQuad * kRows;  // groups of four bytes
    if (left >= 2 * kStep) {
      _mm512_storeu_si512(to, two);
      _mm512_storeu_si512(to + kStep * kQuad, more);
    } else {
      _mm512_mask_storeu_epi32(to, first_of(left), two);
      _mm512_mask_storeu_epi32(to + kStep * kQuad, first_of(std::max<std::int64_t>(left - kStep, 0)), more);
    }
  });
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), sum_of_lanes(sum0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 4), sum_of_lanes(sum4));
}

/// Rows whose group is not finite get NaN and zeros.
void give_up(unsigned rows, std::int64_t n, std::int8_t* values, float* scales, std::int32_t* sums) {
  for (; rows != 0; rows &= rows - 1) {
    const int r = std::countr_zero(rows);
    scales[r] = std::numeric_limits<float>::quiet_NaN();
    sums[r] = 0;
    for (std::int64_t i = 0; i < n; i += kQuad) std::memset(values + (i / kQuad * kRows + r) * kQuad, 0, kQuad);
  }
}

void quantise_panel(const RowPointers& x, std::int64_t k, std::int64_t group, const QuantisedRowsOut& out) {
  const __m256 smallest = _mm256_set1_ps(0x1p-120f), levels = _mm256_set1_ps(127.0f);
  alignas(32) float inverse[kRows];
  for (std::int64_t g = 0, first = 0; first < k; ++g, first += group) {
    RowPointers at;
    for (int r = 0; r < kRows; ++r) at[r] = x[r] + first;
    const std::int64_t n = std::min(group, k - first);
    const __m256i bits = largest_of_rows(at, n);
    const __m256 most = _mm256_castsi256_ps(bits);
    // Above the largest number. No mask register: GCC 12 spills the eight bits and reads back 32.
    const __m256i odd_lanes = _mm256_cmpgt_epi32(bits, _mm256_set1_epi32(0x7f7fffff));
    const auto odd = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(odd_lanes)));
    _mm256_store_ps(inverse, _mm256_maskz_div_ps(_mm256_cmp_ps_mask(most, smallest, _CMP_GT_OQ), levels, most));
    std::int8_t* values = out.values + first * kRows;
    _mm256_storeu_ps(out.scales + g * kRows, _mm256_div_ps(most, levels));
    round_rows(at, n, inverse, values, out.sums + g * kRows);
    if (odd != 0) give_up(odd, n, values, out.scales + g * kRows, out.sums + g * kRows);
  }
}

}  // namespace

bool vnni_kernel_compiled() {
  return true;
}

void quantise_rows_vnni(const float* x, std::int64_t stride, int rows, std::int64_t k, std::int64_t group,
                        const QuantisedRowsOut& out) {
  if (rows == 1) return quantise_rows(x, stride, rows, k, group, out);
  RowPointers all;
  for (int r = 0; r < kRows; ++r) all[r] = x + (r < rows ? r * stride : 0);
  quantise_panel(all, k, group, out);
}

void multiply_quantised_vnni(const QuantisedTask& task, std::int64_t rows, int cols) {
  run_task(task, rows, cols);
}

}  // namespace ballast::engine::kernels

#else

namespace ballast::engine::kernels {

bool vnni_kernel_compiled() {
  return false;
}

void quantise_rows_vnni(const float* x, std::int64_t stride, int rows, std::int64_t k, std::int64_t group,
                        const QuantisedRowsOut& out) {
  quantise_rows(x, stride, rows, k, group, out);
}

void multiply_quantised_vnni(const QuantisedTask& task, std::int64_t rows, int cols) {
  multiply_quantised(task, rows, cols);
}

}  // namespace ballast::engine::kernels
#endif
