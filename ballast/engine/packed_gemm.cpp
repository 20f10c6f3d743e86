// SPDX-License-Identifier: Apache-2.0
// Right sides that are packed once, and the products with them.
#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/block_panels.h"
#include "ballast/engine/gemm.h"
#include "ballast/engine/panels.h"
#include "ballast/engine/quantised.h"
#include "ballast/engine/row_tasks.h"
#include "ballast/engine/scratch.h"

namespace ballast::engine {
namespace {

using kernels::kFloatCols, kernels::kRows;

// Of k in a block: shorter ones load and store C too often; 128 rows of this depth and two panels of B, the one at hand
// and the next, fit the second-level cache. Pairs ask for nothing ahead.
constexpr std::int64_t kFloatDepth = 768, kPairDepth = 3072;

thread_local Scratch t_rows_laid_out, t_block;

/// Weights are read from end to end, token after token: large pages save the walk through the page tables.
void* panel_memory(std::size_t bytes) {
  constexpr std::size_t kLargePage = std::size_t{2} << 20, kLine = 64;
  const std::size_t alignment = bytes >= kLargePage ? kLargePage : kLine;
  const std::size_t size = std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
  void* memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kLargePage) madvise(memory, size, MADV_HUGEPAGE);  // a wish: it may be refused
  return memory;
}

/// Panels of rows of a task. Where there are enough for every thread it lays out its own alone, and the threads read
/// the same panels of columns.
std::int64_t packed_rows_at_once(std::int64_t m) {
  const std::int64_t all = panels(m, kRows), threads = base::threads();
  return all < kWorthAllColumns * threads ? kPackedTaskPanels : std::min(kPackedTaskPanels, panels(all, threads));
}

/// Some rows times panels of columns of the right sides, piece after piece of k.
struct RowsProduct {
  Operand a;
  std::span<const RightSide> sides;
  bool accumulate;
  Finish finish;

  void operator()(const RowTasks::Task& t) const {
    const Cells cells = sides.front().b->cells();
    const std::int64_t k = sides.front().b->k(), width = panel_columns(cells);
    const std::int64_t depth = std::min(k, cells == Cells::pairs ? kPairDepth : kFloatDepth);
    for (std::int64_t k0 = 0; k0 < k; k0 += depth) {
      const std::int64_t d = std::min(depth, k - k0);
      const LeftRows rows =
          left_rows(part_of(a, 0, k0), t.row, t.rows, d, t.most * width, cells, t_rows_laid_out, t.laid_out && d == k);
      for_each_side(sides, t.first, t.last, width, [&](std::size_t i, std::int64_t first, std::int64_t last) {
        const RightSide& side = sides[i];
        // The rows are a product of their own: their part of C, their piece of k.
        const Product x{rows, t.rows, side.b->n(), d, side.c + t.row * side.ldc, side.ldc, accumulate || k0 > 0, cells};
        for_panels(first, last, width, [&](std::int64_t p, std::int64_t end) {
          columns(x, *side.b, k0, p, end, last);
          if (k0 + d == k) finish(i, region_of(t.row, t.rows, p, end, width, side.b->n()));
        });
      });
    }
  }

 private:
  /// Panels [first, end); those up to `last` follow.
  static void columns(const Product& x, const PackedMatrix& b, std::int64_t k0, std::int64_t first, std::int64_t end,
                      std::int64_t last) {
    const std::int64_t width = panel_columns(x.cells), count = panels(x.m, kRows);
    const auto panel = [&](std::int64_t pn) {
      return panel_at(b.panels(), x.cells, (pn * panel_depth(b.k(), x.cells) + k0) * width);
    };
    for (std::int64_t pn = first; pn < end; ++pn) {
      const bool follows = pn + 1 < last && x.cells != Cells::pairs;
      const kernels::RunsAhead ahead(static_cast<const float*>(panel(pn + 1)), follows ? kFloatCols : 0, x.k, count);
      multiply_rows(x, pn, 0, x.k, panel(pn), &ahead, pn + 1 < end);
    }
  }
};

}  // namespace

PackedMatrix::PackedMatrix(Operand b, std::int64_t k, std::int64_t n, Precision precision)
    : panels_(nullptr, std::free), k_(k), n_(n), precision_(precision), cells_(cells_for(precision)) {
  if (cells_ == Cells::quantised) {
    panels_.reset(panel_memory(quantised_bytes(k, n, precision)));
    quantise(b, k, n, precision, panels_.get());
    return;
  }
  panels_.reset(panel_memory(packed_bytes(n, k, panel_columns(cells_), cells_)));
  pack_all(b);
}

PackedMatrix::PackedMatrix(Operand b, std::int64_t k, std::int64_t n, Precision precision, void* memory)
    : panels_(memory, [](void*) {}), k_(k), n_(n), precision_(precision), cells_(cells_for(precision)) {
  BALLAST_CHECK(cells_ != Cells::quantised, k);
  pack_all(b);
}

void PackedMatrix::pack_all(Operand b) {
  constexpr std::int64_t kMost = 8;  // panels a task: enough to be worth a hand-over
  const std::int64_t width = panel_columns(cells_);
  const std::int64_t piece =
      std::clamp<std::int64_t>(engine::panels(engine::panels(n_, width), base::threads()), 1, kMost);
  base::parallel_ranges(n_, piece * width, [&](std::int64_t first, std::int64_t last) {
    void* to = static_cast<std::byte*>(panels_.get()) + packed_bytes(first, k_, width, cells_);
    pack(panel_source(b, false, first, last - first), k_, width, cells_, to);
  });
}

PackedMatrix::PackedMatrix(std::int64_t k, std::int64_t n, Precision quantised)
    : panels_(panel_memory(quantised_bytes(k, n, quantised)), std::free),
      k_(k),
      n_(n),
      precision_(quantised),
      cells_(Cells::quantised) {}

PackedMatrix::PackedMatrix(std::unique_ptr<BlockPanels> blocks, std::int64_t k, std::int64_t n, Precision quantised)
    : panels_(nullptr, std::free),
      k_(k),
      n_(n),
      precision_(quantised),
      cells_(Cells::quantised),
      blocks_(std::move(blocks)) {}

PackedMatrix::~PackedMatrix() = default;
PackedMatrix::PackedMatrix(PackedMatrix&&) noexcept = default;
PackedMatrix& PackedMatrix::operator=(PackedMatrix&&) noexcept = default;

void gemm(std::int64_t m, Operand a, std::span<const RightSide> sides, bool accumulate, Finish finish) {
  const PackedMatrix& first = *sides.front().b;
  const std::int64_t width = panel_columns(first.cells());
  std::int64_t columns = 0, n = 0;
  bool nothing = true;
  for (const RightSide& side : sides) {
    BALLAST_CHECK(side.b->k() == first.k() && side.b->precision() == first.precision(), side.b->k());
    nothing &= nothing_to_multiply(m, side.b->n(), side.b->k(), side.c, side.ldc, accumulate);
    columns += panels(side.b->n(), width);
    n += side.b->n();
  }
  if (nothing) {
    for (std::size_t i = 0; i < sides.size() && m > 0; ++i) finish(i, {0, m, 0, sides[i].b->n()});
    return;
  }
  const RowTasks tasks(m, columns, worth_threads(m, n, first.k()), packed_rows_at_once(m));
  if (first.cells() == Cells::quantised) return multiply_quantised(tasks, a, sides, accumulate, finish);
  tasks.run(RowsProduct{a, sides, accumulate, finish});
}

void gemm(std::int64_t m, Operand a, const PackedMatrix& b, float* c, std::int64_t ldc, bool accumulate) {
  const RightSide side{&b, c, ldc};
  gemm(m, a, {&side, 1}, accumulate, finish_nothing);
}

void multiply_in_blocks(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c,
                        std::int64_t ldc, bool accumulate, Precision precision, Finish finish) {
  constexpr std::size_t kBlockBytes = std::size_t{8} << 20;  // a quarter of the third-level cache
  const Cells cells = cells_for(precision);
  const std::int64_t depth = std::min(k, cells == Cells::pairs ? kPairDepth : kFloatDepth);
  const std::int64_t panel = panel_columns(cells);
  const std::size_t panel_bytes = packed_bytes(panel, depth, panel, cells);
  const std::int64_t width = std::min(panels(n, panel), static_cast<std::int64_t>(kBlockBytes / panel_bytes)) * panel;
  void* memory = t_block.get(packed_bytes(width, depth, panel, cells));
  for (std::int64_t k0 = 0; k0 < k; k0 += depth) {
    const bool ends = k0 + depth >= k;
    for (std::int64_t n0 = 0; n0 < n; n0 += width) {
      const PackedMatrix block(part_of(b, k0, n0), std::min(depth, k - k0), std::min(width, n - n0), precision, memory);
      const auto finish_block = [&](std::size_t, const Region& r) {
        if (ends) finish(0, {r.row, r.rows, n0 + r.column, r.columns});
      };
      const RightSide side{&block, c + n0, ldc};
      RowTasks(m, panels(block.n(), panel), true, packed_rows_at_once(m))
          .run(RowsProduct{part_of(a, 0, k0), {&side, 1}, accumulate || k0 > 0, finish_block});
    }
  }
}

}  // namespace ballast::engine
