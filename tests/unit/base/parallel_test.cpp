// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/parallel.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/serial.h"

namespace ballast::base {
namespace {

class Parallel : public ::testing::Test {
 protected:
  void TearDown() override { set_threads(0); }
};

TEST_F(Parallel, EveryIndexRunsOnce) {
  for (const int threads : {1, 2, 3, 8, 70}) {
    set_threads(threads);
    for (const std::size_t count : {2u, 7u, 65u, 1000u}) {
      std::vector<std::atomic<int>> hits(count);
      parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i) { ++hits[static_cast<std::size_t>(i)]; });
      for (const auto& h : hits) ASSERT_EQ(h, 1) << threads << " threads, " << count;
    }
  }
}

// So that what a core has written is still in its cache in the next loop over the same rows.
TEST_F(Parallel, AThreadBeginsWithItsOwnStretch) {
  constexpr int kThreads = 3;
  constexpr std::int64_t kEach = 5;
  set_threads(kThreads);
  std::atomic<int> arrived = 0;
  std::vector<std::atomic<std::int64_t>> first(kThreads);
  for (auto& f : first) f = -1;
  parallel_for(kThreads * kEach, [&](std::int64_t i) {
    auto& own = first[static_cast<std::size_t>(thread_index())];
    if (own >= 0) return;
    own = i;
    ++arrived;
    while (arrived < kThreads) std::this_thread::yield();  // nobody goes on before all have begun
  });
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(first[static_cast<std::size_t>(t)], t * kEach) << t;
}

TEST_F(Parallel, NothingToDoCallsNothing) {
  parallel_for(0, [](std::int64_t) { FAIL(); });
  parallel_for(-3, [](std::int64_t) { FAIL(); });
  parallel_ranges(0, 4, [](std::int64_t, std::int64_t) { FAIL(); });
}

TEST_F(Parallel, PiecesDoNotDependOnTheThreadCount) {
  for (const int threads : {1, 2, 5}) {
    set_threads(threads);
    std::vector<std::int64_t> ends(4);
    parallel_ranges(10, 3,
                    [&](std::int64_t begin, std::int64_t end) { ends[static_cast<std::size_t>(begin / 3)] = end; });
    EXPECT_THAT(ends, ::testing::ElementsAre(3, 6, 9, 10)) << threads << " threads";
  }
}

// Floats do not add associatively: only fixed pieces, summed in order, give the same bits.
TEST_F(Parallel, OrderedSumOverPiecesIsBitIdenticalAtAnyThreadCount) {
  constexpr std::int64_t kCount = 100000, kPiece = 1024;
  const auto sum = [&] {
    std::vector<float> partial((kCount + kPiece - 1) / kPiece);
    parallel_ranges(kCount, kPiece, [&](std::int64_t begin, std::int64_t end) {
      float s = 0;
      for (std::int64_t i = begin; i < end; ++i) s += std::sin(static_cast<float>(i));
      partial[static_cast<std::size_t>(begin / kPiece)] = s;
    });
    float total = 0;
    for (const float p : partial) total += p;
    return total;
  };
  set_threads(1);
  const float expected = sum();
  for (const int threads : {2, 3, 4, 7}) {
    set_threads(threads);
    EXPECT_EQ(sum(), expected) << threads << " threads";
  }
}

TEST_F(Parallel, LowestFailingIndexIsTheErrorThatIsSeen) {
  for (const int threads : {1, 2, 4}) {
    set_threads(threads);
    for (int round = 0; round < 50; ++round) {
      try {
        parallel_for(64, [](std::int64_t i) {
          if (i % 8 == 5) throw Error(ErrorCode::bad_input, "row " + std::to_string(i));
        });
        FAIL() << "no error";
      } catch (const Error& e) {
        ASSERT_STREQ(e.what(), "row 5") << threads << " threads";
      }
    }
  }
}

TEST_F(Parallel, NestedLoopsRunInTheirThread) {
  set_threads(2);
  std::atomic<int> calls = 0;
  parallel_for(2, [&](std::int64_t) {
    const int outer = thread_index();
    parallel_for(10, [&](std::int64_t) {
      EXPECT_EQ(thread_index(), outer);
      ++calls;
    });
  });
  EXPECT_EQ(calls, 20);
}

TEST_F(Parallel, ThreadCountIsChecked) {
  EXPECT_GE(threads(), 1);
  set_threads(3);
  EXPECT_EQ(threads(), 3);
  for (const int bad : {-1, 1025}) {
    try {
      set_threads(bad);
      FAIL() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::usage);
      EXPECT_EQ(std::string(e.what()), "--threads: thread count must lie in 0 … 1024, not " + std::to_string(bad));
    }
  }
  EXPECT_EQ(threads(), 3);
}

TEST_F(Parallel, PieceOfNothingIsABrokenPromise) {
  EXPECT_THROW(parallel_ranges(10, 0, [](std::int64_t, std::int64_t) {}), Error);
}

TEST_F(Parallel, SerialScopeKeepsLoopsOnTheirThread) {
  set_threads(3);
  const auto here = std::this_thread::get_id();
  std::atomic<int> elsewhere{0}, runs{0};
  const auto body = [&](std::int64_t) {
    ++runs;
    elsewhere += std::this_thread::get_id() != here;
  };
  {
    const SerialScope outer;
    { const SerialScope inner; }
    parallel_for(50, body);
  }
  EXPECT_EQ(runs, 50);
  EXPECT_EQ(elsewhere, 0);
}

}  // namespace
}  // namespace ballast::base
