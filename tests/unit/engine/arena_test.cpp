// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace ballast::engine {
namespace {

TEST(Arena, EveryPieceIsAlignedAndApart) {
  Arena arena;
  std::set<std::uintptr_t> starts;
  std::uintptr_t end = 0;
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}}) {
    const auto at = reinterpret_cast<std::uintptr_t>(arena.allocate(bytes));
    EXPECT_EQ(at % Arena::kAlignment, 0u);
    EXPECT_TRUE(starts.insert(at).second) << "two pieces at one address";
    EXPECT_GE(at, end);
    end = at + bytes;
  }
  float* f = arena.floats(1000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(f) % Arena::kAlignment, 0u);
  std::memset(f, 0xff, 4000);  // the sanitizer watches the end
}

TEST(Arena, ReleaseGivesBackWhatCameAfterTheMark) {
  Arena arena;
  float* before = arena.floats(10);
  before[9] = 3;
  const Arena::Mark mark = arena.mark();
  void* first = arena.allocate(100);
  arena.allocate(100);
  arena.release(mark);
  EXPECT_EQ(arena.allocate(100), first);
  EXPECT_EQ(before[9], 3);
}

TEST(Arena, ReleaseGoesBackOverSeveralBlocks) {
  Arena arena;
  const Arena::Mark empty = arena.mark();  // before the first block exists
  arena.allocate(100);
  const Arena::Mark mark = arena.mark();
  for (int i = 0; i < 5; ++i) arena.allocate(std::size_t{3} << 20);
  const std::int64_t blocks = arena.system_allocations();
  EXPECT_GT(blocks, 1);
  arena.release(mark);
  for (int i = 0; i < 5; ++i) arena.allocate(std::size_t{3} << 20);
  EXPECT_EQ(arena.system_allocations(), blocks) << "released blocks were not used again";
  arena.release(empty);
  for (int i = 0; i < 5; ++i) arena.allocate(std::size_t{3} << 20);
  EXPECT_EQ(arena.system_allocations(), blocks);
}

TEST(Arena, ResetMakesOneBlockThatHoldsTheSameStep) {
  Arena arena;
  const auto step = [&] {
    for (std::size_t bytes = 1000; bytes < 5000000; bytes *= 3) arena.allocate(bytes);
  };
  step();
  EXPECT_GT(arena.system_allocations(), 1);
  const std::size_t needed = arena.capacity_bytes();
  arena.reset();
  EXPECT_EQ(arena.capacity_bytes(), needed);
  const std::int64_t warm = arena.system_allocations();
  for (int i = 0; i < 10; ++i) {
    step();
    arena.reset();
  }
  EXPECT_EQ(arena.system_allocations(), warm);
}

}  // namespace
}  // namespace ballast::engine
