// SPDX-License-Identifier: Apache-2.0
// Moments in bytes against the plain truth at every instruction set, and the promise that the bits do not depend on it.
#include "ballast/engine/kernels/moment_kernels.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "tests/support/engine.h"

namespace ballast::engine::kernels {
namespace {

using test::Guarded;
using test::normals;

constexpr MomentMap kMaps[] = {MomentMap::with_sign, MomentMap::without_sign};
const std::vector<std::int64_t> kSizesOfMoments{1, 5, 16, 255, 256, 257, 700};

/// Bytes and scales of n moments, with a byte and a scale behind them that nobody may touch.
struct Held {
  explicit Held(std::int64_t n)
      : codes(static_cast<std::size_t>(n) + 1, 77),
        scales(static_cast<std::size_t>((n + kMomentBlock - 1) / kMomentBlock) + 1, 77.0f) {}
  ByteMoments view() { return {codes.data(), scales.data()}; }
  bool intact() const { return codes.back() == 77 && scales.back() == 77.0f; }
  std::vector<std::uint8_t> codes;
  std::vector<float> scales;
};

/// Of all magnitudes that a block can tell apart, and zeros; without sign they are squares.
std::vector<float> moments_of_all_sizes(MomentMap map, std::int64_t n, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<float> x = normals(n, seed + 100);
  for (float& v : x) {
    v *= static_cast<float>(std::pow(10.0, -8 * random.uniform()));
    if (random.below(20) == 0) v = 0;
    if (map == MomentMap::without_sign) v = std::abs(v);
  }
  return x;
}

std::vector<float> decoded(MomentMap map, Held& held, std::int64_t n) {
  std::vector<float> x(static_cast<std::size_t>(n));
  scalar::decode_moments(map, held.view(), n, x.data());
  return x;
}

class MomentKernels : public test::IsaLevel {};
INSTANTIATE_TEST_SUITE_P(Level, MomentKernels, test::all_levels(), test::level_name);

TEST_P(MomentKernels, EveryCodeIsANumberOfItsOwnAndComesBack) {
  for (const MomentMap map : kMaps) {
    Held held(256), again(256);
    for (std::size_t c = 0; c < 256; ++c) held.codes[c] = static_cast<std::uint8_t>(c);
    held.scales[0] = 3;
    std::vector<float> fast(256);
    decode_moments(map, held.view(), 256, fast.data());
    const std::vector<float> slow = decoded(map, held, 256);
    EXPECT_TRUE(test::near(fast, slow, 0, 1e-6));
    EXPECT_EQ(std::set<float>(fast.begin(), fast.end()).size(), 256u);
    EXPECT_EQ(*std::max_element(fast.begin(), fast.end()), 3);
    encode_moments(map, fast.data(), 256, again.view());
    EXPECT_EQ(again.codes, held.codes);
    EXPECT_EQ(again.scales[0], 3);
    EXPECT_TRUE(again.intact());
  }
}

// The nearest number, but for values that lie halfway between two: 1e-5 of the value.
TEST_P(MomentKernels, EncodesToTheNearestNumber) {
  for (const MomentMap map : kMaps) {
    for (const std::int64_t n : kSizesOfMoments) {
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const std::vector<float> x = moments_of_all_sizes(map, n, seed);
        Held fast(n), slow(n);
        encode_moments(map, x.data(), n, fast.view());
        scalar::encode_moments(map, x.data(), n, slow.view());
        EXPECT_EQ(fast.scales, slow.scales);
        EXPECT_TRUE(fast.intact());
        const std::vector<float> a = decoded(map, fast, n), b = decoded(map, slow, n);
        for (std::size_t i = 0; i < x.size(); ++i) {
          ASSERT_LE(std::abs(a[i] - x[i]), std::abs(b[i] - x[i]) + 1e-5f * std::abs(x[i])) << x[i] << " of " << n;
        }
      }
    }
  }
}

TEST_P(MomentKernels, SecondMomentsThatAreNotZeroStayAboveIt) {
  std::vector<float> x(kMomentBlock, 1e-12f);
  x[0] = 1;
  x[1] = 0;
  Held held(kMomentBlock);
  encode_moments(MomentMap::without_sign, x.data(), kMomentBlock, held.view());
  const std::vector<float> y = decoded(MomentMap::without_sign, held, kMomentBlock);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
  for (std::size_t i = 2; i < y.size(); ++i) EXPECT_FLOAT_EQ(y[i], 3.25e-7f);
  encode_moments(MomentMap::with_sign, x.data(), kMomentBlock, held.view());
  EXPECT_EQ(decoded(MomentMap::with_sign, held, kMomentBlock)[2], 0) << "a first moment may vanish";
}

TEST_P(MomentKernels, ValuesTooSmallForAScaleAreZeros) {
  for (const MomentMap map : kMaps) {
    const std::vector<float> x(kMomentBlock, 0x1p-130f);
    Held held(kMomentBlock);
    encode_moments(map, x.data(), kMomentBlock, held.view());
    EXPECT_EQ(decoded(map, held, kMomentBlock), std::vector<float>(kMomentBlock));
  }
}

constexpr AdamW kSomeStep{1e-2f, 0.9f, 0.999f, 1e-8f, 0.1f, 0.5f, 0.25f, 0.5f, 0.1f, 0.001f};

// p as for moments in f32; the moments then differ by what rounding to bytes allows where two numbers are equally near.
TEST_P(MomentKernels, Step) {
  for (const std::int64_t n : kSizesOfMoments) {
    const std::vector<float> p = normals(n, 1), g = normals(n, 2, 0.3);
    Held fm(n), fv(n);
    encode_moments(MomentMap::with_sign, normals(n, 3, 0.1).data(), n, fm.view());
    encode_moments(MomentMap::without_sign, moments_of_all_sizes(MomentMap::without_sign, n, 4).data(), n, fv.view());
    Held sm = fm, sv = fv;
    Guarded fp(p), fg(g), sp(p), sg(g);
    adamw_step_bytes(kSomeStep, fp.data(), fg.data(), fm.view(), fv.view(), n);
    scalar::adamw_step_bytes(kSomeStep, sp.data(), sg.data(), sm.view(), sv.view(), n);
    EXPECT_TRUE(test::near(fp.values(), sp.values(), 1e-6, 1e-6)) << n;
    EXPECT_TRUE(test::same_bits(fg.values(), std::vector<float>(g.size()))) << "used up";
    EXPECT_TRUE(fp.intact() && fg.intact() && fm.intact() && fv.intact());
    EXPECT_TRUE(test::near(fm.scales, sm.scales, 0, 1e-6));
    EXPECT_TRUE(test::near(fv.scales, sv.scales, 0, 1e-6));
    std::int64_t others = 0;
    for (std::size_t i = 0; i < g.size(); ++i) others += (fm.codes[i] != sm.codes[i]) + (fv.codes[i] != sv.codes[i]);
    EXPECT_LE(others, 1 + n / 100) << "codes that are not the nearest";
  }
}

TEST_P(MomentKernels, WhatIsNotFiniteIsNotLost) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> p(kMomentBlock, 1.0f), g(kMomentBlock, 0.1f);
    Held m(kMomentBlock), v(kMomentBlock);
    m.codes.assign(kMomentBlock + 1, 0);
    v.codes.assign(kMomentBlock + 1, 0);
    g[3] = bad;
    adamw_step_bytes(kSomeStep, p.data(), g.data(), m.view(), v.view(), kMomentBlock);
    EXPECT_TRUE(std::isnan(p[3]));
    EXPECT_TRUE(std::isfinite(p[4]));
  }
}

TEST(MomentKernelBits, AreTheSameAtEveryInstructionSet) {
  for (const std::int64_t n : kSizesOfMoments) {
    const auto run = [&] {
      std::vector<float> p = normals(n, 5), all;
      Held m(n), v(n);
      encode_moments(MomentMap::with_sign, normals(n, 6, 0.01).data(), n, m.view());
      encode_moments(MomentMap::without_sign, moments_of_all_sizes(MomentMap::without_sign, n, 7).data(), n, v.view());
      for (std::uint64_t step = 0; step < 20; ++step) {
        std::vector<float> g = normals(n, 10 + step, std::pow(0.5, static_cast<double>(step)));
        adamw_step_bytes(kSomeStep, p.data(), g.data(), m.view(), v.view(), n);
      }
      all = p;
      for (const Held* held : {&m, &v}) {
        all.insert(all.end(), held->codes.begin(), held->codes.end());
        all.insert(all.end(), held->scales.begin(), held->scales.end());
      }
      return all;
    };
    engine::cap_isa("scalar");
    const std::vector<float> expected = run();
    for (const std::string& level : test::levels_here()) {
      engine::cap_isa(level);
      EXPECT_TRUE(test::same_bits(run(), expected)) << level << ", n = " << n;
    }
    engine::cap_isa("");
  }
}

}  // namespace
}  // namespace ballast::engine::kernels
