// SPDX-License-Identifier: Apache-2.0
// What products ask for ahead: every line once, in time, and nothing else.
#include "ballast/engine/kernels/ahead.h"

#include <gtest/gtest.h>

#include <vector>

namespace ballast::engine::kernels {
namespace {

/// The offsets that `passes` passes ask for.
std::vector<std::int64_t> runs_asked(std::int64_t runs, std::int64_t apart, std::int64_t passes) {
  static const float base[1 << 12] = {};
  RunsAhead ahead(base, runs, apart, passes);
  std::vector<std::int64_t> offsets;
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    const Requests now = ahead.take();
    EXPECT_LE(now.count, kRunsOfPass);
    for (std::int64_t i = 0; i < now.count; ++i) offsets.push_back(now.first + i * now.apart - base);
  }
  return offsets;
}

TEST(RunsAhead, EveryRunOnceInOrder) {
  for (const std::int64_t passes : {6, 7, 16, 32, 48, 100}) {
    const std::vector<std::int64_t> offsets = runs_asked(48, 80, passes);
    ASSERT_EQ(offsets.size(), 48u) << passes;
    for (std::size_t i = 0; i < offsets.size(); ++i) EXPECT_EQ(offsets[i], static_cast<std::int64_t>(i) * 80) << passes;
  }
}

TEST(RunsAhead, NoMoreThanAPassCanAskFor) {
  EXPECT_EQ(runs_asked(48, 80, 1).size(), static_cast<std::size_t>(kRunsOfPass));
  EXPECT_EQ(runs_asked(48, 80, 2).size(), static_cast<std::size_t>(2 * kRunsOfPass));
  EXPECT_TRUE(runs_asked(0, 80, 16).empty());
}

TEST(Ahead, PiecesFollowEachOtherUntilTheEnd) {
  constexpr std::int64_t kPasses = 16, kSteps = 192, kPiece = kSteps / kStepsOfLine * kLineBytes;
  static const std::byte memory[5 * kPiece - 1] = {};
  Ahead ahead(memory, sizeof memory);
  for (std::int64_t pass = 0; pass < kPasses; ++pass) {
    EXPECT_EQ(ahead.take(kSteps), pass < 5 ? memory + pass * kPiece : nullptr) << pass;
  }
  EXPECT_EQ(Ahead(nullptr, sizeof memory).take(kSteps), nullptr);
}

}  // namespace
}  // namespace ballast::engine::kernels
