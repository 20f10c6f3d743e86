// SPDX-License-Identifier: Apache-2.0
// Products are shared out without gaps or overlaps, and evenly where rows are tall enough.
#include "ballast/engine/row_tasks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <vector>

namespace ballast::engine {
namespace {

/// Holds the number of threads while it lives.
struct Threads {
  explicit Threads(int count) : before(base::threads()) { base::set_threads(count); }
  ~Threads() { base::set_threads(before); }
  int before;
};

std::vector<RowTasks::Task> tasks_of(std::int64_t rows, std::int64_t columns, bool parallel) {
  std::vector<RowTasks::Task> all;
  std::mutex mutex;
  RowTasks(rows, columns, parallel, kPackedTaskPanels).run([&](const RowTasks::Task& t) {
    const std::lock_guard lock(mutex);
    all.push_back(t);
  });
  return all;
}

TEST(RowTasks, EveryRowAndPanelOnce) {
  for (const int threads : {1, 2, 3, 32}) {
    const Threads held(threads);
    for (const std::int64_t rows : {1, 8, 127, 128, 129, 256, 634, 1001}) {
      for (const std::int64_t columns : {1, 3, 16, 64}) {
        for (const bool parallel : {false, true}) {
          std::vector<int> met(static_cast<std::size_t>(rows * columns));
          for (const RowTasks::Task& t : tasks_of(rows, columns, parallel)) {
            EXPECT_LE(t.rows, kPackedTaskPanels * kRowsOfPanel);
            EXPECT_LE(t.last - t.first, t.most);
            for (std::int64_t r = t.row; r < t.row + t.rows; ++r) {
              for (std::int64_t c = t.first; c < t.last; ++c) ++met[static_cast<std::size_t>(r * columns + c)];
            }
          }
          EXPECT_EQ(std::count(met.begin(), met.end(), 1), rows * columns) << threads << " " << rows << " " << columns;
        }
      }
    }
  }
}

TEST(RowTasks, TallRowsAreSharedOutEvenlyLowOnesAreNot) {
  const auto heights = [](std::int64_t rows) {
    std::multiset<std::int64_t> found;
    for (const RowTasks::Task& t : tasks_of(rows, 64, true)) found.insert(t.rows);
    return found;
  };
  const Threads two(2);
  EXPECT_EQ(heights(634), (std::multiset<std::int64_t>{104, 104, 104, 104, 106, 112}));
  const Threads many(32);
  EXPECT_EQ(*heights(256).begin(), 128);  // and not 8 rows a thread, each with all columns
}

}  // namespace
}  // namespace ballast::engine
