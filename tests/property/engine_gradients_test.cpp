// SPDX-License-Identifier: Apache-2.0
// Every operation's backward against central differences of its forward: along random directions through all inputs at
// once, and along single coordinates. Relative error 1e-3 in f32; losses are summed in double.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "ballast/engine/attention.h"
#include "ballast/engine/loss.h"
#include "ballast/engine/ops.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

using test::Leaves;

constexpr double kTolerance = 1e-3;
// Inputs are of size one. A step of 1 % keeps f32's rounding (1e-7 / step) and, with the five-point formula, the error
// of the formula itself (step^4) both near 1e-5.
constexpr double kStep = 0.01;
constexpr int kDirections = 6;

/// Builds the operation on a tape, seeds the gradients of its result, and returns the scalar they belong to.
using Forward = std::function<double(Tape&)>;

/// The scalar Σ y · w with fixed random weights, so that every output counts.
double project(Value y, Tape& tape) {
  const std::vector<float> weights = test::normals(y.size(), 4242);
  double sum = 0;
  float* dy = tape.training() ? tape.gradient(y) : nullptr;
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const float w = weights[static_cast<std::size_t>(i)];
    sum += static_cast<double>(y.data[i]) * w;
    if (dy != nullptr) dy[i] += w;
  }
  return sum;
}

class Checker {
 public:
  Checker(Leaves& leaves, const Forward& forward) : store_(leaves.store()), forward_(forward) {
    store_.zero_gradients();
    Tape tape(arena_, true, Precision::f32, 17);
    forward_(tape);
    tape.backward();
    for (const Parameter& p : store_.all()) {
      values_.insert(values_.end(), p.value, p.value + p.size);
      gradient_.insert(gradient_.end(), p.grad, p.grad + p.size);
    }
  }

  void run() {
    base::Random random(99);
    std::size_t first = 0;
    std::vector<float> direction(values_.size());
    for (int d = 0; d < kDirections; ++d) {  // through everything
      for (float& x : direction) x = static_cast<float>(random.normal());
      along(direction, "direction " + std::to_string(d));
    }
    for (const Parameter& p : store_.all()) {  // through one input, then through single coordinates of it
      const auto size = static_cast<std::size_t>(p.size);
      direction.assign(values_.size(), 0);
      for (std::size_t i = first; i < first + size; ++i) direction[i] = static_cast<float>(random.normal());
      along(direction, p.name);
      const auto begin = gradient_.begin() + static_cast<std::ptrdiff_t>(first);
      const auto largest =
          std::max_element(begin, begin + p.size, [](float a, float b) { return std::abs(a) < std::abs(b); });
      for (const std::size_t at : {static_cast<std::size_t>(largest - begin), random.below(size), random.below(size)}) {
        direction.assign(values_.size(), 0);
        direction[first + at] = 1;
        along(direction, p.name + "[" + std::to_string(at) + "]");
      }
      first += size;
    }
  }

 private:
  double loss_at(const std::vector<float>& direction, double step) {
    std::size_t i = 0;
    for (Parameter& p : store_.all()) {
      for (std::int64_t j = 0; j < p.size; ++j, ++i) {
        p.value[j] = static_cast<float>(values_[i] + step * direction[i]);
      }
    }
    arena_.reset();
    Tape tape(arena_, true, Precision::f32, 17);  // training: dropout is on, with the same seed
    return forward_(tape);
  }

  /// The error is relative to the derivative, or where that happens to be small to its typical size over such
  /// directions.
  void along(const std::vector<float>& direction, const std::string& what) {
    double analytic = 0, typical = 0, moved = 0;
    for (std::size_t i = 0; i < direction.size(); ++i) {
      analytic += static_cast<double>(gradient_[i]) * direction[i];
      moved += direction[i] != 0;
      typical += static_cast<double>(gradient_[i]) * gradient_[i];
    }
    typical = std::sqrt(typical * moved / static_cast<double>(direction.size()));
    const double numeric = (8 * (loss_at(direction, kStep) - loss_at(direction, -kStep)) -
                            (loss_at(direction, 2 * kStep) - loss_at(direction, -2 * kStep))) /
                           (12 * kStep);
    loss_at(direction, 0);  // puts the values back
    EXPECT_NEAR(analytic, numeric, kTolerance * std::max(std::abs(analytic), typical)) << what;
    EXPECT_GT(typical, 0) << what;
  }

  ParameterStore& store_;
  const Forward& forward_;
  Arena arena_;
  std::vector<float> values_, gradient_;
};

void check(Leaves& leaves, const Forward& forward) {
  leaves.store().prepare_training();
  Checker(leaves, forward).run();
}

/// Makes values positive and at least 0.5, so that sums of them stay away from relu's kink.
void away_from_zero(Parameter& p) {
  for (std::int64_t i = 0; i < p.size; ++i) p.value[i] = 0.5f + std::abs(p.value[i]);
}

struct LinearCase {
  Layout layout;
  Activation activation;
  bool bias;
};
class LinearGradient : public ::testing::TestWithParam<LinearCase> {};
std::vector<LinearCase> linear_cases() {
  std::vector<LinearCase> all;
  for (const Layout layout : {Layout::out_in, Layout::in_out}) {
    for (const Activation a :
         {Activation::none, Activation::gelu_erf, Activation::gelu_tanh, Activation::tanh, Activation::relu}) {
      for (const bool bias : {true, false}) all.push_back({layout, a, bias});
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, LinearGradient, ::testing::ValuesIn(linear_cases()));

TEST_P(LinearGradient, AgreesWithDifferences) {
  const LinearCase& c = GetParam();
  const std::int64_t in = 19, out = 37, rows = 21;
  Leaves leaves;
  Parameter& x = leaves.add("x", {rows, in});
  Parameter& w = c.layout == Layout::out_in ? leaves.add("w", {out, in}, 0.25) : leaves.add("w", {in, out}, 0.25);
  Parameter* bias = c.bias ? &leaves.add("bias", {out}) : nullptr;
  if (c.activation == Activation::relu) {
    // Every other output is clearly positive, the rest clearly negative.
    away_from_zero(x);
    away_from_zero(w);
    for (std::int64_t i = 0; i < w.size; ++i) {
      const std::int64_t column = c.layout == Layout::out_in ? i / in : i % out;
      if (column % 2 == 1) w.value[i] = -w.value[i];
    }
  }
  check(leaves,
        [&](Tape& tape) { return project(linear(tape, Leaves::value(x), w, bias, c.layout, c.activation), tape); });
}

TEST(Gradient, LayerNorm) {
  for (const std::int64_t cols : {5, 16, 33, 130}) {
    Leaves leaves;
    Parameter& x = leaves.add("x", {18, cols});
    Parameter& gain = leaves.add("gain", {cols});
    Parameter& bias = leaves.add("bias", {cols});
    check(leaves, [&](Tape& tape) { return project(layer_norm(tape, Leaves::value(x), gain, bias, 1e-5f), tape); });
  }
}

TEST(Gradient, RmsNormOfRowsAndOfHeads) {
  for (const std::int64_t heads : {1, 3}) {
    Leaves leaves;
    Parameter& x = leaves.add("x", {5, heads * 12}, 1);
    Parameter& gain = leaves.add("gain", {12}, 1);
    check(leaves, [&](Tape& tape) { return project(rms_norm(tape, Leaves::value(x), gain, 1e-5f), tape); });
  }
}

TEST(Gradient, Gate) {
  for (const Activation kind : {Activation::silu, Activation::gelu_tanh, Activation::gelu_erf}) {
    Leaves leaves;
    Parameter& a = leaves.add("a", {6, 19}, 1);
    Parameter& b = leaves.add("b", {6, 19}, 1);
    check(leaves, [&](Tape& tape) { return project(gate(tape, Leaves::value(a), Leaves::value(b), kind), tape); });
  }
}

TEST(Gradient, Rotate) {
  Leaves leaves;
  Parameter& x = leaves.add("x", {4, 18}, 1);
  std::vector<float> cosine, sine;
  for (int i = 0; i < 12; ++i) cosine.push_back(std::cos(0.7f * static_cast<float>(i)));
  for (int i = 0; i < 12; ++i) sine.push_back(std::sin(0.7f * static_cast<float>(i)));
  check(leaves, [&](Tape& tape) {
    return project(rotate(tape, Leaves::value(x), 6, {cosine.data(), sine.data()}), tape);
  });
}

TEST(Gradient, AttentionInGroupsAcrossWithABias) {
  Leaves leaves;
  Parameter& q = leaves.add("q", {9, 4 * 6}, 1);
  Parameter& k = leaves.add("k", {12, 2 * 6}, 1);
  Parameter& v = leaves.add("v", {12, 2 * 6}, 1);
  Parameter& table = leaves.add("bias", {5, 4}, 1);
  const std::vector<std::int32_t> offsets = {0, 4, 9}, kv_offsets = {0, 9, 12};
  std::vector<std::int32_t> buckets;
  for (std::int32_t d = -11; d <= 11; ++d) buckets.push_back((d + 15) % 5);
  AttentionOptions options;
  options.heads = 4;
  options.kv_heads = 2;
  options.head_width = 6;
  options.mask = AttentionMask::bidirectional;
  options.bias = {&table, buckets, 11};
  check(leaves, [&](Tape& tape) {
    return project(
        attention(tape, {Leaves::value(q)}, {Leaves::value(k)}, {Leaves::value(v)}, offsets, kv_offsets, options),
        tape);
  });
}

TEST(Gradient, AddAlsoOfAValueToItself) {
  Leaves leaves;
  Parameter& a = leaves.add("a", {13, 9});
  Parameter& b = leaves.add("b", {13, 9});
  check(leaves, [&](Tape& tape) {
    const Value sum = add(tape, Leaves::value(a), Leaves::value(b));
    return project(activate(tape, add(tape, sum, sum), Activation::tanh), tape);
  });
}

TEST(Gradient, DropoutWithAFixedSeed) {
  Leaves leaves;
  Parameter& x = leaves.add("x", {31, 9});
  check(leaves, [&](Tape& tape) {
    const Value first = dropout(tape, Leaves::value(x), 0.4f);
    return project(dropout(tape, activate(tape, first, Activation::tanh), 0.2f), tape);
  });
}

TEST(Gradient, EmbedWithRepeatedRowsAndOneTableTwice) {
  Leaves leaves;
  Parameter& word = leaves.add("word", {5, 70});
  Parameter& position = leaves.add("position", {4, 70});
  const std::vector<std::int32_t> ids{0, 4, 4, 2, 1, 3, 4}, positions{0, 1, 2, 3, 0, 1, 2}, more{2, 2, 0, 1, 3, 4, 4};
  check(leaves, [&](Tape& tape) {
    const Value y = embed(tape, {{&word, ids}, {&position, positions}, {&word, more}});
    return project(activate(tape, y, Activation::tanh), tape);
  });
}

TEST(Gradient, SelectRowsWithRepeats) {
  Leaves leaves;
  Parameter& x = leaves.add("x", {4, 33});
  const std::vector<std::int32_t> rows{3, 0, 0, 1, 3, 3, 2};
  check(leaves, [&](Tape& tape) {
    return project(activate(tape, select_rows(tape, Leaves::value(x), rows), Activation::tanh), tape);
  });
}

TEST(Gradient, Activate) {
  for (const Activation a :
       {Activation::none, Activation::gelu_erf, Activation::gelu_tanh, Activation::tanh, Activation::relu}) {
    Leaves leaves;
    Parameter& x = leaves.add("x", {19, 7});
    if (a == Activation::relu) {
      for (std::int64_t i = 0; i < x.size; ++i) x.value[i] += x.value[i] < 0 ? -0.5f : 0.5f;
    }
    check(leaves, [&](Tape& tape) { return project(activate(tape, Leaves::value(x), a), tape); });
  }
}

struct AttentionCase {
  AttentionMask mask;
  bool fused;  // q, k and v are columns of one value
  float dropout;
  std::vector<std::int32_t> offsets;
};
class AttentionGradient : public ::testing::TestWithParam<AttentionCase> {};
std::vector<AttentionCase> attention_cases() {
  std::vector<AttentionCase> all;
  for (const AttentionMask mask : {AttentionMask::causal, AttentionMask::bidirectional}) {
    for (const bool fused : {false, true}) {
      for (const float dropout : {0.0f, 0.3f}) {
        all.push_back({mask, fused, dropout, {0, 7}});
        all.push_back({mask, fused, dropout, {0, 1, 34, 34, 36, 177, 241}});  // ragged, across blocks of 32 and 128
      }
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, AttentionGradient, ::testing::ValuesIn(attention_cases()));

TEST_P(AttentionGradient, AgreesWithDifferences) {
  const AttentionCase& c = GetParam();
  const std::int64_t heads = 3, width = 5, all = heads * width, rows = c.offsets.back();
  Leaves leaves;
  Parameter *q, *k = nullptr, *v = nullptr;
  if (c.fused) {
    q = &leaves.add("qkv", {rows, 3 * all});
  } else {
    q = &leaves.add("q", {rows, all});
    k = &leaves.add("k", {rows, all});
    v = &leaves.add("v", {rows, all});
  }
  check(leaves, [&](Tape& tape) {
    Columns cq{Leaves::value(*q), 0}, ck = cq, cv = cq;
    if (c.fused) {
      ck.first = all;
      cv.first = 2 * all;
    } else {
      ck.of = Leaves::value(*k);
      cv.of = Leaves::value(*v);
    }
    return project(attention(tape, cq, ck, cv, heads, width, c.offsets, c.mask, c.dropout), tape);
  });
}

/// Labels over the classes with some ignored.
std::vector<std::int32_t> labels(std::int64_t rows, std::int32_t classes) {
  std::vector<std::int32_t> all;
  for (std::int32_t i = 0; i < rows; ++i) all.push_back(i % 5 == 2 ? kIgnore : i * 7 % classes);
  return all;
}

TEST(Gradient, CrossEntropy) {
  const std::vector<std::int32_t> y = labels(23, 11);
  for (const LossOptions& options : {LossOptions{}, LossOptions{.label_smoothing = 0.1f},
                                     LossOptions{.label_smoothing = 0.3f, .scale = 0.25, .count = 40}}) {
    Leaves leaves;
    Parameter& x = leaves.add("logits", {23, 11}, 2);
    check(leaves, [&](Tape& tape) {
      const LossResult r = cross_entropy(tape, Leaves::value(x), y, options);
      return options.scale * r.sum / (options.count > 0 ? options.count : r.count);
    });
  }
}

TEST(Gradient, CrossEntropyOverVocabularyInSeveralChunks) {
  const std::int64_t rows = 530, width = 9, vocabulary = 45;
  const std::vector<std::int32_t> y = labels(rows, 45);
  for (const bool with_bias : {true, false}) {
    for (const float smoothing : {0.0f, 0.1f}) {
      Leaves leaves;
      Parameter& x = leaves.add("x", {rows, width});
      Parameter& table = leaves.add("table", {vocabulary, width}, 0.7);
      Parameter* bias = with_bias ? &leaves.add("bias", {vocabulary}) : nullptr;
      check(leaves, [&](Tape& tape) {
        return cross_entropy_over_vocabulary(tape, Leaves::value(x), table, bias, y, {.label_smoothing = smoothing})
            .mean();
      });
    }
  }
}

TEST(Gradient, BinaryCrossEntropy) {
  const std::int64_t rows = 17, outputs = 6;
  std::vector<float> targets;
  for (int i = 0; i < rows * outputs; ++i) targets.push_back(i % 7 == 3 ? -1.0f : static_cast<float>(i % 3) * 0.5f);
  const std::vector<float> weights{1, 2, 0.5f, 7, 1, 3}, none;
  for (const std::vector<float>& positive : {none, weights}) {
    Leaves leaves;
    Parameter& x = leaves.add("logits", {rows, outputs}, 2);
    check(leaves, [&](Tape& tape) {
      return 0.5 * binary_cross_entropy(tape, Leaves::value(x), targets, positive, {.scale = 0.5}).mean();
    });
  }
}

// The checker must be able to fail: a gradient that is off by 0.3 % is caught.
TEST(Gradient, AWrongBackwardIsCaught) {
  Leaves leaves;
  Parameter& x = leaves.add("x", {9, 9});
  leaves.store().prepare_training();
  const Forward wrong = [&](Tape& tape) {
    const Value y = activate(tape, Leaves::value(x), Activation::tanh);
    tape.on_backward(y, [y] {
      for (std::int64_t i = 0; i < y.size(); ++i) y.grad()[i] *= 1.003f;
    });
    return project(y, tape);
  };
  EXPECT_FALSE([&] {
    ::testing::TestPartResultArray results;
    ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    Checker(leaves, wrong).run();
    return results.size() == 0;
  }());
}

}  // namespace
}  // namespace ballast::engine
