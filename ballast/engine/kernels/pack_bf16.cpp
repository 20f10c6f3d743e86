// SPDX-License-Identifier: Apache-2.0
// pack_pairs where the machine rounds to bf16 in one instruction. It takes what is smaller than 2^-126 for zero, which
// the products do, too.
#include <algorithm>

#include "ballast/engine/gemm.h"
#include "ballast/engine/kernels/gemm_kernels.h"
#include "ballast/engine/kernels/pack_kernels.h"

#if defined(BALLAST_HAS_BF16_KERNEL)
#include <immintrin.h>
#endif

namespace ballast::engine::kernels {
namespace {

/// Where the pair of line r that begins at value kk (even) lies.
template <int kWidth>
std::uint16_t* pair_at(std::uint16_t* out, std::int64_t k, std::int64_t r, std::int64_t kk) {
  return out + r / kWidth * kWidth * (k + k % 2) + (kk / 2 * kWidth + r % kWidth) * 2;
}

/// Lines [r0, r1) from value k0 on, those from `count` on as zeros.
template <int kWidth>
void pack_singly(const PanelSource& from, std::int64_t k, std::int64_t r0, std::int64_t r1, std::int64_t k0,
                 std::uint16_t* out) {
  for (std::int64_t r = r0; r < r1; ++r) {
    for (std::int64_t kk = k0; kk < k + k % 2; ++kk) {
      const bool exists = r < from.count && kk < k;
      const float* at = from.data + (from.side_by_side ? kk * from.stride + r : r * from.stride + kk);
      pair_at<kWidth>(out, k, r, kk - kk % 2)[kk % 2] = exists ? to_bf16(*at) : std::uint16_t{0};
    }
  }
}

#if defined(BALLAST_HAS_BF16_KERNEL)
constexpr std::int64_t kLines = 8;  // lines and pairs of a block that is transposed

void store_half(std::uint16_t* p, __m256i x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x);
}

/// Sixteen lines of two values: neighbours in memory, neighbours in the panel.
__m512i pairs_across(__m512 first, __m512 second) {
  const __m512i halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first));
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, halves);
}

/// Of some lines of memory at a time: see pack_kernels.cpp.
template <int kWidth>
void pack_across(const PanelSource& from, std::int64_t k, std::uint16_t* out) {
  constexpr std::int64_t kStep = 16, kDeep = 32;
  const std::int64_t lines = (from.count + kWidth - 1) / kWidth * kWidth;
  for (std::int64_t k0 = 0; k0 < k; k0 += kDeep) {
    for (std::int64_t r = 0; r < lines; r += kStep) {
      const std::int64_t there = std::clamp<std::int64_t>(from.count - r, 0, kStep);
      const auto exist = static_cast<__mmask16>((1u << there) - 1);
      for (std::int64_t kk = k0; kk < std::min(k, k0 + kDeep); kk += 2) {
        const float* line = from.data + kk * from.stride + r;
        const __m512 one = _mm512_maskz_loadu_ps(exist, line);
        const __m512 two = kk + 1 < k ? _mm512_maskz_loadu_ps(exist, line + from.stride) : _mm512_setzero_ps();
        const __m512i pairs = pairs_across(one, two);
        if constexpr (kWidth % kStep == 0) {
          _mm512_storeu_si512(pair_at<kWidth>(out, k, r, kk), pairs);
        } else {
          store_half(pair_at<kWidth>(out, k, r, kk), _mm512_castsi512_si256(pairs));
          if (r + kLines < lines) {
            store_half(pair_at<kWidth>(out, k, r + kLines, kk), _mm512_extracti64x4_epi64(pairs, 1));
          }
        }
      }
    }
  }
}

/// x[i] lane j becomes x[j] lane i.
void transpose_pairs(__m256i (&x)[kLines]) {
  __m256i t[kLines], u[kLines];
  for (int i = 0; i < kLines; i += 2) {
    t[i] = _mm256_unpacklo_epi32(x[i], x[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(x[i], x[i + 1]);
  }
  for (int i = 0; i < kLines; i += 4) {
    for (int half = 0; half < 2; ++half) {
      u[i + 2 * half] = _mm256_unpacklo_epi64(t[i + half], t[i + 2 + half]);
      u[i + 2 * half + 1] = _mm256_unpackhi_epi64(t[i + half], t[i + 2 + half]);
    }
  }
  for (int i = 0; i < kLines / 2; ++i) {
    x[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
    x[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
  }
}

/// Each line is contiguous in k.
template <int kWidth>
void pack_along(const PanelSource& from, std::int64_t k, std::uint16_t* out) {
  const std::int64_t lines = (from.count + kWidth - 1) / kWidth * kWidth, whole = k / (2 * kLines) * 2 * kLines;
  for (std::int64_t r0 = 0; r0 < lines; r0 += kLines) {
    const std::int64_t there = std::clamp<std::int64_t>(from.count - r0, 0, kLines);
    for (std::int64_t kk = 0; kk < whole; kk += 2 * kLines) {
      __m256i x[kLines] = {};
      for (std::int64_t r = 0; r < there; ++r) {
        const __m512 values = _mm512_loadu_ps(from.data + (r0 + r) * from.stride + kk);
        x[r] = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(values));
      }
      transpose_pairs(x);
      for (int i = 0; i < kLines; ++i) {
        store_half(pair_at<kWidth>(out, k, r0, kk + 2 * i), x[i]);
      }
    }
    pack_singly<kWidth>(from, k, r0, r0 + kLines, whole, out);
  }
}
#endif

template <int kWidth>
void pack_width(const PanelSource& from, std::int64_t k, std::uint16_t* out) {
#if defined(BALLAST_HAS_BF16_KERNEL)
  from.side_by_side ? pack_across<kWidth>(from, k, out) : pack_along<kWidth>(from, k, out);
#else
  pack_singly<kWidth>(from, k, 0, (from.count + kWidth - 1) / kWidth * kWidth, 0, out);
#endif
}

}  // namespace

void pack_pairs(const PanelSource& from, std::int64_t k, std::int64_t width, std::uint16_t* out) {
  width == kRows ? pack_width<kRows>(from, k, out) : pack_width<kPairCols>(from, k, out);
}

}  // namespace ballast::engine::kernels
