// SPDX-License-Identifier: Apache-2.0
// Every vector kernel against its plain truth at every instruction set, and the promise that the bits do not depend on
// the instruction set.
#include "ballast/engine/kernels/vector_kernels.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/support/engine.h"

namespace ballast::engine::kernels {
namespace {

using test::Guarded;
using test::near;
using test::normals;

const std::vector<std::int64_t> kSizes{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 100, 257};
constexpr Activation kActivations[] = {Activation::none, Activation::gelu_erf, Activation::gelu_tanh,
                                       Activation::tanh, Activation::relu,     Activation::silu};

class VectorKernels : public test::IsaLevel {};
INSTANTIATE_TEST_SUITE_P(Level, VectorKernels, test::all_levels(), test::level_name);

/// Arguments from the far tails to the middle.
std::vector<float> arguments(std::int64_t n, std::uint64_t seed) {
  std::vector<float> x = normals(n, seed, 2.5);
  const float special[] = {0.0f, -0.0f, 1e-4f, -1e-4f, 6.0f, -6.0f, 12.0f, -12.0f, 60.0f, -60.0f, 1e-20f, -100.0f};
  for (std::size_t i = 0; i < x.size(); i += 3) x[i] = special[i / 3 % std::size(special)];
  return x;
}

// Absolute error 3e-7 · (1 + |x|): a few units in the last place of f32 around one, and what Abramowitz &
// Stegun's 7.1.26 allows gelu (1.5e-7 · |x|).
TEST_P(VectorKernels, Activate) {
  for (const Activation kind : kActivations) {
    for (const std::int64_t n : kSizes) {
      const std::vector<float> x = arguments(n, 1);
      Guarded fast(n), slow(n);
      activate(kind, Guarded(x).data(), nullptr, fast.data(), n);
      scalar::activate(kind, x.data(), nullptr, slow.data(), n);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(fast.values()[i], slow.values()[i], 3e-7 * (1 + std::abs(x[i])))
            << "kind " << static_cast<int>(kind) << ", x = " << x[i];
      }
      EXPECT_TRUE(fast.intact());
      Guarded in_place(x);  // linear() activates in place
      activate(kind, in_place.data(), nullptr, in_place.data(), n);
      EXPECT_TRUE(test::same_bits(in_place.values(), fast.values()));
      const std::vector<float> bias = normals(n, 4);
      Guarded sum(x), with_bias(n);
      add_to(sum.data(), bias.data(), n);
      activate(kind, sum.data(), nullptr, sum.data(), n);
      activate(kind, x.data(), Guarded(bias).data(), with_bias.data(), n);
      EXPECT_TRUE(test::same_bits(with_bias.values(), sum.values()));
      EXPECT_TRUE(with_bias.intact());
    }
  }
}

// The slope is near one, or falls off to nothing: absolute error 2e-6 · |dy|.
TEST_P(VectorKernels, ActivateBackward) {
  for (const Activation kind : kActivations) {
    for (const std::int64_t n : kSizes) {
      const std::vector<float> x = arguments(n, 2), dy = normals(n, 3);
      Guarded fast(n), slow(n);
      activate_backward(kind, x.data(), dy.data(), fast.data(), n);
      scalar::activate_backward(kind, x.data(), dy.data(), slow.data(), n);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(fast.values()[i], slow.values()[i], 2e-6 * std::abs(dy[i]) + 1e-30)
            << "kind " << static_cast<int>(kind) << ", x = " << x[i];
      }
      EXPECT_TRUE(fast.intact());
    }
  }
}

// One rounding an element: no difference is allowed.
TEST_P(VectorKernels, ElementwiseKernelsAreExact) {
  for (const std::int64_t n : kSizes) {
    const std::vector<float> a = normals(n, 4), b = normals(n, 5);
    Guarded fast(a), slow(a), fast_sum(n), slow_sum(n), fast_ds(n), slow_ds(n);
    add_to(fast.data(), b.data(), n);
    scalar::add_to(slow.data(), b.data(), n);
    EXPECT_TRUE(test::same_bits(fast.values(), slow.values()));
    Guarded both(a), one_by_one(a);
    add_both_to(both.data(), a.data(), b.data(), n);
    scalar::add_to(one_by_one.data(), a.data(), n);
    scalar::add_to(one_by_one.data(), b.data(), n);
    EXPECT_TRUE(test::same_bits(both.values(), one_by_one.values()));
    EXPECT_TRUE(both.intact());
    scale(fast.data(), 0.3f, n);
    scalar::scale(slow.data(), 0.3f, n);
    EXPECT_TRUE(test::same_bits(fast.values(), slow.values()));
    add(a.data(), b.data(), fast_sum.data(), n);
    scalar::add(a.data(), b.data(), slow_sum.data(), n);
    EXPECT_TRUE(test::same_bits(fast_sum.values(), slow_sum.values()));
    softmax_backward(a.data(), b.data(), 0.7f, fast_ds.data(), n);
    scalar::softmax_backward(a.data(), b.data(), 0.7f, slow_ds.data(), n);
    EXPECT_TRUE(test::same_bits(fast_ds.values(), slow_ds.values()));
    EXPECT_EQ(row_max(a.data(), n), scalar::row_max(a.data(), n));
    EXPECT_TRUE(fast.intact() && fast_sum.intact() && fast_ds.intact());
  }
}

TEST_P(VectorKernels, RowMaxSeesEveryPlaceAndInfinities) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (const std::int64_t n : kSizes) {
    for (std::int64_t at = 0; at < n; ++at) {
      std::vector<float> x(static_cast<std::size_t>(n), -kInf);
      EXPECT_EQ(row_max(x.data(), n), -kInf);
      x[static_cast<std::size_t>(at)] = -3;
      ASSERT_EQ(row_max(Guarded(x).data(), n), -3) << at << " of " << n;
    }
  }
}

TEST_P(VectorKernels, ColumnSumsAddRowsInOrder) {
  for (const std::int64_t cols : kSizes) {
    for (const std::int64_t rows : {0, 1, 7, 33}) {
      const std::vector<float> x = normals(rows * cols, 6);
      Guarded fast(cols, 1), slow(cols, 1);
      const std::int64_t begin = cols / 3, end = cols - cols / 5;
      add_column_sums(x.data(), rows, cols, begin, end, fast.data());
      scalar::add_column_sums(x.data(), rows, cols, begin, end, slow.data());
      EXPECT_TRUE(test::same_bits(fast.values(), slow.values()));
      EXPECT_TRUE(fast.intact());
      for (std::int64_t j = 0; j < begin; ++j) EXPECT_EQ(fast.values()[static_cast<std::size_t>(j)], 1);
    }
  }
}

// Sums over n in f32 lanes: 2e-6 relative to rows of unit variance.
TEST_P(VectorKernels, LayerNormRow) {
  for (const std::int64_t n : kSizes) {
    for (const float offset : {0.0f, 10.0f}) {
      std::vector<float> x = normals(n, 7);
      for (float& v : x) v += offset;
      const std::vector<float> gain = normals(n, 8), bias = normals(n, 9);
      Guarded fast(n), slow(n);
      float mean[2], rstd[2];
      layer_norm_row(x.data(), gain.data(), bias.data(), 1e-5f, n, fast.data(), mean, rstd);
      scalar::layer_norm_row(x.data(), gain.data(), bias.data(), 1e-5f, n, slow.data(), mean + 1, rstd + 1);
      if (n == 1) {
        EXPECT_EQ(fast.values(), bias);
        continue;
      }
      EXPECT_NEAR(mean[0], mean[1], 1e-6 * (1 + offset));
      EXPECT_NEAR(rstd[0] / rstd[1], 1, 2e-6 * (1 + offset) * rstd[1]);
      EXPECT_TRUE(near(fast.values(), slow.values(), 4e-6 * (1 + offset) * std::max(1.0f, rstd[1]), 4e-6)) << n;
      EXPECT_TRUE(fast.intact());
    }
  }
}

TEST_P(VectorKernels, LayerNormBackward) {
  for (const std::int64_t n : kSizes) {
    const std::int64_t rows = 9;
    const std::vector<float> x = normals(rows * n, 10), dy = normals(rows * n, 11), gain = normals(n, 12);
    const std::vector<float> mean = normals(rows, 13, 0.1), rstd(static_cast<std::size_t>(rows), 0.9f);
    Guarded fast(n, 0.5f), slow(n, 0.5f), dgain(n, 1), dbias(n, 2), dgain_slow(n, 1), dbias_slow(n, 2);
    layer_norm_row_backward(x.data(), gain.data(), dy.data(), mean[0], rstd[0], n, fast.data());
    scalar::layer_norm_row_backward(x.data(), gain.data(), dy.data(), mean[0], rstd[0], n, slow.data());
    EXPECT_TRUE(near(fast.values(), slow.values(), 3e-6, 1e-6)) << n;
    const std::int64_t begin = n / 4, end = n;
    layer_norm_columns_backward(x.data(), dy.data(), mean.data(), rstd.data(), rows, n, begin, end, dgain.data(),
                                dbias.data());
    scalar::layer_norm_columns_backward(x.data(), dy.data(), mean.data(), rstd.data(), rows, n, begin, end,
                                        dgain_slow.data(), dbias_slow.data());
    EXPECT_TRUE(near(dgain.values(), dgain_slow.values(), 5e-6)) << n;
    EXPECT_TRUE(near(dbias.values(), dbias_slow.values(), 5e-6)) << n;
    EXPECT_TRUE(fast.intact() && dgain.intact() && dbias.intact());
  }
}

TEST_P(VectorKernels, RmsNorm) {
  for (const std::int64_t n : kSizes) {
    const std::int64_t rows = 9;
    const std::vector<float> x = normals(rows * n, 30), dy = normals(rows * n, 31), gain = normals(n, 32);
    Guarded y(n), y_slow(n), dx(n, 0.5f), dx_slow(n, 0.5f), dgain(n, 1), dgain_slow(n, 1);
    std::vector<float> rstd(static_cast<std::size_t>(rows), 0.9f);
    float fast = 0, slow = 0;
    rms_norm_row(x.data(), gain.data(), 1e-6f, n, y.data(), &fast);
    scalar::rms_norm_row(x.data(), gain.data(), 1e-6f, n, y_slow.data(), &slow);
    EXPECT_NEAR(fast / slow, 1, 1e-6);
    EXPECT_TRUE(near(y.values(), y_slow.values(), 1e-6, 1e-6)) << n;
    rms_norm_row_backward(x.data(), gain.data(), dy.data(), rstd[0], n, dx.data());
    scalar::rms_norm_row_backward(x.data(), gain.data(), dy.data(), rstd[0], n, dx_slow.data());
    EXPECT_TRUE(near(dx.values(), dx_slow.values(), 3e-6, 1e-6)) << n;
    rms_norm_columns_backward(x.data(), dy.data(), rstd.data(), rows, n, n / 4, n, dgain.data());
    scalar::rms_norm_columns_backward(x.data(), dy.data(), rstd.data(), rows, n, n / 4, n, dgain_slow.data());
    EXPECT_TRUE(near(dgain.values(), dgain_slow.values(), 5e-6)) << n;
    EXPECT_TRUE(y.intact() && dx.intact() && dgain.intact());
  }
}

TEST_P(VectorKernels, GateAndRotate) {
  for (const std::int64_t n : kSizes) {
    const std::vector<float> a = arguments(n, 33), b = normals(n, 34), dy = normals(n, 35);
    for (const Activation kind : kActivations) {
      Guarded y(n), y_slow(n), da(n, 1), da_slow(n, 1), db(n, 1), db_slow(n, 1);
      gate(kind, a.data(), b.data(), y.data(), n);
      scalar::gate(kind, a.data(), b.data(), y_slow.data(), n);
      gate_backward(kind, a.data(), b.data(), dy.data(), da.data(), db.data(), n);
      scalar::gate_backward(kind, a.data(), b.data(), dy.data(), da_slow.data(), db_slow.data(), n);
      for (std::size_t i = 0; i < a.size(); ++i) {
        const double size = 1 + std::abs(a[i]) + std::abs(b[i]) + std::abs(a[i] * b[i]);
        ASSERT_NEAR(y.values()[i], y_slow.values()[i], 4e-7 * size) << "kind " << static_cast<int>(kind);
        ASSERT_NEAR(da.values()[i], da_slow.values()[i], 3e-6 * size * (1 + std::abs(dy[i])));
        ASSERT_NEAR(db.values()[i], db_slow.values()[i], 1e-6 * size * (1 + std::abs(dy[i])));
      }
      EXPECT_TRUE(y.intact() && da.intact() && db.intact());
    }
    const std::vector<float> x = normals(2 * n, 36), cosine = normals(n, 37), sine = normals(n, 38);
    for (const bool accumulate : {false, true}) {
      Guarded fast(2 * n, 0.25f), slow(2 * n, 0.25f);
      rotate(x.data(), cosine.data(), sine.data(), -1.0f, n, fast.data(), accumulate);
      scalar::rotate(x.data(), cosine.data(), sine.data(), -1.0f, n, slow.data(), accumulate);
      EXPECT_TRUE(near(fast.values(), slow.values(), 2e-6, 1e-6)) << n;
      EXPECT_TRUE(fast.intact());
    }
  }
}

// Relative error 3e-7 an element and 1e-6 for the sum; below e^-87 the result stays there instead of going to zero.
TEST_P(VectorKernels, ExpShifted) {
  for (const std::int64_t n : kSizes) {
    std::vector<float> x = normals(n, 14, 12);
    x[0] = 3;
    for (float& v : x) v = std::round(v * 1024) / 1024;  // so that x - shift is exact
    const float shift = scalar::row_max(x.data(), n);
    Guarded fast(x), slow(x);
    const float sum = exp_shifted(fast.data(), shift, n);
    const float truth = scalar::exp_shifted(slow.data(), shift, n);
    EXPECT_NEAR(sum / truth, 1, 1e-6);
    EXPECT_TRUE(near(fast.values(), slow.values(), 2e-38, 3e-7)) << n;
    EXPECT_TRUE(fast.intact());
  }
  std::vector<float> far{0, -std::numeric_limits<float>::infinity(), -1e30f, -1000};
  EXPECT_EQ(exp_shifted(far.data(), 0, 4), 1);
  for (const std::size_t i : {1, 2, 3}) EXPECT_LT(far[i], 2e-38);
}

TEST_P(VectorKernels, SumsOfProducts) {
  for (const std::int64_t n : kSizes) {
    const std::vector<float> a = normals(n, 15), b = normals(n, 16);
    double size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) size += std::abs(static_cast<double>(a[i]) * b[i]);
    EXPECT_NEAR(dot(a.data(), b.data(), n), scalar::dot(a.data(), b.data(), n), 4e-7 * size) << n;
    const double truth = scalar::sum_of_squares(a.data(), n);
    EXPECT_NEAR(sum_of_squares(a.data(), n), truth, 1e-14 * truth) << n;
  }
  const std::vector<float> huge(20, 1e30f);  // the squares do not fit f32
  EXPECT_NEAR(sum_of_squares(huge.data(), 20) / 2e61, 1, 1e-6);
}

// f32 against double: a step is off by a few units in the last place of the parameter and 1e-6 of the step itself.
TEST_P(VectorKernels, AdamWStep) {
  for (const std::int64_t n : kSizes) {
    for (const int step : {1, 3, 1000}) {
      const std::vector<float> p = normals(n, 17), g = normals(n, 18), m = normals(n, 19, 0.1);
      std::vector<float> v = normals(n, 20, 0.1);
      for (float& x : v) x *= x;
      const AdamW s{1e-2f,
                    0.9f,
                    0.999f,
                    1e-8f,
                    0.1f,
                    static_cast<float>(1 - std::pow(0.9, step)),
                    static_cast<float>(1 - std::pow(0.999, step)),
                    0.5f,
                    0.1f,
                    0.001f};
      Guarded fp(p), fg(g), fm(m), fv(v), sp(p), sg(g), sm(m), sv(v);
      adamw_step(s, fp.data(), fg.data(), fm.data(), fv.data(), n);
      scalar::adamw_step(s, sp.data(), sg.data(), sm.data(), sv.data(), n);
      EXPECT_TRUE(near(fm.values(), sm.values(), 2e-8, 2e-7));
      EXPECT_TRUE(near(fv.values(), sv.values(), 1e-10, 5e-7));
      EXPECT_TRUE(near(fp.values(), sp.values(), 2e-7, 5e-7));
      EXPECT_TRUE(fp.intact() && fg.intact() && fm.intact() && fv.intact());
      const std::vector<float> zeros(g.size());
      EXPECT_TRUE(test::same_bits(fg.values(), zeros) && test::same_bits(sg.values(), zeros)) << "used up";
    }
  }
}

TEST_P(VectorKernels, DropoutIsExactAndCutAnywhere) {
  for (const std::int64_t n : kSizes) {
    for (const std::uint64_t first : {0, 1, 2, 1001}) {
      const std::vector<float> x = normals(n, 21);
      for (const bool accumulate : {false, true}) {
        Guarded fast(n, 0.25f), slow(n, 0.25f), pieces(n, 0.25f);
        dropout(x.data(), fast.data(), n, 0.3f, 77, first, accumulate);
        scalar::dropout(x.data(), slow.data(), n, 0.3f, 77, first, accumulate);
        EXPECT_TRUE(test::same_bits(fast.values(), slow.values()));
        const std::int64_t cut = n / 2;
        dropout(x.data(), pieces.data(), cut, 0.3f, 77, first, accumulate);
        dropout(x.data() + cut, pieces.data() + cut, n - cut, 0.3f, 77, first + static_cast<std::uint64_t>(cut),
                accumulate);
        EXPECT_TRUE(test::same_bits(fast.values(), pieces.values()));
        EXPECT_TRUE(fast.intact());
      }
    }
  }
}

TEST_P(VectorKernels, DropoutDropsTheShareAskedForAndKeepsTheMean) {
  constexpr std::int64_t kCount = 100000;
  const std::vector<float> ones(kCount, 1.0f);
  std::vector<float> y(kCount);
  for (const float p : {0.1f, 0.5f, 0.9f}) {
    dropout(ones.data(), y.data(), kCount, p, 5, 0, false);
    const auto dropped = static_cast<double>(std::count(y.begin(), y.end(), 0.0f)) / kCount;
    EXPECT_NEAR(dropped, p, 5 * std::sqrt(p * (1 - p) / kCount));
    EXPECT_NEAR(*std::max_element(y.begin(), y.end()), 1 / (1 - p), 1e-5);
  }
}

/// Everything the kernels compute for one size, end to end.
std::vector<float> everything(std::int64_t n) {
  std::vector<float> all;
  const std::vector<float> x = arguments(n, 30), dy = normals(n, 31), gain = normals(n, 32);
  std::vector<float> y(x.size()), z(x.size()), v(x.size(), 0.01f);
  const auto keep = [&](const std::vector<float>& part) { all.insert(all.end(), part.begin(), part.end()); };
  for (const Activation kind : kActivations) {
    activate(kind, x.data(), nullptr, y.data(), n);
    keep(y);
    activate_backward(kind, x.data(), dy.data(), y.data(), n);
    keep(y);
  }
  float mean = 0, rstd = 0;
  layer_norm_row(x.data(), gain.data(), dy.data(), 1e-5f, n, y.data(), &mean, &rstd);
  keep(y);
  keep({mean, rstd});
  layer_norm_row_backward(x.data(), gain.data(), dy.data(), mean, rstd, n, y.data());
  keep(y);
  layer_norm_columns_backward(x.data(), dy.data(), &mean, &rstd, 1, n, 0, n, y.data(), z.data());
  keep(y);
  y = x;
  keep({exp_shifted(y.data(), row_max(x.data(), n), n), dot(x.data(), dy.data(), n),
        static_cast<float>(sum_of_squares(x.data(), n))});
  keep(y);
  y = x;
  std::vector<float> used = dy;
  adamw_step({1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.1f, 0.001f, 0.7f, 0.1f, 0.001f}, y.data(), used.data(), z.data(),
             v.data(), n);
  keep(y);
  keep(z);
  keep(v);
  return all;
}

TEST(VectorKernelBits, AreTheSameAtEveryInstructionSet) {
  for (const std::int64_t n : kSizes) {
    engine::cap_isa("scalar");
    const std::vector<float> expected = everything(n);
    for (const std::string& level : test::levels_here()) {
      engine::cap_isa(level);
      EXPECT_TRUE(test::same_bits(everything(n), expected)) << level << ", n = " << n;
    }
  }
  engine::cap_isa("");
}

}  // namespace
}  // namespace ballast::engine::kernels
