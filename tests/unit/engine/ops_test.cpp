// SPDX-License-Identifier: Apache-2.0
// Values of the operations and their refusals; gradients are in tests/property.
#include "ballast/engine/ops.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/engine/quantised.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

using test::Leaves;
using ::testing::ElementsAre;

class Ops : public ::testing::Test {
 protected:
  Parameter& leaf(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values) {
    Parameter& p = leaves_.add(name, std::move(shape));
    std::copy(values.begin(), values.end(), p.value);
    return p;
  }
  Arena arena_;
  Tape tape_{arena_, false};
  Leaves leaves_;
};

TEST_F(Ops, LinearInBothLayouts) {
  const Value x = Leaves::value(leaf("x", {2, 2}, {1, 2, 3, 4}));
  Parameter& out_in = leaf("w", {3, 2}, {1, 0, 0, 1, 1, -1});
  Parameter& in_out = leaf("wt", {2, 3}, {1, 0, 1, 0, 1, -1});
  Parameter& bias = leaf("b", {3}, {10, 20, 30});
  EXPECT_THAT(test::data_of(linear(tape_, x, out_in, &bias, Layout::out_in)), ElementsAre(11, 22, 29, 13, 24, 29));
  EXPECT_THAT(test::data_of(linear(tape_, x, in_out, nullptr, Layout::in_out)), ElementsAre(1, 2, -1, 3, 4, -1));
  EXPECT_THAT(test::data_of(linear(tape_, x, in_out, nullptr, Layout::in_out, Activation::relu)),
              ElementsAre(1, 2, 0, 3, 4, 0));
}

TEST_F(Ops, LinearRefusesAnotherWidth) {
  const Value x = Leaves::value(leaf("x", {2, 2}, {1, 2, 3, 4}));
  Parameter& w = leaf("w", {3, 2}, {1, 0, 0, 1, 1, -1});
  EXPECT_THROW(linear(tape_, x, w, nullptr, Layout::in_out), base::Error);
}

TEST_F(Ops, LinearUsesThePackedWeightInInferenceAlone) {
  const Value x = Leaves::value(leaves_.add("x", {33, 65}));
  for (const Layout layout : {Layout::out_in, Layout::in_out}) {
    const std::vector<std::int64_t> shape =
        layout == Layout::out_in ? std::vector<std::int64_t>{31, 65} : std::vector<std::int64_t>{65, 31};
    Parameter& w = leaves_.add(layout == Layout::out_in ? "a" : "b", shape);
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      Tape tape(arena_, false, precision);
      w.packed.reset();
      const std::vector<float> plain = test::data_of(linear(tape, x, w, nullptr, layout));
      pack_for_inference(w, layout, precision);
      std::fill_n(w.value, w.size, 0.0f);  // from here only the packed copy knows the weight
      EXPECT_TRUE(test::same_bits(test::data_of(linear(tape, x, w, nullptr, layout)), plain));
      Tape training(arena_, true, precision),
          other(arena_, false, precision == Precision::f32 ? Precision::bf16 : Precision::f32);
      EXPECT_THAT(test::data_of(linear(training, x, w, nullptr, layout)), ::testing::Each(0.0f));
      EXPECT_TRUE(test::same_bits(test::data_of(linear(other, x, w, nullptr, layout)), plain));
      const std::vector<float> fresh = test::normals(w.size, 8);
      std::copy(fresh.begin(), fresh.end(), w.value);
    }
  }
}

TEST_F(Ops, AMatrixWithoutWholeGroupsStaysInFullPrecision) {
  Parameter &whole = leaves_.add("whole", {5, 64}), &rest = leaves_.add("rest", {5, 65});
  for (Parameter* w : {&whole, &rest}) pack_for_inference(*w, Layout::out_in, Precision::q8);
  EXPECT_EQ(whole.packed->precision(), Precision::q8);
  EXPECT_EQ(rest.packed->precision(), Precision::f32);
}

TEST_F(Ops, ProjectionsTogetherAreThoseOneByOne) {
  const Value few = Leaves::value(leaves_.add("few", {3, 64})), many = Leaves::value(leaves_.add("many", {300, 64}));
  Parameter &a = leaves_.add("a", {128, 64}), &b = leaves_.add("b", {33, 64}), &c = leaves_.add("c", {7, 64});
  Parameter &bias_a = leaves_.add("bias_a", {128}), &bias_c = leaves_.add("bias_c", {7});
  const auto check = [&](const char* what) {
    for (const Value x : {few, many}) {
      const auto all = linear_all(tape_, x, {{&a, &bias_a}, {&b}, {&c, &bias_c}}, Layout::out_in);
      const Value one_by_one[] = {linear(tape_, x, a, &bias_a, Layout::out_in),
                                  linear(tape_, x, b, nullptr, Layout::out_in),
                                  linear(tape_, x, c, &bias_c, Layout::out_in)};
      for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_TRUE(test::same_bits(test::data_of(all[i]), test::data_of(one_by_one[i]))) << what << i << x.rows;
      }
    }
  };
  check("plain");
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8, Precision::q8, Precision::q4}) {
    for (Parameter* w : {&a, &b, &c}) pack_for_inference(*w, Layout::out_in, precision);
    check(precision_name(precision));
  }
  pack_for_inference(b, Layout::out_in, Precision::q8);
  check("mixed");
  EXPECT_THROW(linear_all(tape_, Leaves::value(bias_a), {{&a}}, Layout::out_in), base::Error);
}

TEST_F(Ops, LayerNormOfAKnownRow) {
  const Value x = Leaves::value(leaf("x", {1, 4}, {1, 2, 3, 4}));
  Parameter& gain = leaf("g", {4}, {1, 1, 2, 1});
  Parameter& bias = leaf("b", {4}, {0, 0, 0, 5});
  const std::vector<float> expected{-1.3416408f, -0.4472136f, 0.8944272f, 6.3416408f};
  EXPECT_TRUE(test::near(test::data_of(layer_norm(tape_, x, gain, bias, 0)), expected, 1e-6));
  EXPECT_THROW(layer_norm(tape_, x, gain, leaf("short", {3}, {0, 0, 0}), 0), base::Error);
}

TEST_F(Ops, AddAndSelectRows) {
  const Value a = Leaves::value(leaf("a", {2, 2}, {1, 2, 3, 4})),
              b = Leaves::value(leaf("b", {2, 2}, {10, 20, 30, 40}));
  EXPECT_THAT(test::data_of(add(tape_, a, b)), ElementsAre(11, 22, 33, 44));
  const std::vector<std::int32_t> rows{1, 1, 0}, outside{2};
  EXPECT_THAT(test::data_of(select_rows(tape_, a, rows)), ElementsAre(3, 4, 3, 4, 1, 2));
  EXPECT_THROW(select_rows(tape_, a, outside), base::Error);
  EXPECT_THROW(add(tape_, a, Leaves::value(leaf("c", {1, 4}, {1, 2, 3, 4}))), base::Error);
}

TEST_F(Ops, EmbedAddsTables) {
  Parameter& word = leaf("word", {3, 2}, {1, 2, 3, 4, 5, 6});
  Parameter& position = leaf("position", {2, 2}, {10, 20, 30, 40});
  const std::vector<std::int32_t> ids{2, 0}, positions{0, 1}, outside{0, 3}, negative{-1, 0};
  EXPECT_THAT(test::data_of(embed(tape_, {{&word, ids}, {&position, positions}})), ElementsAre(15, 26, 31, 42));
  EXPECT_THROW(embed(tape_, {{&word, outside}}), base::Error);
  EXPECT_THROW(embed(tape_, {{&word, negative}}), base::Error);
}

TEST_F(Ops, DropoutIsTheIdentityInInferenceAndForZero) {
  const Value x = Leaves::value(leaves_.add("x", {5, 7}));
  EXPECT_EQ(dropout(tape_, x, 0.5f).data, x.data);
  Tape training(arena_, true);
  EXPECT_EQ(dropout(training, x, 0).data, x.data);
  EXPECT_NE(dropout(training, x, 0.5f).data, x.data);
  EXPECT_THROW(dropout(training, x, 1), base::Error);
}

TEST_F(Ops, DropoutDiffersByCallAndSeedAndComesAgain) {
  const Value x = Leaves::value(leaves_.add("x", {50, 7}));
  const auto twice = [&](std::uint64_t seed) {
    Tape tape(arena_, true, Precision::f32, seed);
    return std::pair(test::data_of(dropout(tape, x, 0.5f)), test::data_of(dropout(tape, x, 0.5f)));
  };
  EXPECT_EQ(twice(1), twice(1));
  EXPECT_NE(twice(1).first, twice(1).second);
  EXPECT_NE(twice(1).first, twice(2).first);
}

TEST_F(Ops, RowsThatAreNone) {
  const Value none = tape_.make(0, 4);
  Parameter& w = leaves_.add("w", {4, 3});
  Parameter& gain = leaves_.add("g", {4});
  EXPECT_EQ(linear(tape_, none, w, nullptr, Layout::in_out).rows, 0);
  EXPECT_EQ(layer_norm(tape_, none, gain, gain, 1e-5f).rows, 0);
  EXPECT_EQ(activate(tape_, add(tape_, none, none), Activation::tanh).rows, 0);
}

TEST(Tape, RunsClosuresBackwardsOnceAndRecordsNothingInInference) {
  Arena arena;
  std::vector<int> order;
  Tape tape(arena, true), inference(arena, false);
  for (int i = 0; i < 3; ++i) {
    const Value y = tape.make(1, 1);
    tape.gradient(y);
    tape.on_backward(y, [&order, i] { order.push_back(i); });
    inference.on_backward({}, [&order] { order.push_back(-1); });
  }
  tape.on_backward(tape.make(1, 1), [&order] { order.push_back(-2); });  // nothing depends on it
  inference.backward();
  tape.backward();
  tape.backward();
  EXPECT_THAT(order, ElementsAre(2, 1, 0));
  EXPECT_EQ(inference.make(2, 2).gradient, nullptr);
  EXPECT_THAT(test::grad_of(tape.make(2, 2)), ElementsAre(0, 0, 0, 0));
}

/// Output and gradients of linear_residual, or of the three operations that it joins.
std::vector<float> residual_both_ways(bool joined, bool low_rank, Precision precision, float p) {
  Leaves leaves;
  Parameter& h = leaves.add("h", {37, 48});
  Parameter& x = leaves.add("x", {37, 40});
  Parameter& w = leaves.add("w", {48, 40});
  Parameter& bias = leaves.add("bias", {48});
  if (low_rank) w.low_rank = {&leaves.add("down", {3, 40}), &leaves.add("up", {48, 3}), 0.5f, 0.0f};
  leaves.store().prepare_training();
  Arena arena;
  Tape tape(arena, true, precision, 5);
  const Value stream = Leaves::value(h), in = Leaves::value(x);
  const Value y = joined ? linear_residual(tape, stream, in, w, &bias, Layout::out_in, p)
                         : add(tape, stream, dropout(tape, linear(tape, in, w, &bias, Layout::out_in), p));
  const std::vector<float> dy = test::normals(y.size(), 6);
  std::copy(dy.begin(), dy.end(), tape.gradient(y));
  tape.backward();
  std::vector<float> all = test::data_of(y);
  for (const Parameter& q : leaves.store().all()) all.insert(all.end(), q.grad, q.grad + q.size);
  return all;
}

TEST(LinearResidual, IsALinearMapDroppedAndAddedBitForBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const float p : {0.0f, 0.3f}) {
      for (const bool low_rank : {false, true}) {
        EXPECT_TRUE(test::same_bits(residual_both_ways(true, low_rank, precision, p),
                                    residual_both_ways(false, low_rank, precision, p)))
            << p << (low_rank ? " with an adapter" : "");
      }
    }
  }
}

TEST(LinearResidual, RefusesAStreamOfAnotherShape) {
  Leaves leaves;
  Parameter& x = leaves.add("x", {5, 8});
  Parameter& w = leaves.add("w", {6, 8});
  Arena arena;
  Tape tape(arena, false);
  for (const auto& shape : {std::pair<std::int64_t, std::int64_t>{5, 7}, {4, 6}}) {
    const Value h = tape.make(shape.first, shape.second);
    EXPECT_THROW(linear_residual(tape, h, Leaves::value(x), w, nullptr, Layout::out_in, 0), base::Error);
  }
}

// Sixty layers deep: the gradients of the layers pass through the memory of a few.
TEST(Tape, GradientsOfADeepNetworkShareMemory) {
  constexpr std::int64_t kTokens = 48, kWidth = 32, kLayers = 60;
  Leaves leaves;
  Parameter& w = leaves.add("w", {kWidth, kWidth}, 0.1);
  leaves.store().prepare_training();
  Arena arena;
  Tape tape(arena, true);
  const Value x = tape.make(kTokens, kWidth);
  std::fill_n(x.data, x.size(), 0.5f);
  Value h = x;
  for (std::int64_t i = 0; i < kLayers; ++i) h = linear(tape, h, w, nullptr, Layout::out_in, Activation::tanh);
  arena.allocate(1);
  const std::size_t before = arena.mark().used;
  std::fill_n(tape.gradient(h), h.size(), 1.0f);
  tape.backward();
  EXPECT_EQ(h.grad(), nullptr);
  ASSERT_NE(x.grad(), nullptr);
  EXPECT_GT(*std::max_element(x.grad(), x.grad() + x.size()), 0.0f);
  const std::size_t one = static_cast<std::size_t>(kTokens * kWidth) * sizeof(float);
  EXPECT_EQ(arena.mark().block, 0u);
  EXPECT_LE(arena.mark().used - before, 2 * one);
}

TEST(ParameterStore, BorrowedValuesAreCopiedBeforeTraining) {
  const std::vector<float> file{1, 2, 3, 4};
  ParameterStore store;
  Parameter& borrowed = store.add("borrowed", {2, 2}, true);
  Parameter& own = store.add("own", {3}, false);
  borrowed.value = const_cast<float*>(file.data());
  store.allocate_values();
  EXPECT_EQ(borrowed.value, file.data());
  float* const kept = own.value;
  store.prepare_training();
  EXPECT_NE(borrowed.value, file.data());
  EXPECT_THAT(test::copy_of(borrowed.value, 4), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(own.value, kept);
  own.grad[2] = 5;
  store.zero_gradients();
  EXPECT_THAT(test::copy_of(own.grad, 3), ElementsAre(0, 0, 0));
  EXPECT_EQ(store.total_size(), 7);
  EXPECT_EQ(store.find("own"), &own);
  EXPECT_EQ(store.find("other"), nullptr);
  EXPECT_THROW(store.add("own", {1}, true), base::Error);
}

}  // namespace
}  // namespace ballast::engine
