// SPDX-License-Identifier: Apache-2.0
// multiply_quantised where the machine sums four products of bytes in one instruction (AVX-512 VNNI).
#include "ballast/engine/kernels/quantised_kernels.h"

#if defined(BALLAST_HAS_VNNI_KERNEL)
#include <hwy/base.h>
#include <immintrin.h>

#include <cstring>

namespace ballast::engine::kernels {
namespace {

struct Lanes {
  static constexpr int kLanes = 16, kRowsAtOnce = 8;
  using Int = __m512i;
  using Float = __m512;
  static Int load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static Int everywhere(std::int32_t x) { return _mm512_set1_epi32(x); }
  static Int quad_everywhere(const std::int8_t* p) {
    std::int32_t quad;
    std::memcpy(&quad, p, sizeof quad);
    return _mm512_set1_epi32(quad);
  }
  static Int dot(Int acc, Int b, Int a) { return _mm512_dpbusd_epi32(acc, b, a); }
  static Int low_nibbles(Int x) { return _mm512_and_si512(x, _mm512_set1_epi8(15)); }
  static Int high_nibbles(Int x) { return _mm512_and_si512(_mm512_srli_epi16(x, 4), _mm512_set1_epi8(15)); }
  static Float floats(const std::uint8_t* p) { return _mm512_loadu_ps(p); }
  static Float halves(const std::uint8_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static void scaled(Int sum, Float column, float row, float* c, bool add) {
    const Float x = _mm512_cvtepi32_ps(sum), scale = _mm512_mul_ps(column, _mm512_set1_ps(row));
    _mm512_storeu_ps(c, add ? _mm512_fmadd_ps(x, scale, _mm512_loadu_ps(c)) : _mm512_mul_ps(x, scale));
  }
};

#include "ballast/engine/kernels/quantised-inl.h"

}  // namespace

bool vnni_kernel_compiled() {
  return true;
}

void multiply_quantised_vnni(const QuantisedRows& a, const std::uint8_t* b, QuantisedForm form, std::int64_t groups,
                             std::int64_t quads, int rows, int cols, float* c, std::int64_t ldc, bool accumulate) {
  run_task({a, b, groups, quads, c, ldc, accumulate}, form, rows, cols);
}

}  // namespace ballast::engine::kernels

#else

namespace ballast::engine::kernels {

bool vnni_kernel_compiled() {
  return false;
}

void multiply_quantised_vnni(const QuantisedRows& a, const std::uint8_t* b, QuantisedForm form, std::int64_t groups,
                             std::int64_t quads, int rows, int cols, float* c, std::int64_t ldc, bool accumulate) {
  multiply_quantised(a, b, form, groups, quads, rows, cols, c, ldc, accumulate);
}

}  // namespace ballast::engine::kernels
#endif
