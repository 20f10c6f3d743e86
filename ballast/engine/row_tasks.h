// SPDX-License-Identifier: Apache-2.0
// How a product of some rows with packed right sides is shared out to the threads. A task takes some rows, lays them
// out in memory of its own thread, and multiplies them by panels of columns: nothing that one core has written is
// read by another one, and what follows the product finds its outputs in the cache. Who computes an element does not
// change its bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ballast/base/parallel.h"
#include "ballast/engine/gemm.h"
#include "ballast/engine/tiles.h"

namespace ballast::engine {

class RowTasks {
 public:
  /// Of `rows` rows, at most `most` panels of them a task, and `columns` panels of columns (those of all right sides,
  /// one after the other).
  RowTasks(std::int64_t rows, std::int64_t columns, bool parallel, std::int64_t most);

  struct Task {
    std::int64_t row, rows;    // of the left side
    std::int64_t first, last;  // panels of columns
    std::int64_t most;         // of the task of this product that has most: the same for all
    bool laid_out;             // this thread's last task of this product had the same rows
  };
  /// Calls body(task) for all of them, the tasks of a thread one after the other.
  template <class Body>
  void run(const Body& body) const {
    const auto one = [&](std::int64_t t) { body(task(t)); };
    const std::int64_t tasks = chunks_ * parts_;
    if (parallel_) return base::parallel_for(tasks, one);
    for (std::int64_t t = 0; t < tasks; ++t) one(t);
  }

 private:
  Task task(std::int64_t t) const;

  std::int64_t rows_, columns_, row_panels_, chunks_, width_, parts_;
  bool parallel_;
  std::uint64_t product_;  // a number of its own
};

/// Calls body(p, end) for panels [first, last) of `width` columns, as many at a time as are computed until what follows
/// them: 128 KiB of C.
template <class Body>
void for_panels(std::int64_t first, std::int64_t last, std::int64_t width, const Body& body) {
  const std::int64_t at_once = 256 / width;
  for (std::int64_t p = first; p < last; p += at_once) body(p, std::min(last, p + at_once));
}

/// Panels [first, last), `width` columns each, of a right side of n columns, in some rows.
inline Region region_of(std::int64_t row, std::int64_t rows, std::int64_t first, std::int64_t last, std::int64_t width,
                        std::int64_t n) {
  return {row, rows, first * width, std::min(n, last * width) - first * width};
}

/// Calls body(i, first, last) for every right side i that has panels in [first, last) of all, `width` columns each: its
/// own panels' numbers.
template <class Sides, class Body>
void for_each_side(const Sides& sides, std::int64_t first, std::int64_t last, std::int64_t width, const Body& body) {
  std::int64_t before = 0;
  for (std::size_t i = 0; i < sides.size() && before < last; ++i) {
    const std::int64_t own = panels(sides[i].b->n(), width);
    const std::int64_t p0 = std::max<std::int64_t>(0, first - before), p1 = std::min(own, last - before);
    if (p0 < p1) body(i, p0, p1);
    before += own;
  }
}

}  // namespace ballast::engine
