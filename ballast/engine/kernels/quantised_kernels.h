// SPDX-License-Identifier: Apache-2.0
// Products of integers of at most eight bits. The right side (weights) is quantised once, with a scale for every group
// of k and column; the left side (activations) just before the product, with a scale for every group and row. Sums
// within a group are exact integers; groups add up in f32 in the order of k. So the bits depend neither on the
// instruction set nor on the rows beside a row.
//
//   a[r, k] ≈ scale[r, g] · q[r, k], |q| ≤ 127       b[k, c] ≈ scale[g, c] · (u[k, c] - zero), u unsigned
//   c[r, c] = Σ_g scale[r, g] · scale[g, c] · (Σ_k∈g q · u  -  zero · Σ_k∈g q)
//
// The instruction vpdpbusd multiplies unsigned by signed bytes, hence the zero point on the side of the weights.
#pragma once

#include <cstdint>

#include "ballast/engine/kernels/gemm_kernels.h"

namespace ballast::engine::kernels {

inline constexpr int kByteCols = 48;  // of a panel: 8 × 48 sums fill 24 of the 32 zmm registers
inline constexpr int kQuad = 4;       // products that one lane of the instruction sums
inline constexpr int kGroup = 32;     // values of a group with a scale of its own: ggml's blocks

inline constexpr int kStepsOfGroup = kGroup / kQuad;

/// How a panel of kByteCols columns is stored, group after group: the values, then kByteCols scales.
enum class QuantisedForm {
  whole,    // one group of all k: bytes [k/4][kByteCols][4], scales f32; zero = 128
  bytes,    // groups of kGroup: bytes [8][kByteCols][4], scales f16; zero = 128
  nibbles,  // groups of kGroup: bytes [4][kByteCols][4], the low nibble of byte j in quad 2i, the high one in quad
            // 2i+1, scales f16; zero = 8
};

/// Rows of the left side, quantised, in panels of kRows.
struct QuantisedRows {
  const std::int8_t* values;                     // [k/4][kRows][4]
  const float* scales;                           // [groups][kRows]
  const std::int32_t* sums;                      // [groups][kRows]: of the group's values
  std::int64_t next_values = 0, next_group = 0;  // from one panel to the next: values, scales and sums
};

/// Panels of rows times one of columns: c[rows, kByteCols] (row stride ldc) = or += a · b over `groups` groups of
/// `quads` quads.
struct QuantisedTask {
  QuantisedRows a;
  const std::uint8_t* b;
  QuantisedForm form;
  std::int64_t groups, quads;
  float* c;
  std::int64_t ldc;
  bool accumulate;
  /// QuantisedForm::whole only: the one group may come in pieces of k, so that those stay in the first-level cache.
  /// Sums of a piece that does not end are left in `sums` [rows][kByteCols], where the next one takes them up.
  const std::uint8_t* scales = nullptr;  // of b, [kByteCols] f32
  std::int32_t* sums = nullptr;
  bool begins = true, ends = true;
  /// Memory that is needed soon, of which each panel of rows brings its part into the second-level cache.
  Ahead ahead = {};

  /// To the next panel of rows.
  void go_on() {
    a.values += a.next_values;
    a.scales += a.next_group;
    a.sums += a.next_group;
    c += kRows * ldc;
    if (sums != nullptr) sums += kRows * kByteCols;
  }
};

/// Where quantised rows go, as in QuantisedRows.
struct QuantisedRowsOut {
  std::int8_t* values;
  float* scales;
  std::int32_t* sums;
};

/// Quantises `rows` ≤ kRows rows of k values (row stride `stride`) in groups of `group`, a multiple of 32 unless it is
/// k itself; values are padded with zeros to a whole quad. Nearest, ties to even; a group that holds something that is
/// not finite gets NaN as its scale, so that it is not lost; one of nothing above 2^-120 becomes zeros. What belongs to
/// rows that are not there is undefined.
void quantise_rows(const float* x, std::int64_t stride, int rows, std::int64_t k, std::int64_t group,
                   const QuantisedRowsOut& out);
void quantise_rows_vnni(const float* x, std::int64_t stride, int rows, std::int64_t k, std::int64_t group,
                        const QuantisedRowsOut& out);

/// Lays out ggml's blocks (an f16 scale, then 32 × int8, or 16 bytes of which the first half of the values are the low
/// nibbles) as groups of a panel: rows[c] is the first of `groups` blocks of column c. Columns from `cols` ≤ kByteCols
/// on become zeros. False where a scale is not finite. Not for QuantisedForm::whole.
bool lay_out_blocks(const std::uint8_t* const* rows, int cols, QuantisedForm form, std::int64_t groups,
                    std::uint8_t* panel);

/// Writes the first `cols` columns only. All rows at once, as multiply_panels().
void multiply_quantised(const QuantisedTask& task, std::int64_t rows, int cols);
void multiply_quantised_vnni(const QuantisedTask& task, std::int64_t rows, int cols);
bool vnni_kernel_compiled();

}  // namespace ballast::engine::kernels
