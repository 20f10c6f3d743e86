// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <tuple>

#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

constexpr std::int64_t kEdges[] = {1, 7, 8, 9, 31, 32, 33, 65};

/// One product with everything it needs. Strides are wider than the rows, and what lies between must stay untouched.
struct Case {
  std::int64_t m, n, k;
  bool a_transposed, b_transposed, accumulate;
  std::int64_t a_stride = (a_transposed ? m : k) + 3, b_stride = (b_transposed ? k : n) + 5, ldc = n + 2;
  std::vector<float> a = test::normals((a_transposed ? k : m) * a_stride, 11);
  std::vector<float> b = test::normals((b_transposed ? n : k) * b_stride, 12);
  std::vector<float> c = test::normals(m * ldc, 13);

  Operand left() const { return {a.data(), a_stride, a_transposed}; }
  Operand right() const { return {b.data(), b_stride, b_transposed}; }
  std::string name() const {
    return std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + (a_transposed ? " At" : "") +
           (b_transposed ? " Bt" : "") + (accumulate ? " +=" : "");
  }
  std::vector<float> scalar(Precision precision) const {
    std::vector<float> out = c;
    gemm_scalar(m, n, k, left(), right(), out.data(), ldc, accumulate, precision);
    return out;
  }
  std::vector<float> fast(Precision precision) const {
    std::vector<float> out = c;
    gemm(m, n, k, left(), right(), out.data(), ldc, accumulate, precision);
    return out;
  }
  std::vector<float> serial() const {
    std::vector<float> out = c;
    gemm_serial(m, n, k, left(), right(), out.data(), ldc, accumulate);
    return out;
  }
  std::vector<float> packed(Precision precision) const {
    std::vector<float> out = c;
    gemm(m, left(), PackedMatrix(right(), k, n, precision), out.data(), ldc, accumulate);
    return out;
  }
};

/// Every edge of m, n and k; orientation and accumulation take turns.
std::vector<Case> make_cases() {
  std::vector<Case> all;
  unsigned turn = 0;
  for (const std::int64_t m : kEdges) {
    for (const std::int64_t n : kEdges) {
      for (const std::int64_t k : {1, 2, 7, 8, 9, 31, 33, 65}) {
        turn = turn * 5 + 3;
        all.push_back({m, n, k, (turn >> 4 & 1) != 0, (turn >> 5 & 1) != 0, (turn >> 6 & 1) != 0});
      }
    }
  }
  for (unsigned flags = 0; flags < 8; ++flags) {  // pieces of k, several tiles
    const bool at = flags & 1, bt = flags & 2, add = flags & 4;
    all.push_back({33, 65, 191, at, bt, add});
    all.push_back({9, 31, 193, at, bt, add});
    all.push_back({65, 33, 385, at, bt, add});
    all.push_back({1, 7, 1001, at, bt, add});
    all.push_back({129, 257, 65, at, bt, add});
    all.push_back({300, 520, 33, at, bt, add});
    all.push_back({1030, 70, 401, at, bt, add});  // rows enough to be shared out alone
    all.push_back({140, 40, 1601, at, bt, add});  // pieces of k with packed right sides, …
    all.push_back({9, 33, 3203, at, bt, add});    // … in bf16, too
    all.push_back({9, 49, 33, at, bt, add});      // a column more than a panel
  }
  all.push_back({128, 49, 4097, false, false, false});  // a deep k goes in blocks, packed by all threads
  all.push_back({128, 49, 4097, true, true, true});
  return all;
}
const std::vector<Case>& cases() {
  static const std::vector<Case> all = make_cases();
  return all;
}

class Gemm : public test::IsaLevel {};
INSTANTIATE_TEST_SUITE_P(Level, Gemm, test::all_levels(), test::level_name);

// One fused multiply-add chain an element, so the same bits as the plain truth. Without fused multiply-adds (the scalar
// level) each step rounds twice: 2^-23 · k of products of size one.
TEST_P(Gemm, FloatsAreTheFusedChain) {
  const bool fused = std::string(GetParam()) != "scalar";
  for (const Case& x : cases()) {
    const std::vector<float> truth = x.scalar(Precision::f32), fast = x.fast(Precision::f32);
    if (fused) {
      ASSERT_TRUE(test::same_bits(fast, truth)) << x.name();
    } else {
      ASSERT_TRUE(test::near(fast, truth, 0x1p-22 * static_cast<double>(x.k + 4))) << x.name();
    }
    ASSERT_TRUE(test::same_bits(x.serial(), fast)) << x.name();
  }
}

// Operands are rounded to bf16 first, so only the order of the sum differs: 2^-22 · k of products of size one.
TEST_P(Gemm, Bf16) {
  for (const Case& x : cases()) {
    ASSERT_TRUE(test::near(x.fast(Precision::bf16), x.scalar(Precision::bf16), 0x1p-22 * static_cast<double>(x.k + 4)))
        << x.name();
  }
}

TEST_P(Gemm, PackedMatrixIsTheSameProductBitForBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const Case& x : cases()) ASSERT_TRUE(test::same_bits(x.packed(precision), x.fast(precision))) << x.name();
  }
}

/// Counts how often each element of some products was handed over, and finds it complete.
struct Finished {
  std::vector<std::vector<std::atomic<int>>> times;
  std::vector<std::int64_t> width;

  void operator()(std::size_t i, const Region& part) {
    for (std::int64_t r = part.row; r < part.row + part.rows; ++r) {
      for (std::int64_t c = part.column; c < part.column + part.columns; ++c) {
        ++times[i][static_cast<std::size_t>(r * width[i] + c)];
      }
    }
  }
  void expect(std::int64_t rows, std::int64_t columns) {
    width.push_back(columns);
    times.emplace_back(static_cast<std::size_t>(rows * columns));
  }
  bool each_once() const {
    return std::all_of(times.begin(), times.end(), [](const auto& all) {
      return std::all_of(all.begin(), all.end(), [](const auto& n) { return n == 1; });
    });
  }
};

TEST_P(Gemm, SeveralRightSidesAreTheSingleProductsAndEveryPartIsFinishedOnce) {
  for (const int threads : {1, 2, 3, 5}) {
    const test::Threads given(threads);
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8, Precision::q8, Precision::q4}) {
      for (const std::int64_t m : {1, 9, 33, 128, 129, 300}) {
        const std::int64_t k = m == 33 ? 1632 : 192;
        std::vector<PackedMatrix> weights;
        std::vector<std::vector<float>> c, alone;
        const std::vector<float> a = test::normals(m * k, 21);
        Finished finished;
        std::vector<RightSide> sides;
        for (const std::int64_t n : {48, 7, 321}) {
          const std::vector<float> b = test::normals(k * n, 22 + static_cast<std::uint64_t>(n));
          weights.emplace_back(Operand{b.data(), n, false}, k, n, precision);
          c.emplace_back(static_cast<std::size_t>(m * n), -1.0f);
          alone.push_back(c.back());
          gemm(m, {a.data(), k, false}, weights.back(), alone.back().data(), n, false);
          finished.expect(m, n);
        }
        for (std::size_t i = 0; i < weights.size(); ++i) sides.push_back({&weights[i], c[i].data(), weights[i].n()});
        gemm(m, {a.data(), k, false}, sides, false, finished);
        EXPECT_TRUE(finished.each_once()) << m << " rows, " << threads << " threads";
        for (std::size_t i = 0; i < c.size(); ++i) ASSERT_TRUE(test::same_bits(c[i], alone[i])) << m << " rows, " << i;
      }
    }
  }
}

TEST_P(Gemm, EveryPartOfAPlainProductIsFinishedOnceWhenItIsComplete) {
  for (const int threads : {1, 2, 3}) {
    const test::Threads given(threads);
    for (const auto& [m, n, k] :
         {std::tuple{1, 1, 1}, {9, 600, 800}, {300, 70, 401}, {1030, 300, 33}, {520, 1400, 1601}, {5, 3, 0}}) {
      const Case x{m, n, k, false, true, false};
      std::vector<float> c(static_cast<std::size_t>(m * n));
      Finished finished;
      finished.expect(m, n);
      gemm(m, n, k, x.left(), x.right(), c.data(), n, false, Precision::f32, [&](std::size_t i, const Region& part) {
        finished(i, part);
        for (std::int64_t r = part.row; r < part.row + part.rows; ++r) {
          for (std::int64_t j = 0; j < part.columns; ++j) c[static_cast<std::size_t>(r * n + part.column + j)] += 1000;
        }
      });
      EXPECT_TRUE(finished.each_once()) << x.name();
      const std::vector<float> plain = x.fast(Precision::f32);
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t j = 0; j < n; ++j) {
          ASSERT_EQ(c[static_cast<std::size_t>(r * n + j)], plain[static_cast<std::size_t>(r * x.ldc + j)] + 1000)
              << x.name();
        }
      }
    }
  }
}

/// x's product in pieces of some rows.
std::vector<float> in_pieces(const Case& x, std::int64_t rows, Precision precision) {
  std::vector<float> out = x.c;
  for (std::int64_t row = 0; row < x.m; row += rows) {
    Operand a = x.left();
    a.data += x.a_transposed ? row : row * x.a_stride;
    gemm(std::min(rows, x.m - row), x.n, x.k, a, x.right(), out.data() + row * x.ldc, x.ldc, x.accumulate, precision);
  }
  return out;
}

TEST_P(Gemm, ManyRowsAreTheSameAsFewAtATime) {
  std::vector<Case> cases = {{520, 1400, 1601, false, true, false}, {513, 33, 3203, true, false, true}};
  for (unsigned flags = 0; flags < 8; ++flags) {
    cases.push_back({600, 40, 513, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0});
  }
  for (const int threads : {1, 2, 3}) {
    const test::Threads given(threads);
    for (const Case& x : cases) {
      for (const Precision precision : {Precision::f32, Precision::bf16}) {
        ASSERT_TRUE(test::same_bits(x.fast(precision), in_pieces(x, 200, precision))) << x.name();
      }
    }
  }
}

TEST_P(Gemm, ARowDoesNotDependOnTheOtherRows) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    const Case all{65, 33, 401, false, true, false};
    const std::vector<float> together = all.fast(precision);
    for (const std::int64_t row : {0, 1, 8, 63, 64}) {
      std::vector<float> alone(33);
      Operand one = all.left();
      one.data += row * one.stride;
      gemm(1, 33, 401, one, all.right(), alone.data(), 33, false, precision);
      EXPECT_TRUE(test::same_bits(alone, std::span(together).subspan(static_cast<std::size_t>(row * all.ldc), 33)));
    }
  }
}

TEST_P(Gemm, EmptyShapes) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const bool accumulate : {false, true}) {
      for (const Case& x : {Case{5, 3, 0, false, false, accumulate}, Case{0, 3, 4, false, false, accumulate},
                            Case{5, 0, 4, false, true, accumulate}}) {
        EXPECT_TRUE(test::same_bits(x.fast(precision), x.scalar(precision))) << x.name();
        EXPECT_TRUE(test::same_bits(x.packed(precision), x.scalar(precision))) << x.name();
      }
    }
  }
}

TEST_P(Gemm, NotANumberIsNotLost) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Case x{9, 9, 9, false, false, false};
    x.a[static_cast<std::size_t>(x.a_stride * 4 + 2)] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> c = x.fast(precision);
    for (std::int64_t i = 0; i < 9; ++i) {
      for (std::int64_t j = 0; j < 9; ++j) {
        EXPECT_EQ(std::isnan(c[static_cast<std::size_t>(i * x.ldc + j)]), i == 4) << i << " " << j;
      }
    }
  }
}

TEST(GemmBits, OfFloatsAreTheSameWithAvx2AndAvx512) {
  std::vector<std::string> levels = test::levels_here();
  std::erase(levels, "scalar");
  if (levels.size() < 2) GTEST_SKIP() << "this machine has one vector level";
  for (const Case& x : cases()) {
    engine::cap_isa(levels.front());
    const std::vector<float> first = x.fast(Precision::f32);
    for (const std::string& level : levels) {
      engine::cap_isa(level);
      ASSERT_TRUE(test::same_bits(x.fast(Precision::f32), first)) << level << " " << x.name();
    }
  }
  engine::cap_isa("");
}

TEST(Bf16, RoundsToNearestEven) {
  EXPECT_EQ(to_bf16(1.0f), 0x3f80);
  EXPECT_EQ(to_bf16(1.0f + 0x1p-8f), 0x3f80);             // half way: to even
  EXPECT_EQ(to_bf16(1.0f + 3 * 0x1p-8f), 0x3f82);         // half way: to even, upwards
  EXPECT_EQ(to_bf16(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81);  // above half way
  EXPECT_EQ(to_bf16(-2.5f), 0xc020);
  EXPECT_EQ(to_bf16(-0.0f), 0x8000);
  EXPECT_EQ(from_bf16(0x4049), 3.140625f);
}

TEST(Bf16, KeepsWhatIsNotFinite) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(from_bf16(to_bf16(kInf)), kInf);
  EXPECT_EQ(from_bf16(to_bf16(-kInf)), -kInf);
  EXPECT_EQ(from_bf16(to_bf16(std::numeric_limits<float>::max())), kInf);          // nearest
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::bit_cast<float>(0x7f800001u)))));  // its payload would round away
}

TEST(Bf16, EveryBf16NumberComesBack) {
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float x = from_bf16(bits);
    if (std::isnan(x)) continue;
    ASSERT_EQ(to_bf16(x), bits);
  }
}

}  // namespace
}  // namespace ballast::engine
