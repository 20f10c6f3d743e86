// SPDX-License-Identifier: Apache-2.0
// The innermost products over packed panels. A is packed in panels of kRows rows, B in panels of kFloatCols or
// kPairCols columns, both with the shared dimension K running through the panel, so that the kernels read straight
// through memory.
//
// Each output element is one chain of fused multiply-adds over k = 0, 1, …: its bits do not depend on how many rows are
// in the batch, on how the work is cut or on the width of the vectors.
#pragma once

#include <cstdint>

#include "ballast/engine/kernels/ahead.h"

namespace ballast::engine::kernels {

inline constexpr int kRows = 8;
inline constexpr int kFloatCols = 48;  // 8 × 48 accumulators fill 24 of the 32 zmm registers: 11 loads for 24 products
inline constexpr int kPairCols = 32;

static_assert(kRunsOfPass == kRows);

/// Rows of A: panels [k][kRows], `next` floats from one to the next, or, with a stride, rows as they lie. The product
/// has the same bits.
struct RowsOfA {
  const float* data;
  std::int64_t next = 0, stride = 0;
};

/// What passes ask for while they multiply, one pass a panel of rows.
struct PassesAhead {
  RunsAhead runs;
  const float* sums_after;  // of what follows the last pass, see Requests::sums; null: nothing
};

/// c[rows, cols] (row stride ldc) = or += a · b, where b is one packed B panel [k][kFloatCols], cols ≤ kFloatCols.
/// `ahead`: null where the caches hold all operands. All rows at once: from one call to the next a core has too many
/// instructions to do to have the next products under way when the last ones end.
void multiply_panels(RowsOfA a, const float* b, std::int64_t k, std::int64_t rows, int cols, float* c, std::int64_t ldc,
                     bool accumulate, const PassesAhead* ahead = nullptr);
void multiply_panels_scalar(const float* a, const float* b, std::int64_t k, int rows, int cols, float* c,
                            std::int64_t ldc, bool accumulate);

/// The same for bf16 operands in pairs: a is [k/2][kRows][2], b is [k/2][kPairCols][2], k even (padded with zeros).
/// Needs has_bf16_kernel().
void multiply_panels_bf16(const std::uint16_t* a, const std::uint16_t* b, std::int64_t k, int rows, int cols, float* c,
                          std::int64_t ldc, bool accumulate);
void multiply_panels_bf16_scalar(const std::uint16_t* a, const std::uint16_t* b, std::int64_t k, int rows, int cols,
                                 float* c, std::int64_t ldc, bool accumulate);
bool bf16_kernel_compiled();

/// Highway's target (HWY_AVX2, …) of the kernels that run now. It is asked of the dispatch itself and not of
/// hwy::SupportedTargets(), which in Highway 1.0 makes the next kernels run at the machine's own level whatever
/// hwy::DisableTargets() said.
std::int64_t target_in_use();

}  // namespace ballast::engine::kernels
