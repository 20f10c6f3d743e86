// SPDX-License-Identifier: Apache-2.0
// quantised_kernels.h for every instruction set (Highway picks one at run time).
#include "ballast/engine/kernels/quantised_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ballast/engine/kernels/quantised_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ballast/base/half.h"

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3
struct Lanes {
  static constexpr int kLanes = 16, kVectors = 3, kRowsAtOnce = 4;
  using Int = __m512i;
  using Float = __m512;
  static HWY_INLINE Int load(const void* p) { return _mm512_loadu_si512(p); }
  static HWY_INLINE void store(Int x, void* p) { _mm512_storeu_si512(p, x); }
  static HWY_INLINE void store(Float x, float* p) { _mm512_storeu_ps(p, x); }
  static HWY_INLINE Int everywhere(std::int32_t x) { return _mm512_set1_epi32(x); }
  /// Bytes 1 and 3 of each quad meet bytes 1 and 3, then 0 and 2 meet 0 and 2: both as pairs of 16-bit products.
  static HWY_INLINE Int dot(Int acc, Int b, Int a) {
    const Int mask = _mm512_set1_epi16(255);
    const Int odd = _mm512_madd_epi16(_mm512_srli_epi16(b, 8), _mm512_srai_epi16(a, 8));
    const Int even = _mm512_madd_epi16(_mm512_and_si512(b, mask), _mm512_srai_epi16(_mm512_slli_epi16(a, 8), 8));
    return _mm512_add_epi32(acc, _mm512_add_epi32(even, odd));
  }
  static HWY_INLINE Int low_nibbles(Int x) { return _mm512_and_si512(x, _mm512_set1_epi8(15)); }
  static HWY_INLINE Int high_nibbles(Int x) { return low_nibbles(_mm512_srli_epi16(x, 4)); }
  static HWY_INLINE Float floats(const float* p) { return _mm512_loadu_ps(p); }
  static HWY_INLINE Float halves(const std::uint8_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static HWY_INLINE Float scaled(Int sum, Float column, float row, Float before, bool add) {
    const Float x = _mm512_cvtepi32_ps(sum), scale = _mm512_mul_ps(column, _mm512_set1_ps(row));
    return add ? _mm512_fmadd_ps(x, scale, before) : _mm512_mul_ps(x, scale);
  }
#elif HWY_TARGET == HWY_AVX2
struct Lanes {
  static constexpr int kLanes = 8, kVectors = 2, kRowsAtOnce = 4;
  using Int = __m256i;
  using Float = __m256;
  static HWY_INLINE Int load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static HWY_INLINE void store(Int x, void* p) { _mm256_storeu_si256(static_cast<__m256i*>(p), x); }
  static HWY_INLINE void store(Float x, float* p) { _mm256_storeu_ps(p, x); }
  static HWY_INLINE Int everywhere(std::int32_t x) { return _mm256_set1_epi32(x); }
  /// As at the level above.
  static HWY_INLINE Int dot(Int acc, Int b, Int a) {
    const Int mask = _mm256_set1_epi16(255);
    const Int odd = _mm256_madd_epi16(_mm256_srli_epi16(b, 8), _mm256_srai_epi16(a, 8));
    const Int even = _mm256_madd_epi16(_mm256_and_si256(b, mask), _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8));
    return _mm256_add_epi32(acc, _mm256_add_epi32(even, odd));
  }
  static HWY_INLINE Int low_nibbles(Int x) { return _mm256_and_si256(x, _mm256_set1_epi8(15)); }
  static HWY_INLINE Int high_nibbles(Int x) { return low_nibbles(_mm256_srli_epi16(x, 4)); }
  static HWY_INLINE Float floats(const float* p) { return _mm256_loadu_ps(p); }
  static HWY_INLINE Float halves(const std::uint8_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static HWY_INLINE Float scaled(Int sum, Float column, float row, Float before, bool add) {
    const Float x = _mm256_cvtepi32_ps(sum), scale = _mm256_mul_ps(column, _mm256_set1_ps(row));
    return add ? _mm256_fmadd_ps(x, scale, before) : _mm256_mul_ps(x, scale);
  }
#else
/// The plain truth: one lane.
struct Lanes {
  static constexpr int kLanes = 1, kVectors = 2, kRowsAtOnce = 8;
  using Int = std::int32_t;
  using Float = float;
  static Int load(const void* p) {
    Int quad;
    std::memcpy(&quad, p, sizeof quad);
    return quad;
  }
  static void store(Int x, void* p) { std::memcpy(p, &x, sizeof x); }
  static void store(Float x, float* p) { *p = x; }
  static Int everywhere(std::int32_t x) { return x; }
  static Int dot(Int acc, Int b, Int a) {
    for (int byte = 0; byte < kQuad; ++byte) {
      acc += ((b >> (8 * byte)) & 255) * static_cast<std::int8_t>((a >> (8 * byte)) & 255);
    }
    return acc;
  }
  static Int low_nibbles(Int x) { return x & 0x0f0f0f0f; }
  static Int high_nibbles(Int x) { return (x >> 4) & 0x0f0f0f0f; }
  static Float floats(const float* p) { return *p; }
  static Float halves(const std::uint8_t* p) {
    std::uint16_t bits;
    std::memcpy(&bits, p, sizeof bits);
    return base::f32_from_f16(bits);
  }
  static Float scaled(Int sum, Float column, float row, Float before, bool add) {
    const float x = static_cast<float>(sum), scale = column * row;
    return add ? std::fma(x, scale, before) : x * scale;
  }
#endif
  static HWY_INLINE void keep(Int) {}
  static HWY_INLINE Int quad_everywhere(const std::int8_t* p) {
    std::int32_t quad;
    std::memcpy(&quad, p, sizeof quad);
    return everywhere(quad);
  }
};

#include "ballast/engine/kernels/quantised-inl.h"

void multiply(const QuantisedTask& task, std::int64_t rows, int cols) {
  run_task(task, rows, cols);
}

using D = hn::CappedTag<float, 16>;

/// The largest magnitude; NaN where something is not finite.
HWY_INLINE float largest(const float* x, std::int64_t n) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto most = hn::Zero(d), bad = hn::Zero(d);  // 0 · x is NaN for what is not finite
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    most = hn::Max(most, hn::Abs(v));
    bad = hn::Add(bad, hn::Mul(v, hn::Zero(d)));
  }
  float all = hn::GetLane(hn::MaxOfLanes(d, most)), odd = hn::GetLane(hn::SumOfLanes(d, bad));
  for (; i < n; ++i) {
    all = std::max(all, std::abs(x[i]));
    odd += x[i] * 0.0f;
  }
  return odd == 0.0f ? all : std::numeric_limits<float>::quiet_NaN();
}

/// Rounds n values to q, puts zeros behind them up to `padded`, and returns their sum.
HWY_INLINE std::int32_t round_values(const float* x, std::int64_t n, std::int64_t padded, float inverse,
                                     std::int8_t* q) {
  const D d;
  const hn::RebindToSigned<D> di;
  const hn::Rebind<std::int8_t, D> d8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, inverse);
  auto sums = hn::Zero(di);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto level = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), factor));
    sums = hn::Add(sums, level);
    hn::StoreU(hn::DemoteTo(d8, level), d8, q + i);
  }
  std::int32_t sum = hn::GetLane(hn::SumOfLanes(di, sums));
  for (; i < n; ++i) {
    q[i] = static_cast<std::int8_t>(std::nearbyint(x[i] * inverse));
    sum += q[i];
  }
  std::fill(q + n, q + padded, std::int8_t{0});
  return sum;
}

/// Row r of a panel.
HWY_INLINE void quantise_one(const float* x, std::int64_t k, std::int64_t group, int r, const QuantisedRowsOut& out) {
  constexpr std::int64_t kPiece = 256;    // a multiple of kQuad
  constexpr float kSmallest = 0x1p-120f;  // 127 / x is finite from 2^-121 on; smaller values become zeros
  alignas(64) std::int8_t q[kPiece];
  for (std::int64_t g = 0, first = 0; first < k; ++g, first += group) {
    const std::int64_t n = std::min(group, k - first);
    const float most = largest(x + first, n);
    const bool finite = most == most;
    const float inverse = finite && most > kSmallest ? 127.0f / most : 0.0f;
    out.scales[g * kRows + r] = finite ? most / 127.0f : most;
    std::int32_t sum = 0;
    for (std::int64_t at = 0; at < n; at += kPiece) {
      const std::int64_t count = std::min(kPiece, n - at), padded = (count + kQuad - 1) / kQuad * kQuad;
      if (finite) {
        sum += round_values(x + first + at, count, padded, inverse, q);
      } else {
        std::fill(q, q + padded, std::int8_t{0});
      }
      std::int8_t* to = out.values + ((first + at) / kQuad * kRows + r) * kQuad;
      for (std::int64_t i = 0; i < padded; i += kQuad, to += kRows * kQuad) std::memcpy(to, q + i, kQuad);
    }
    out.sums[g * kRows + r] = sum;
  }
}

void quantise(const float* x, std::int64_t stride, int rows, std::int64_t k, std::int64_t group,
              const QuantisedRowsOut& out) {
  for (int r = 0; r < rows; ++r) quantise_one(x + r * stride, k, group, r, out);
}

}  // namespace ballast::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ballast::engine::kernels {
HWY_EXPORT(multiply);
HWY_EXPORT(quantise);

void quantise_rows(const float* x, std::int64_t stride, int rows, std::int64_t k, std::int64_t group,
                   const QuantisedRowsOut& out) {
  HWY_DYNAMIC_DISPATCH(quantise)(x, stride, rows, k, group, out);
}
void multiply_quantised(const QuantisedTask& task, std::int64_t rows, int cols) {
  HWY_DYNAMIC_DISPATCH(multiply)(task, rows, cols);
}

}  // namespace ballast::engine::kernels
#endif
