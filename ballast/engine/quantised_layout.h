// SPDX-License-Identifier: Apache-2.0
// Sizes of quantised right sides, and of ggml's blocks that they come from.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ballast/engine/gemm.h"
#include "ballast/engine/kernels/quantised_kernels.h"
#include "ballast/engine/tiles.h"

namespace ballast::engine {

/// A right side of k rows in one of the forms.
struct ByteLayout {
  kernels::QuantisedForm form;
  std::int64_t k, quads, groups;  // quads: of one group

  ByteLayout(std::int64_t rows, Precision precision)
      : form(precision == Precision::int8 ? kernels::QuantisedForm::whole
             : precision == Precision::q8 ? kernels::QuantisedForm::bytes
                                          : kernels::QuantisedForm::nibbles),
        k(rows) {
    quads = whole() ? panels(k, kernels::kQuad) : kernels::kGroup / kernels::kQuad;
    groups = whole() ? 1 : k / kernels::kGroup;
  }
  bool whole() const { return form == kernels::QuantisedForm::whole; }
  bool nibbles() const { return form == kernels::QuantisedForm::nibbles; }
  std::int64_t value_bytes() const { return quads * kernels::kQuad * kernels::kByteCols / (nibbles() ? 2 : 1); }
  std::int64_t group_bytes() const { return value_bytes() + kernels::kByteCols * (whole() ? 4 : 2); }
  std::int64_t panel_bytes() const { return groups * group_bytes(); }
  std::int64_t group_values() const { return whole() ? std::max<std::int64_t>(k, 1) : kernels::kGroup; }
  /// Of ggml's block of a group, Q8_0 or Q4_0: an f16 scale and the values.
  std::int64_t block_bytes() const { return 2 + kernels::kGroup / (nibbles() ? 2 : 1); }
};

}  // namespace ballast::engine
