// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/in_place.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ballast::engine {
namespace {

constexpr std::int64_t kRows = 300, kCols = 200;

/// A layer with memory of its own: 2x + 1, by way of ten times that much.
Value layer(Tape& tape, Value x) {
  const Value wide = tape.make(10 * x.rows, x.cols), y = tape.make(x.rows, x.cols);
  for (std::int64_t i = 0; i < x.size(); ++i) wide.data[9 * x.size() + i] = 2 * x.data[i];
  for (std::int64_t i = 0; i < x.size(); ++i) y.data[i] = wide.data[9 * x.size() + i] + 1;
  return y;
}

TEST(InPlace, LayersShareTheirMemoryOutsideTraining) {
  Arena arena;
  Tape tape(arena, false);
  Value h = tape.make(kRows, kCols);
  for (std::int64_t i = 0; i < h.size(); ++i) h.data[i] = static_cast<float>(i % 7);
  std::size_t after_one = 0;
  for (int i = 0; i < 10; ++i) {
    const Value before = h;
    h = in_place(tape, h, layer);
    EXPECT_EQ(h.data, before.data);
    if (i == 0) after_one = arena.capacity_bytes();
  }
  for (std::int64_t i = 0; i < h.size(); ++i) ASSERT_EQ(h.data[i], static_cast<float>(i % 7) * 1024 + 1023) << i;
  EXPECT_EQ(arena.capacity_bytes(), after_one);
}

TEST(InPlace, TrainingKeepsEverything) {
  Arena arena;
  Tape tape(arena, true);
  const Value x = tape.make(kRows, kCols);
  std::fill_n(x.data, x.size(), 3.0f);
  const Value y = in_place(tape, x, layer);
  EXPECT_NE(y.data, x.data);
  EXPECT_EQ(x.data[0], 3);
  EXPECT_EQ(y.data[0], 7);
}

}  // namespace
}  // namespace ballast::engine
