// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/row_tasks.h"

#include <algorithm>
#include <atomic>

namespace ballast::engine {
namespace {

/// What a thread has laid out last.
struct LaidOut {
  std::uint64_t product = 0;
  std::int64_t row = -1;
};
thread_local LaidOut t_laid_out;
std::atomic<std::uint64_t> g_products{0};

constexpr std::int64_t kCheapPanels = 4;  // up to 32 rows cost next to nothing to lay out again

/// Parts of the columns, so that every thread gets as many tasks as any other. Few rows: more of them, for threads that
/// do not run at one speed.
std::int64_t parts_of(std::int64_t chunks, std::int64_t row_panels, std::int64_t columns) {
  const std::int64_t threads = base::threads(), wanted = row_panels <= kCheapPanels ? 2 * threads : threads;
  std::int64_t parts = panels(wanted, chunks);
  while (chunks * parts % threads != 0 && chunks * parts < 4 * threads) ++parts;
  return std::clamp<std::int64_t>(parts, 1, columns);
}

}  // namespace

RowTasks::RowTasks(std::int64_t rows, std::int64_t columns, bool parallel, std::int64_t most)
    : rows_(rows),
      columns_(columns),
      row_panels_(panels(rows, kRowsOfPanel)),
      chunks_(panels(row_panels_, most)),
      parallel_(parallel),
      product_(++g_products) {
  // As many for every thread, which then lays out rows of its own, where there are several and they stay tall.
  const std::int64_t even = panels(chunks_, base::threads()) * base::threads();
  if (parallel && chunks_ > 1 && even * kWorthAllColumns <= row_panels_) chunks_ = even;
  width_ = panels(columns, parallel ? parts_of(chunks_, row_panels_, columns) : 1);
  parts_ = panels(columns, width_);
}

RowTasks::Task RowTasks::task(std::int64_t t) const {
  const auto chunk_at = [&](std::int64_t chunk) { return chunk * row_panels_ / chunks_ * kRowsOfPanel; };
  const std::int64_t chunk = t % chunks_, row = chunk_at(chunk), first = t / chunks_ * width_;
  const bool laid_out = t_laid_out.product == product_ && t_laid_out.row == row;
  t_laid_out = {product_, row};
  return {row, std::min(rows_, chunk_at(chunk + 1)) - row, first, std::min(columns_, first + width_), width_, laid_out};
}

}  // namespace ballast::engine
