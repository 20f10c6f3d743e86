// SPDX-License-Identifier: Apache-2.0
// The innermost products over packed panels against their plain truth, at every instruction set.
#include "ballast/engine/kernels/gemm_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ballast/engine/gemm.h"
#include "tests/support/engine.h"

namespace ballast::engine::kernels {
namespace {

class GemmKernels : public test::IsaLevel {
 protected:
  /// The scalar level has no fused multiply-add: it rounds twice where the others round once.
  static bool fused() { return std::string(GetParam()) != "scalar"; }
};
INSTANTIATE_TEST_SUITE_P(Level, GemmKernels, test::all_levels(), test::level_name);

TEST_P(GemmKernels, PanelsOfFloats) {
  constexpr std::int64_t kStride = 56;
  for (const std::int64_t k : {1, 2, 7, 8, 9, 31, 33, 192}) {
    const std::vector<float> a = test::normals(k * kRows, 1), b = test::normals(k * kFloatCols, 2);
    for (int rows = 1; rows <= kRows; ++rows) {
      for (const int cols : {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48}) {
        for (const bool accumulate : {false, true}) {
          const std::vector<float> start = test::normals((rows - 1) * kStride + cols, 3);
          test::Guarded fast(start), slow(start);
          multiply_panels({a.data()}, b.data(), k, rows, cols, fast.data(), kStride, accumulate);
          multiply_panels_scalar(a.data(), b.data(), k, rows, cols, slow.data(), kStride, accumulate);
          if (fused()) {
            ASSERT_TRUE(test::same_bits(fast.values(), slow.values())) << k << " " << rows << " " << cols;
          } else {
            ASSERT_TRUE(test::near(fast.values(), slow.values(), 1e-6 * static_cast<double>(k))) << k;
          }
          ASSERT_TRUE(fast.intact()) << k << " " << rows << " " << cols;
        }
      }
    }
  }
}

// Whatever a kernel asks for on the way, however the rows of A lie and however many there are, the bits are the same.
TEST_P(GemmKernels, RowsAsTheyLieAndPanelsAtOnce) {
  constexpr std::int64_t kStride = 56, kMost = 27;
  for (const std::int64_t k : {1, 2, 7, 33, 192}) {
    const std::int64_t apart = k + 3;
    const std::vector<float> a = test::normals((kMost + kRows) * apart, 1), b = test::normals(k * kFloatCols, 2);
    std::vector<float> panels;
    for (std::int64_t first = 0; first < kMost; first += kRows) {
      for (std::int64_t i = 0; i < k; ++i) {
        for (std::int64_t r = first; r < first + kRows; ++r)
          panels.push_back(a[static_cast<std::size_t>(r * apart + i)]);
      }
    }
    const RowsOfA lie{a.data(), kRows * apart, apart}, laid_out{panels.data(), kRows * k};
    for (const std::int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 27}) {
      for (const int cols : {1, 8, 16, 17, 32, 47, 48}) {
        for (const bool accumulate : {false, true}) {
          const std::vector<float> start = test::normals((rows - 1) * kStride + cols, 3);
          test::Guarded lying(start), at_once(start), one_by_one(start);
          const PassesAhead ahead{{panels.data(), 48, k, (rows + kRows - 1) / kRows}, panels.data()};
          multiply_panels(lie, b.data(), k, rows, cols, lying.data(), kStride, accumulate, &ahead);
          multiply_panels(laid_out, b.data(), k, rows, cols, at_once.data(), kStride, accumulate, &ahead);
          for (std::int64_t row = 0; row < rows; row += kRows) {
            multiply_panels({panels.data() + row * k}, b.data(), k, std::min<std::int64_t>(kRows, rows - row), cols,
                            one_by_one.data() + row * kStride, kStride, accumulate);
          }
          ASSERT_TRUE(test::same_bits(lying.values(), one_by_one.values())) << k << " " << rows << " " << cols;
          ASSERT_TRUE(test::same_bits(at_once.values(), one_by_one.values())) << k << " " << rows << " " << cols;
          ASSERT_TRUE(lying.intact() && at_once.intact()) << k << " " << rows << " " << cols;
        }
      }
    }
  }
}

// The products of bf16 numbers are exact in f32; the instruction may round its two additions differently: 2^-22 of the
// sum of the absolute products.
TEST_P(GemmKernels, PanelsOfBf16Pairs) {
  if (!has_bf16_kernel()) GTEST_SKIP() << "no bf16 dot products at this level";
  constexpr std::int64_t kStride = 37;
  for (const std::int64_t k : {2, 4, 8, 10, 32, 66, 384}) {
    std::vector<std::uint16_t> a, b;
    for (const float x : test::normals(k * kRows, 4)) a.push_back(to_bf16(x));
    for (const float x : test::normals(k * kPairCols, 5)) b.push_back(to_bf16(x));
    for (int rows = 1; rows <= kRows; ++rows) {
      for (const int cols : {1, 7, 8, 9, 15, 16, 17, 31, 32}) {
        for (const bool accumulate : {false, true}) {
          const std::vector<float> start = test::normals((rows - 1) * kStride + cols, 6);
          test::Guarded fast(start), slow(start);
          multiply_panels_bf16(a.data(), b.data(), k, rows, cols, fast.data(), kStride, accumulate);
          multiply_panels_bf16_scalar(a.data(), b.data(), k, rows, cols, slow.data(), kStride, accumulate);
          ASSERT_TRUE(test::near(fast.values(), slow.values(), 0x1p-22 * static_cast<double>(k) * 2)) << k;
          ASSERT_TRUE(fast.intact()) << k << " " << rows << " " << cols;
        }
      }
    }
  }
}

}  // namespace
}  // namespace ballast::engine::kernels
