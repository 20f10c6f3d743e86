// SPDX-License-Identifier: Apache-2.0
// What products ask for ahead: every line once, in time, and nothing else.
#include "ballast/engine/ahead.h"

#include <gtest/gtest.h>

#include <vector>

namespace ballast::engine {
namespace {

/// The offsets that `passes` passes ask for.
std::vector<std::int64_t> runs_asked(std::int64_t runs, std::int64_t apart, std::int64_t passes) {
  static const float base[1 << 12] = {};
  RunsAhead ahead(base, runs, apart, passes);
  std::vector<std::int64_t> offsets;
  const int nothing = 0;
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    kernels::Requests requests(&nothing);
    ahead.take(requests);
    for (const void* run : requests.runs) {
      if (run != &nothing) offsets.push_back(static_cast<const float*>(run) - base);
    }
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
  EXPECT_EQ(runs_asked(48, 80, 1).size(), static_cast<std::size_t>(kernels::kRows));
  EXPECT_EQ(runs_asked(48, 80, 2).size(), static_cast<std::size_t>(2 * kernels::kRows));
  EXPECT_TRUE(runs_asked(0, 80, 16).empty());
}

TEST(Ahead, PiecesFollowEachOtherUntilTheEnd) {
  constexpr std::int64_t kPasses = 16, kSteps = 192, kPiece = kSteps / kernels::kStepsOfLine * kernels::kLineBytes;
  static const std::byte memory[5 * kPiece] = {};
  const Ahead ahead(memory, sizeof memory);
  for (std::int64_t pass = 0; pass < kPasses; ++pass) {
    EXPECT_EQ(ahead.piece(pass, kSteps), pass < 5 ? memory + pass * kPiece : nullptr) << pass;
  }
  EXPECT_EQ(Ahead(nullptr, sizeof memory).piece(0, kSteps), nullptr);
}

}  // namespace
}  // namespace ballast::engine
