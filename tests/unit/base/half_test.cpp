// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ballast::base {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(Half, WidensKnownValues) {
  EXPECT_EQ(f32_from_f16(0x3c00), 1.0f);
  EXPECT_EQ(f32_from_f16(0xc000), -2.0f);
  EXPECT_EQ(f32_from_f16(0x7bff), 65504.0f);
  EXPECT_EQ(f32_from_f16(0x0001), 0x1p-24f);
  EXPECT_EQ(f32_from_f16(0x03ff), 1023 * 0x1p-24f);
  EXPECT_EQ(f32_from_f16(0x0400), 0x1p-14f);
  EXPECT_EQ(f32_from_f16(0xfc00), -kInf);
  EXPECT_TRUE(std::isnan(f32_from_f16(0x7e01)));
  EXPECT_TRUE(std::signbit(f32_from_f16(0x8000)));
  EXPECT_EQ(f32_from_bf16(0x3f80), 1.0f);
}

TEST(Half, NarrowsToNearestEven) {
  EXPECT_EQ(f16_from_f32(1.0f + 0x1p-11f), 0x3c00);      // tie, down to even
  EXPECT_EQ(f16_from_f32(1.0f + 3 * 0x1p-11f), 0x3c02);  // tie, up to even
  EXPECT_EQ(f16_from_f32(1.0f + 0x1.1p-11f), 0x3c01);    // above the tie
  EXPECT_EQ(f16_from_f32(65519.0f), 0x7bff);
  EXPECT_EQ(f16_from_f32(65520.0f), 0x7c00);
  EXPECT_EQ(f16_from_f32(0x1p-25f), 0x0000);      // tie between 0 and the smallest
  EXPECT_EQ(f16_from_f32(0x1.8p-24f), 0x0002);    // tie, up to even
  EXPECT_EQ(f16_from_f32(0x1.ff8p-15f), 0x03ff);  // the largest subnormal
  EXPECT_EQ(f16_from_f32(0x1.ffcp-15f), 0x0400);  // tie, up into the normal numbers
  EXPECT_EQ(bf16_from_f32(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(bf16_from_f32(1.0f + 3 * 0x1p-8f), 0x3f82);
  EXPECT_EQ(bf16_from_f32(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(f32_from_bf16(bf16_from_f32(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_TRUE(std::isnan(f32_from_f16(f16_from_f32(std::bit_cast<float>(0xff800001u)))));
}

TEST(Half, EverySixteenBitValueSurvivesTheWayThereAndBack) {
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const auto bits = static_cast<std::uint16_t>(h);
    if (!std::isnan(f32_from_f16(bits))) {
      ASSERT_EQ(f16_from_f32(f32_from_f16(bits)), bits);
    }
    if (!std::isnan(f32_from_bf16(bits))) {
      ASSERT_EQ(bf16_from_f32(f32_from_bf16(bits)), bits);
    }
  }
}

}  // namespace
}  // namespace ballast::base
