// SPDX-License-Identifier: Apache-2.0
// Panels of f32 and bf16 operands and the product of two of them: what products with and without packed right sides
// share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ballast/engine/gemm.h"
#include "ballast/engine/kernels/gemm_kernels.h"
#include "ballast/engine/kernels/pack_kernels.h"
#include "ballast/engine/kernels/quantised_kernels.h"
#include "ballast/engine/scratch.h"
#include "ballast/engine/tiles.h"

namespace ballast::engine {

using Cells = PackedMatrix::Cells;

Cells cells_for(Precision precision);

/// Columns of a panel of B; one of A has kernels::kRows rows.
inline constexpr std::int64_t panel_columns(Cells cells) {
  return cells == Cells::pairs       ? kernels::kPairCols
         : cells == Cells::quantised ? kernels::kByteCols
                                     : kernels::kFloatCols;
}

/// Bytes of the panels, `width` lines each, of n lines of k values.
std::size_t packed_bytes(std::int64_t n, std::int64_t k, std::int64_t width, Cells cells);

/// `count` lines of x from line `first` on; `along_rows`: lines are rows of x (A) instead of its columns (B).
kernels::PanelSource panel_source(const Operand& x, bool along_rows, std::int64_t first, std::int64_t count);

/// Packs whole panels.
void pack(const kernels::PanelSource& from, std::int64_t k, std::int64_t width, Cells cells, void* out);

/// Values of a panel's lines where its memory ends at a whole cell: pairs are cut at even k only.
inline std::int64_t panel_depth(std::int64_t k, Cells cells) {
  return cells == Cells::pairs ? k + k % 2 : k;
}
/// `cell` values further on.
inline const void* panel_at(const void* panels, Cells cells, std::int64_t cell) {
  return static_cast<const std::byte*>(panels) + cell * (cells == Cells::pairs ? 2 : 4);
}
/// The part of x from row i and column j on.
inline Operand part_of(Operand x, std::int64_t i, std::int64_t j) {
  x.data += x.transposed ? j * x.stride + i : i * x.stride + j;
  return x;
}

/// Rows of A in panels or, with a stride, as they lie (f32 only).
struct LeftRows {
  const void* data;
  std::int64_t stride = 0;
};
/// `rows` rows of k values of a from row `row` on, for a product with `columns` columns: laid out in `scratch`, where
/// they may be already, unless too few columns share the work of that.
LeftRows left_rows(const Operand& a, std::int64_t row, std::int64_t rows, std::int64_t k, std::int64_t columns,
                   Cells cells, Scratch& scratch, bool laid_out);

struct Product {
  LeftRows a;
  std::int64_t m, n, k;
  float* c;
  std::int64_t ldc;
  bool accumulate;
  Cells cells;
};

/// Panel pn of the columns of the output, over `depth` values from k0 on. `b`: the panel of columns pn, from value k0
/// on. `ahead`: what f32 products ask for on the way, with the tiles of C that follow, those of panel pn + 1 as well
/// where it `follows`; null where the caches hold everything.
void multiply_rows(const Product& x, std::int64_t pn, std::int64_t k0, std::int64_t depth, const void* b,
                   const kernels::RunsAhead* ahead, bool follows);

/// gemm() for many rows: blocks of B are packed by all threads, then multiplied as packed weights are.
void multiply_in_blocks(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c,
                        std::int64_t ldc, bool accumulate, Precision precision, Finish finish);

/// An empty sum is zero. True where there is nothing else to do.
bool nothing_to_multiply(std::int64_t m, std::int64_t n, std::int64_t k, float* c, std::int64_t ldc, bool accumulate);

}  // namespace ballast::engine
