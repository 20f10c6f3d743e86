// SPDX-License-Identifier: Apache-2.0
// Packs operands into panels and walks the blocks. The threads share out the output; the K loop is never split between
// them. K is cut into pieces that the caches hold; pieces add up in order, so the cut does not change a bit.
#include "ballast/engine/gemm.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "ballast/base/parallel.h"
#include "ballast/engine/panels.h"
#include "ballast/engine/row_tasks.h"
#include "ballast/engine/scratch.h"

namespace ballast::engine {
namespace {

using kernels::kRows;

// Every panel of B, packed when it is needed, meets all rows of a task while it is in the cache: the more rows, the
// less often B is packed. A piece of 256 rows and this depth is 393 KiB.
constexpr std::int64_t kDepth = 384, kTaskPanels = 128;

thread_local Scratch t_pack_a, t_pack_b;

/// Whether it pays that the threads pack B together and wait for each other: with many rows, and where each would lay
/// out more than its cache holds, all rows of a deep k or a thousand of very many.
bool in_blocks(std::int64_t m, std::int64_t k) {
  constexpr std::int64_t kMany = 512, kRowsOfTask = kPackedTaskPanels * kRows, kVeryMany = 4096;
  return (m >= kMany && k >= kMany) || (m >= kRowsOfTask && k >= kVeryMany) || (m >= kVeryMany && k >= kRowsOfTask);
}

/// Panels of rows of a task. The threads share out the columns, and each lays out all rows, or the rows, and each packs
/// all columns: whichever are fewer.
std::int64_t rows_at_once(std::int64_t m, std::int64_t n) {
  return n > m ? kTaskPanels : std::min<std::int64_t>(kTaskPanels, panels(panels(m, kRows), base::threads()));
}

float element(const Operand& x, std::int64_t i, std::int64_t j) {
  return x.transposed ? x.data[j * x.stride + i] : x.data[i * x.stride + j];
}

/// k values of a panel's columns of B.
struct Piece {
  kernels::PanelSource from{};
  std::int64_t k = 0;

  /// For `passes` passes over another one, of depth `depth`. Columns that lie side by side are read from end to end as
  /// they are packed.
  kernels::RunsAhead ahead(std::int64_t passes, std::int64_t depth) const {
    return {from.data, from.side_by_side || k < depth ? 0 : from.count, from.stride, passes};
  }
};

/// Rows that are laid out times columns of B that are not.
struct PlainProduct {
  Product x;  // of the task's rows
  Operand b;
  bool cached;  // so that nothing need be asked for

  /// Panels [first, last) of columns: C stays in the cache while the pieces of k add up.
  void columns(std::int64_t first, std::int64_t last) const {
    const std::int64_t depth = std::min(x.k, x.cells == Cells::pairs ? 2 * kDepth : kDepth);
    const std::int64_t width = panel_columns(x.cells);
    void* packed = t_pack_b.get(packed_bytes(width, depth, width, x.cells));
    const std::int64_t count = panels(x.m, kRows);
    for (std::int64_t k0 = 0; k0 < x.k; k0 += depth) {
      for (std::int64_t pn = first; pn < last; ++pn) {
        const bool ends = pn + 1 == last;
        const Piece now = piece(pn, k0, depth);
        const Piece next = !ends              ? piece(pn + 1, k0, depth)
                           : k0 + depth < x.k ? piece(first, k0 + depth, depth)
                                              : Piece{};
        pack(now.from, now.k, width, x.cells, packed);
        const kernels::RunsAhead ahead = next.ahead(count, now.k);
        multiply_rows(x, pn, k0, now.k, packed, cached ? nullptr : &ahead, !ends);
      }
    }
  }

 private:
  Piece piece(std::int64_t pn, std::int64_t k0, std::int64_t depth) const {
    const std::int64_t width = panel_columns(x.cells), first = pn * width;
    return {panel_source(part_of(b, k0, first), false, 0, std::min(width, x.n - first)), std::min(depth, x.k - k0)};
  }
};

}  // namespace

std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);  // quiet NaN
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float from_bf16(std::uint16_t x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
          bool accumulate, Precision precision, Finish finish) {
  if (nothing_to_multiply(m, n, k, c, ldc, accumulate)) return finish(0, {0, m, 0, n});
  if (in_blocks(m, k) && worth_threads(m, n, k)) {
    return multiply_in_blocks(m, n, k, a, b, c, ldc, accumulate, precision, finish);
  }
  const Cells cells = cells_for(precision);
  const std::int64_t width = panel_columns(cells);
  const RowTasks tasks(m, panels(n, width), worth_threads(m, n, k), rows_at_once(m, n));
  tasks.run([&](const RowTasks::Task& t) {
    const LeftRows rows = left_rows(a, t.row, t.rows, k, t.most * width, cells, t_pack_a, t.laid_out);
    const PlainProduct product{{rows, t.rows, n, k, c + t.row * ldc, ldc, accumulate, cells}, b, false};
    for_panels(t.first, t.last, width, [&](std::int64_t p, std::int64_t end) {
      product.columns(p, end);
      finish(0, region_of(t.row, t.rows, p, end, width, n));
    });
  });
}

void gemm_serial(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
                 bool accumulate) {
  if (nothing_to_multiply(m, n, k, c, ldc, accumulate)) return;
  const LeftRows rows = left_rows(a, 0, m, k, n, Cells::floats, t_pack_a, false);
  PlainProduct{{rows, m, n, k, c, ldc, accumulate, Cells::floats}, b, true}.columns(0, panels(n, kernels::kFloatCols));
}

void gemm_scalar(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
                 bool accumulate, Precision precision) {
  const auto rounded = [&](float x) { return precision == Precision::bf16 ? from_bf16(to_bf16(x)) : x; };
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      float sum = accumulate ? c[i * ldc + j] : 0.0f;
      for (std::int64_t kk = 0; kk < k; ++kk) {
        sum = std::fma(rounded(element(a, i, kk)), rounded(element(b, kk, j)), sum);
      }
      c[i * ldc + j] = sum;
    }
  }
}

}  // namespace ballast::engine
