// SPDX-License-Identifier: Apache-2.0
// The plain truth that the fast products are tested against.
#include <bit>
#include <cmath>

#include "ballast/engine/kernels/gemm_kernels.h"

namespace ballast::engine::kernels {

void multiply_panels_scalar(const float* a, const float* b, std::int64_t k, int rows, int cols, float* c,
                            std::int64_t ldc, bool accumulate) {
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < cols; ++j) {
      float sum = accumulate ? c[r * ldc + j] : 0.0f;
      for (std::int64_t i = 0; i < k; ++i) sum = std::fma(a[i * kRows + r], b[i * kFloatCols + j], sum);
      c[r * ldc + j] = sum;
    }
  }
}

void multiply_panels_bf16_scalar(const std::uint16_t* a, const std::uint16_t* b, std::int64_t k, int rows, int cols,
                                 float* c, std::int64_t ldc, bool accumulate) {
  const auto widen = [](std::uint16_t x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16); };
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < cols; ++j) {
      float sum = accumulate ? c[r * ldc + j] : 0.0f;
      for (std::int64_t i = 0; i < k / 2; ++i) {
        for (int half = 1; half >= 0; --half) {  // the instruction adds the odd element of a pair first
          sum = std::fma(widen(a[(i * kRows + r) * 2 + half]), widen(b[(i * kPairCols + j) * 2 + half]), sum);
        }
      }
      c[r * ldc + j] = sum;
    }
  }
}

}  // namespace ballast::engine::kernels
