// SPDX-License-Identifier: Apache-2.0
// AdamW whose moments take one byte a value (Dettmers, Lewis, Shleifer & Zettlemoyer 2022, "8-bit optimizers via
// block-wise quantization"). Values are cut into blocks of kMomentBlock; a block keeps its largest magnitude as its
// scale, and each value, as a share of it, the nearest number of a fixed map. The map is dynamic: powers of ten share
// the codes so that each decade has twice as many as the one below, evenly spread within the decade.
//
//   signed (first moment)      code k + 128 · (x < 0), k = 1 … 127; decade i = ⌊log2 k⌋ has p = 2^i numbers
//                              0 is zero, 128 is one
//   unsigned (second moment)   code k = 2 … 255; decade i = ⌊log2 k⌋ - 1 has p = 2^(i+1) numbers
//                              0 is zero, 1 is one
//   number of code k           10^(i-6) · (0.1 + 0.9 · (k - p + 1/2) / p),  i = 0 … 6
//
// One departure: a second moment that is not zero never becomes zero, but at least the smallest number of the map. Zero
// under the root would make the next step of that value arbitrarily large (Li, Chen & Zhu 2023, "Memory efficient
// optimizers with 4-bit states").
//
// Steps and codes have the same bits on every instruction set. The functions in `scalar` are the plain truth: a sorted
// table that is searched, and steps in double.
#pragma once

#include <cstdint>

#include "ballast/engine/kernels/vector_kernels.h"

namespace ballast::engine::kernels {

inline constexpr std::int64_t kMomentBlock = 256;  // values a scale; the paper's 2048 costs less memory, 1 % here

/// Moments of n values: codes[n], scales[ceil(n / kMomentBlock)].
struct ByteMoments {
  std::uint8_t* codes = nullptr;
  float* scales = nullptr;
};

enum class MomentMap { with_sign, without_sign };

#define BALLAST_MOMENT_KERNELS                                                                                     \
  /* The nearest code of each value. A block of nothing above 2^-120 becomes zeros. */                             \
  void encode_moments(MomentMap map, const float* x, std::int64_t n, ByteMoments to);                              \
  void decode_moments(MomentMap map, ByteMoments from, std::int64_t n, float* x);                                  \
  /* adamw_step() of vector_kernels.h with both moments in bytes: p follows the moments before they are rounded */ \
  void adamw_step_bytes(const AdamW& s, float* p, float* g, ByteMoments m, ByteMoments v, std::int64_t n);

BALLAST_MOMENT_KERNELS

namespace scalar {
BALLAST_MOMENT_KERNELS
}  // namespace scalar

}  // namespace ballast::engine::kernels
