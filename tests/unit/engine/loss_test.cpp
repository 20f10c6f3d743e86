// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

class Loss : public ::testing::Test {
 protected:
  Value logits(Tape& tape, std::int64_t rows, std::int64_t cols, const std::vector<float>& values) {
    const Value v = tape.make(rows, cols);
    std::copy(values.begin(), values.end(), v.data);
    return v;
  }
  Arena arena_;
  Tape training_{arena_, true}, inference_{arena_, false};
};

TEST_F(Loss, CrossEntropyOfEqualLogitsIsTheLogOfTheClasses) {
  const std::vector<std::int32_t> labels{2, kIgnore, 0};
  const Value x = logits(training_, 3, 4, std::vector<float>(12, 7.0f));
  const LossResult result = cross_entropy(training_, x, labels, {});
  EXPECT_EQ(result.count, 2);
  EXPECT_NEAR(result.mean(), std::log(4.0), 1e-7);
  const std::vector<float> expected{.125f, .125f, -.375f, .125f, 0, 0, 0, 0, -.375f, .125f, .125f, .125f};
  EXPECT_TRUE(test::near(test::grad_of(x), expected, 1e-7));
}

TEST_F(Loss, InferenceGivesTheSameSumAndKeepsTheLogits) {
  const std::vector<float> values = test::normals(40, 1, 5);
  const std::vector<std::int32_t> labels{0, 9, kIgnore, 3};
  for (const float smoothing : {0.0f, 0.2f}) {
    const Value x = logits(inference_, 4, 10, values), y = logits(training_, 4, 10, values);
    const LossOptions options{.label_smoothing = smoothing};
    EXPECT_EQ(cross_entropy(inference_, x, labels, options).sum, cross_entropy(training_, y, labels, options).sum);
    EXPECT_TRUE(test::same_bits(test::data_of(x), values));
    EXPECT_TRUE(test::same_bits(test::data_of(y), values));
  }
}

TEST_F(Loss, HugeLogitsStayFinite) {
  const std::vector<std::int32_t> labels{1};
  const Value x = logits(training_, 1, 3, {3e4f, -3e4f, 0});
  EXPECT_NEAR(cross_entropy(training_, x, labels, {}).mean(), 6e4, 1);
  EXPECT_TRUE(test::near(test::grad_of(x), std::vector<float>{1, -1, 0}, 1e-6));
  const std::vector<float> targets{0, 1, 1};
  const Value y = logits(training_, 1, 3, {3e4f, -3e4f, 0});
  EXPECT_NEAR(binary_cross_entropy(training_, y, targets, {}, {}).mean(), (6e4 + std::log(2.0)) / 3, 1);
  EXPECT_TRUE(test::near(test::grad_of(y), std::vector<float>{1 / 3.f, -1 / 3.f, -1 / 6.f}, 1e-6));
}

TEST_F(Loss, NothingCountedIsZeroAndHasNoGradient) {
  const std::vector<std::int32_t> labels{kIgnore, kIgnore};
  const Value x = logits(training_, 2, 3, test::normals(6, 2));
  const LossResult result = cross_entropy(training_, x, labels, {});
  EXPECT_EQ(result.sum, 0);
  EXPECT_EQ(result.mean(), 0);
  EXPECT_TRUE(test::near(test::grad_of(x), std::vector<float>(6), 0));
}

TEST_F(Loss, ScaleAndCountWeighTheGradientOnly) {
  const std::vector<float> values = test::normals(8, 3);
  const std::vector<std::int32_t> labels{1, 3};
  const Value x = logits(training_, 2, 4, values), y = logits(training_, 2, 4, values);
  const LossResult plain = cross_entropy(training_, x, labels, {});
  const LossResult scaled = cross_entropy(training_, y, labels, {.scale = 0.5, .count = 10});
  EXPECT_EQ(plain.sum, scaled.sum);
  std::vector<float> expected = test::grad_of(x);
  for (float& g : expected) g *= 0.5f * 2 / 10;
  EXPECT_TRUE(test::near(test::grad_of(y), expected, 1e-8, 1e-6));
}

TEST_F(Loss, GradientsAddToWhatIsThere) {
  const std::vector<std::int32_t> labels{1};
  const Value x = logits(training_, 1, 2, {0, 0});
  training_.gradient(x)[0] = 10;
  cross_entropy(training_, x, labels, {});
  EXPECT_TRUE(test::near(test::grad_of(x), std::vector<float>{10.5f, -0.5f}, 1e-6));
}

TEST_F(Loss, OverVocabularyIsCrossEntropyOfTheProduct) {
  test::Leaves leaves;
  const std::int64_t rows = 2300, width = 17, vocabulary = 70;
  Parameter& table = leaves.add("table", {vocabulary, width});
  Parameter& bias = leaves.add("bias", {vocabulary});
  Parameter& input = leaves.add("x", {rows, width});
  leaves.store().prepare_training();
  std::vector<std::int32_t> labels;
  for (std::int32_t i = 0; i < rows; ++i) labels.push_back(i % 7 == 0 ? kIgnore : i % vocabulary);
  for (Tape* tape : {&training_, &inference_}) {
    Value x = test::Leaves::value(input);
    const Value product = linear(*tape, x, table, &bias, Layout::out_in);
    const LossOptions options{.label_smoothing = 0.1f};
    const LossResult whole = cross_entropy(*tape, product, labels, options);
    const LossResult chunked = cross_entropy_over_vocabulary(*tape, x, table, &bias, labels, options);
    EXPECT_EQ(whole.count, chunked.count);
    EXPECT_EQ(whole.sum, chunked.sum);
    pack_for_inference(table, Layout::out_in, Precision::f32);
    EXPECT_EQ(cross_entropy_over_vocabulary(inference_, x, table, &bias, labels, options).sum, chunked.sum);
    table.packed.reset();
  }
}

TEST_F(Loss, IgnoredBinaryTargetsHaveNoGradient) {
  const Value x = logits(training_, 2, 2, {1, 2, 3, 4});
  const std::vector<float> targets{1, -1, -100, 0};
  const LossResult result = binary_cross_entropy(training_, x, targets, {}, {});
  EXPECT_NEAR(result.sum, (std::log1p(std::exp(-1.0)) + std::log1p(std::exp(4.0))) / 2, 1e-9);
  EXPECT_EQ(x.grad()[1], 0);
  EXPECT_EQ(x.grad()[2], 0);
  EXPECT_LT(x.grad()[0], 0);
  EXPECT_GT(x.grad()[3], 0);
}

TEST_F(Loss, LabelsOutsideAreRefused) {
  const Value x = logits(training_, 1, 3, {0, 0, 0});
  for (const std::int32_t label : {3, -1, -99}) {
    const std::vector<std::int32_t> labels{label};
    EXPECT_THROW(cross_entropy(training_, x, labels, {}), base::Error) << label;
  }
  const std::vector<std::int32_t> two{0, 1};
  EXPECT_THROW(cross_entropy(training_, x, two, {}), base::Error);
  const std::vector<float> targets{0};
  EXPECT_THROW(binary_cross_entropy(training_, x, targets, {}, {}), base::Error);
}

TEST(SoftmaxRow, AddsUpToOneAndAgreesWithItsLogarithm) {
  for (const std::int64_t n : {1, 7, 33, 1000}) {
    std::vector<float> p = test::normals(n, 4, 20), l = p;
    softmax_row(p.data(), n);
    log_softmax_row(l.data(), n);
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      sum += p[i];
      EXPECT_NEAR(p[i], std::exp(static_cast<double>(l[i])), 1e-6);
    }
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

}  // namespace
}  // namespace ballast::engine
