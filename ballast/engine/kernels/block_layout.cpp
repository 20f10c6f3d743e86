// SPDX-License-Identifier: Apache-2.0
// lay_out_blocks for every instruction set: blocks of eight columns at a time are transposed in registers, as words of
// four bytes.
#include "ballast/engine/kernels/quantised_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ballast/engine/kernels/block_layout.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {
namespace {

struct BlockSizes {
  std::int64_t block, values, group;  // bytes: of ggml's block, of a group's values, of a group

  explicit BlockSizes(QuantisedForm form) {
    const std::int64_t each = form == QuantisedForm::nibbles ? kGroup / 2 : kGroup;
    block = 2 + each;
    values = each * kByteCols;
    group = values + kByteCols * 2;
  }
};

/// Copies a scale into its place; false where it is not finite.
HWY_INLINE bool place_scale(const std::uint8_t* block, int column, std::uint8_t* scales) {
  std::memcpy(scales + column * 2, block, 2);
  return (block[1] & 0x7c) != 0x7c;
}

/// The plain truth: one block of one column.
template <QuantisedForm kForm>
void place_values(const std::uint8_t* block, int column, std::uint8_t* group) {
  const std::uint8_t* q = block + 2;
  if constexpr (kForm == QuantisedForm::bytes) {
    for (int quad = 0; quad < kGroup / kQuad; ++quad) {
      std::uint32_t values;
      std::memcpy(&values, q + quad * kQuad, 4);
      values ^= 0x80808080u;  // signed to unsigned with zero 128
      std::memcpy(group + (quad * kByteCols + column) * kQuad, &values, 4);
    }
    return;
  }
  // The block pairs value i with value i + 16 in a byte; the panel pairs quad 2i with quad 2i + 1.
  for (int step = 0; step < kGroup / (2 * kQuad); ++step) {
    std::uint32_t bytes[2];
    std::memcpy(bytes, q + step * 2 * kQuad % (kGroup / 2), sizeof bytes);
    const bool high = step * 2 * kQuad >= kGroup / 2;
    for (std::uint32_t& b : bytes) b = (high ? b >> 4 : b) & 0x0f0f0f0fu;
    const std::uint32_t both = bytes[0] | bytes[1] << 4;
    std::memcpy(group + (step * kByteCols + column) * kQuad, &both, 4);
  }
}

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
constexpr int kAtOnce = 8;  // columns

HWY_INLINE void put_words(__m256i words, int step, int column, std::uint8_t* group) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(group + (step * kByteCols + column) * kQuad), words);
}

/// Rows of words a … d become columns within each half.
struct FourWords {
  __m256i w[4];
};
HWY_INLINE FourWords transpose_halves(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i ab0 = _mm256_unpacklo_epi32(a, b), ab1 = _mm256_unpackhi_epi32(a, b);
  const __m256i cd0 = _mm256_unpacklo_epi32(c, d), cd1 = _mm256_unpackhi_epi32(c, d);
  return {{_mm256_unpacklo_epi64(ab0, cd0), _mm256_unpackhi_epi64(ab0, cd0), _mm256_unpacklo_epi64(ab1, cd1),
           _mm256_unpackhi_epi64(ab1, cd1)}};
}

/// Sixteen bytes of two columns, one a half.
HWY_INLINE __m256i two_columns(const std::uint8_t* low, const std::uint8_t* high) {
  const auto load = [](const std::uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); };
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load(low)), load(high), 1);
}

/// The blocks at `offset` of eight columns.
template <QuantisedForm kForm>
HWY_INLINE void place_eight(const std::uint8_t* const* rows, std::int64_t offset, int column, std::uint8_t* group) {
  const auto words = [&](int from) {  // four words of all eight
    const std::int64_t at = offset + 2 + from;
    return transpose_halves(two_columns(rows[0] + at, rows[4] + at), two_columns(rows[1] + at, rows[5] + at),
                            two_columns(rows[2] + at, rows[6] + at), two_columns(rows[3] + at, rows[7] + at));
  };
  if constexpr (kForm == QuantisedForm::bytes) {
    const __m256i signs = _mm256_set1_epi8(static_cast<char>(0x80));
    for (int half = 0; half < 2; ++half) {
      const FourWords x = words(half * 16);
      for (int i = 0; i < 4; ++i) put_words(_mm256_xor_si256(x.w[i], signs), half * 4 + i, column, group);
    }
  } else {
    const FourWords x = words(0);
    const __m256i low = _mm256_set1_epi8(15), high = _mm256_set1_epi8(static_cast<char>(0xf0));
    for (int i = 0; i < 4; i += 2) {
      const __m256i a = x.w[i], b = x.w[i + 1];
      const __m256i lows = _mm256_or_si256(_mm256_and_si256(a, low), _mm256_slli_epi16(_mm256_and_si256(b, low), 4));
      const __m256i highs = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(a, 4), low), _mm256_and_si256(b, high));
      put_words(lows, i / 2, column, group);
      put_words(highs, i / 2 + 2, column, group);
    }
  }
}
#else
constexpr int kAtOnce = kByteCols + 1;  // none
template <QuantisedForm kForm>
void place_eight(const std::uint8_t* const*, std::int64_t, int, std::uint8_t*) {}
#endif

template <QuantisedForm kForm>
bool lay_out_panel(const std::uint8_t* const* rows, int cols, std::int64_t groups, std::uint8_t* panel) {
  const BlockSizes size(kForm);
  bool finite = true;
  int first = 0;
  // Column after column of eight, so that few streams of memory are read at a time.
  for (; first + kAtOnce <= cols; first += kAtOnce) {
    // The columns after these, or the next panel's, most often follow in memory. An address, since it may lie past the
    // end, where the request does nothing.
    const auto ahead = static_cast<std::uintptr_t>((rows[1] - rows[0]) * kAtOnce);
    std::uint8_t* group = panel;
    for (std::int64_t g = 0; g < groups; ++g, group += size.group) {
      const std::int64_t offset = g * size.block;
      place_eight<kForm>(rows + first, offset, first, group);
      for (int c = first; c < first + kAtOnce; ++c) {
        finite &= place_scale(rows[c] + offset, c, group + size.values);
        const auto at = reinterpret_cast<std::uintptr_t>(rows[c] + offset);
        __builtin_prefetch(reinterpret_cast<const void*>(at + ahead));
      }
    }
  }
  for (std::int64_t g = 0; g < groups; ++g) {
    std::uint8_t* group = panel + g * size.group;
    for (int c = first; c < cols; ++c) {
      place_values<kForm>(rows[c] + g * size.block, c, group);
      finite &= place_scale(rows[c] + g * size.block, c, group + size.values);
    }
    for (int c = cols; c < kByteCols; ++c) {
      constexpr int kZero = kForm == QuantisedForm::nibbles ? 0x88 : 0x80;
      for (std::int64_t at = c * kQuad; at < size.values; at += kByteCols * kQuad) {
        std::memset(group + at, kZero, kQuad);
      }
      std::memset(group + size.values + c * 2, 0, 2);
    }
  }
  return finite;
}

bool lay_out(const std::uint8_t* const* rows, int cols, QuantisedForm form, std::int64_t groups, std::uint8_t* panel) {
  return form == QuantisedForm::bytes ? lay_out_panel<QuantisedForm::bytes>(rows, cols, groups, panel)
                                      : lay_out_panel<QuantisedForm::nibbles>(rows, cols, groups, panel);
}

}  // namespace
}  // namespace ballast::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ballast::engine::kernels {
HWY_EXPORT(lay_out);

bool lay_out_blocks(const std::uint8_t* const* rows, int cols, QuantisedForm form, std::int64_t groups,
                    std::uint8_t* panel) {
  return HWY_DYNAMIC_DISPATCH(lay_out)(rows, cols, form, groups, panel);
}

}  // namespace ballast::engine::kernels
#endif
