// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/quantised.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "ballast/base/half.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

constexpr Precision kKinds[] = {Precision::int8, Precision::q8, Precision::q4};

const char* kind_name(Precision p) {
  return p == Precision::int8 ? "int8" : p == Precision::q8 ? "q8" : "q4";
}
std::int64_t group_of(Precision p, std::int64_t k) {
  return p == Precision::int8 ? k : 32;
}

/// What is stored, worked out from the definitions: integers and a scale a group.
struct QuantisedLevels {
  std::vector<int> q;
  float scale = 0;
};

/// A column's group as quantise() promises it.
QuantisedLevels weight_levels(std::span<const float> x, Precision p) {
  QuantisedLevels l;
  float most = 0, signed_most = 0;
  for (const float v : x) {
    if (std::abs(v) > most) signed_most = v;
    most = std::max(most, std::abs(v));
  }
  const float scale = p == Precision::q4 ? signed_most / -8 : most / 127;
  for (const float v : x) {
    const float t = scale != 0 ? v * (1 / scale) : 0;
    l.q.push_back(p == Precision::q4 ? std::min(15, static_cast<int>(t + 8.5f)) - 8 : static_cast<int>(std::round(t)));
  }
  l.scale = p == Precision::int8 ? scale : base::f32_from_f16(base::f16_from_f32(scale));
  return l;
}

/// A row's group: nearest even, 127 levels to each side.
QuantisedLevels row_levels(std::span<const float> x) {
  QuantisedLevels l;
  float most = 0;
  for (const float v : x) most = std::max(most, std::abs(v));
  for (const float v : x) l.q.push_back(most > 0 ? static_cast<int>(std::nearbyint(v * (127.0f / most))) : 0);
  l.scale = most / 127.0f;
  return l;
}

struct QuantisedShape {
  std::int64_t m, n, k;
};

struct QuantisedCase {
  QuantisedShape s;
  std::vector<float> a = test::normals(s.m * s.k, 21), b = test::normals(s.n * s.k, 22),
                     c = test::normals(s.m * s.n, 23);

  /// The sum of the header, group after group.
  std::vector<float> truth(Precision p, bool accumulate) const {
    std::vector<float> out = c;
    const std::int64_t group = group_of(p, s.k);
    for (std::int64_t i = 0; i < s.m; ++i) {
      for (std::int64_t j = 0; j < s.n; ++j) {
        float sum = accumulate ? out[static_cast<std::size_t>(i * s.n + j)] : 0;
        for (std::int64_t g = 0; g < s.k / group; ++g) {
          const auto count = static_cast<std::size_t>(group);
          const QuantisedLevels x = row_levels({a.data() + i * s.k + g * group, count});
          const QuantisedLevels w = weight_levels({b.data() + j * s.k + g * group, count}, p);
          std::int64_t dot = 0;
          for (std::size_t t = 0; t < count; ++t) dot += std::int64_t{x.q[t]} * w.q[t];
          const float scale = w.scale * x.scale;
          sum = accumulate || g > 0 ? std::fma(static_cast<float>(dot), scale, sum) : static_cast<float>(dot) * scale;
        }
        out[static_cast<std::size_t>(i * s.n + j)] = sum;
      }
    }
    return out;
  }
  PackedMatrix packed(Precision p) const { return {{b.data(), s.k, true}, s.k, s.n, p}; }
  std::vector<float> product(Precision p, bool accumulate) const {
    std::vector<float> out = c;
    gemm(s.m, {a.data(), s.k}, packed(p), out.data(), s.n, accumulate);
    return out;
  }
};

class Quantised : public test::IsaLevel {};
INSTANTIATE_TEST_SUITE_P(Level, Quantised, test::all_levels(), test::level_name);

// Integers are exact and the scales meet in one order, so every level gives the bits of the definition.
TEST_P(Quantised, TheSumOfTheDefinitionBitForBit) {
  for (const Precision p : kKinds) {
    for (const QuantisedShape s : {QuantisedShape{1, 1, 32},
                                   {1, 49, 64},
                                   {3, 47, 96},
                                   {7, 48, 32},
                                   {8, 64, 1024},
                                   {9, 65, 320},
                                   {140, 300, 64},
                                   {17, 5, 800},
                                   {20, 40, 1600},     // k in pieces, on all threads
                                   {150, 3, 1600}}) {  // the same on one, more rows than a tile has
      const QuantisedCase x{s};
      for (const bool accumulate : {false, true}) {
        ASSERT_TRUE(test::same_bits(x.product(p, accumulate), x.truth(p, accumulate)))
            << kind_name(p) << " " << s.m << "x" << s.n << "x" << s.k;
      }
    }
  }
}

TEST_P(Quantised, AnyDepthInInt8) {
  for (const std::int64_t k : {1, 2, 3, 5, 7, 30, 258, 1001}) {
    const QuantisedCase x{{3, 50, k}};
    ASSERT_TRUE(test::same_bits(x.product(Precision::int8, false), x.truth(Precision::int8, false))) << k;
    EXPECT_FALSE(can_quantise(k, Precision::q8));
  }
}

TEST_P(Quantised, ARowDoesNotDependOnTheOtherRows) {
  const QuantisedCase all{{70, 56, 192}};
  for (const Precision p : kKinds) {
    const PackedMatrix b = all.packed(p);
    const std::vector<float> together = all.product(p, false);
    for (const std::int64_t row : {0, 7, 8, 69}) {
      std::vector<float> alone(56);
      gemm(1, {all.a.data() + row * 192, 192}, b, alone.data(), 56, false);
      EXPECT_TRUE(test::same_bits(alone, std::span(together).subspan(static_cast<std::size_t>(row * 56), 56)));
    }
  }
}

TEST_P(Quantised, NotFiniteIsNotLost) {
  for (const Precision p : kKinds) {
    for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      QuantisedCase x{{3, 3, 64}};
      x.a[64 + 40] = odd;
      const std::vector<float> c = x.product(p, false);
      for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(std::isnan(c[i]), i / 3 == 1) << i;
    }
  }
}

// Groups of numbers so small that one divided by them is infinite are zeros, on both sides and at every level.
TEST_P(Quantised, NumbersTooSmallForAScaleAreZeros) {
  for (const Precision p : kKinds) {
    for (const bool left : {false, true}) {
      QuantisedCase x{{3, 50, 64}};
      for (float& v : left ? x.a : x.b) v *= 1e-38f;
      for (const float c : x.product(p, false)) ASSERT_EQ(c, 0.0f) << kind_name(p) << left;
    }
  }
}

/// ggml's blocks of a column, written down as its format says.
std::vector<std::byte> blocks_of(std::span<const float> rows, Precision p) {
  std::vector<std::byte> out;
  for (std::size_t at = 0; at < rows.size(); at += 32) {
    const QuantisedLevels l = weight_levels(rows.subspan(at, 32), p);
    const std::uint16_t half = base::f16_from_f32(l.scale);  // exact: it was rounded to f16 before
    out.push_back(std::byte(half & 255));
    out.push_back(std::byte(half >> 8));
    for (std::size_t i = 0; i < (p == Precision::q8 ? 32u : 16u); ++i) {
      out.push_back(p == Precision::q8 ? std::byte(static_cast<std::uint8_t>(l.q[i]))
                                       : std::byte((l.q[i] + 8) | (l.q[i + 16] + 8) << 4));
    }
  }
  return out;
}

TEST(QuantisedBlocks, AreThePanelsOfTheSameWeights) {
  for (const Precision p : {Precision::q8, Precision::q4}) {
    const QuantisedCase x{{2, 53, 96}};
    const PackedMatrix from_floats = x.packed(p), from_blocks = pack_blocks(blocks_of(x.b, p), 96, 53, p);
    const std::size_t bytes = quantised_bytes(96, 53, p);
    EXPECT_EQ(std::memcmp(from_floats.panels(), from_blocks.panels(), bytes), 0) << kind_name(p);
    // 32 values and an f16 scale: 34 or 18 bytes; 53 columns fill two panels of 48.
    EXPECT_EQ(bytes, std::size_t{96} * 3 * (p == Precision::q8 ? 34 : 18));
  }
}

// What a rounding to 127 or 7 levels of both sides can do: half a level each, against sums of normal variables.
TEST(Quantised, TheErrorIsThatOfTheRounding) {
  const QuantisedCase x{{16, 64, 512}};
  std::vector<float> exact(16 * 64);
  gemm_scalar(16, 64, 512, {x.a.data(), 512}, {x.b.data(), 512, true}, exact.data(), 64, false);
  for (const Precision p : kKinds) {
    const std::vector<float> c = x.product(p, false);
    double error = 0, size = 0;
    for (std::size_t i = 0; i < c.size(); ++i) {
      error += (c[i] - exact[i]) * (c[i] - exact[i]);
      size += exact[i] * exact[i];
    }
    EXPECT_LT(std::sqrt(error / size), p == Precision::q4 ? 0.12 : 0.015) << kind_name(p);
    EXPECT_GT(std::sqrt(error / size), 0.001) << kind_name(p);
  }
}

}  // namespace
}  // namespace ballast::engine
