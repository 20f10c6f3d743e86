// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/variance_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace ballast::engine {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(VarianceLoss, IsHalfOfTheLogVariancePlusTheSquaredRatio) {
  Arena arena;
  Tape tape(arena, true);
  const Value x = tape.make(3, 2);
  const std::vector<float> data{9, 0, 9, std::log(4.0f), 9, 1};
  std::copy(data.begin(), data.end(), x.data);
  const std::vector<float> values{2, 2, kNaN};
  const LossResult result = variance_loss(tape, x, 1, values, {.scale = 3});
  EXPECT_EQ(result.count, 2);
  EXPECT_NEAR(result.sum, (0 + 4) / 2.0 + (std::log(4.0) + 1) / 2.0, 1e-6);
  EXPECT_NEAR(x.grad()[1], 3 / 2.0 * (1 - 4) / 2, 1e-6);  // the spread was forecast too small
  EXPECT_NEAR(x.grad()[3], 0, 1e-6);                      // a variance of 4 is what 2² says
  EXPECT_EQ(x.grad()[5], 0);
  EXPECT_EQ(x.grad()[0], 0);
}

TEST(VarianceLoss, GradientIsTheSlope) {
  Arena arena;
  const std::vector<float> values{0.3f, -1.7f, 0.0f};
  const auto loss_at = [&](float s, float* grad) {
    Tape tape(arena, true);
    const Value x = tape.make(3, 1);
    x.data[0] = 0.2f, x.data[1] = s, x.data[2] = -0.4f;
    const double loss = variance_loss(tape, x, 0, values, {}).mean();
    if (grad != nullptr) *grad = x.grad()[1];
    return loss;
  };
  float grad = 0;
  loss_at(0.5f, &grad);
  EXPECT_NEAR(grad, (loss_at(0.51f, nullptr) - loss_at(0.49f, nullptr)) / 0.02, 1e-4);
}

}  // namespace
}  // namespace ballast::engine
