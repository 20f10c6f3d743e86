// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/panels.h"

#include "ballast/engine/isa.h"
#include "ballast/engine/quantised.h"

namespace ballast::engine {

using kernels::kRows;

Cells cells_for(Precision precision) {
  if (precision == Precision::f32) return Cells::floats;
  if (is_quantised(precision)) return Cells::quantised;
  return has_bf16_kernel() ? Cells::pairs : Cells::rounded;
}

std::size_t packed_bytes(std::int64_t n, std::int64_t k, std::int64_t width, Cells cells) {
  const std::int64_t lines = panels(n, width) * width;
  return static_cast<std::size_t>(cells == Cells::pairs ? lines * (k + k % 2) * 2 : lines * k * 4);
}

kernels::PanelSource panel_source(const Operand& x, bool along_rows, std::int64_t first, std::int64_t count) {
  const bool side_by_side = along_rows == x.transposed;
  return {x.data + first * (side_by_side ? 1 : x.stride), x.stride, side_by_side, count};
}

void pack(const kernels::PanelSource& from, std::int64_t k, std::int64_t width, Cells cells, void* out) {
  if (cells == Cells::pairs) return kernels::pack_pairs(from, k, width, static_cast<std::uint16_t*>(out));
  auto* to = static_cast<float*>(out);
  kernels::pack_floats(from, k, width, to);
  if (cells == Cells::rounded) kernels::round_to_bf16(to, panels(from.count, width) * width * k);
}

LeftRows left_rows(const Operand& a, std::int64_t row, std::int64_t rows, std::int64_t k, std::int64_t columns,
                   Cells cells, Scratch& scratch, bool laid_out) {
  constexpr std::int64_t kFewColumns = 256;
  // Lines of rows that are a multiple of 4 KiB apart drive each other out of the first-level cache.
  constexpr std::int64_t kBadStride = 1024;
  if (cells == Cells::floats && !a.transposed && columns <= kFewColumns && a.stride % kBadStride != 0) {
    return {a.data + row * a.stride, a.stride};
  }
  void* panels = scratch.get(packed_bytes(rows, k, kRows, cells));
  if (!laid_out) pack(panel_source(a, true, row, rows), k, kRows, cells, panels);
  return {panels};
}

void multiply_rows(const Product& x, std::int64_t pn, std::int64_t k0, std::int64_t depth, const void* b,
                   const kernels::RunsAhead* ahead, bool follows) {
  const std::int64_t columns = panel_columns(x.cells);
  const int cols = static_cast<int>(std::min<std::int64_t>(columns, x.n - pn * columns));
  float* c = x.c + pn * columns;
  const bool add = x.accumulate || k0 > 0;
  if (x.cells == Cells::pairs) {
    const auto run = has_bf16_kernel() ? kernels::multiply_panels_bf16 : kernels::multiply_panels_bf16_scalar;
    for (std::int64_t row = 0; row < x.m; row += kRows) {
      const void* a = panel_at(x.a.data, x.cells, row * panel_depth(x.k, x.cells) + k0 * kRows);
      run(static_cast<const std::uint16_t*>(a), static_cast<const std::uint16_t*>(b), panel_depth(depth, x.cells),
          static_cast<int>(std::min<std::int64_t>(kRows, x.m - row)), cols, c + row * x.ldc, x.ldc, add);
    }
    return;
  }
  const bool lie = x.a.stride > 0;
  const auto* a = static_cast<const float*>(x.a.data) + (lie ? k0 : k0 * kRows);
  const kernels::RowsOfA rows{a, kRows * (lie ? x.a.stride : x.k), x.a.stride};
  const auto* panel = static_cast<const float*>(b);
  if (ahead == nullptr) return kernels::multiply_panels(rows, panel, depth, x.m, cols, c, x.ldc, add);
  const kernels::PassesAhead passes{*ahead, follows ? c + columns : nullptr};
  kernels::multiply_panels(rows, panel, depth, x.m, cols, c, x.ldc, add, &passes);
}

bool nothing_to_multiply(std::int64_t m, std::int64_t n, std::int64_t k, float* c, std::int64_t ldc, bool accumulate) {
  if (k == 0 && !accumulate) {
    for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, 0.0f);
  }
  return m == 0 || n == 0 || k == 0;
}

}  // namespace ballast::engine
