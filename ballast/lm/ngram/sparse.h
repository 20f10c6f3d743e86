// SPDX-License-Identifier: Apache-2.0
// Compressed sparse rows.
#pragma once

#include <cstdint>
#include <vector>

namespace ballast::lm {

struct SparseMatrix {
  std::int64_t rows = 0, cols = 0;
  std::vector<std::int64_t> start;  // [rows + 1]
  std::vector<std::int32_t> index;  // column of each entry, rising within a row
  std::vector<float> value;

  /// Columns as rows; entries keep the order of the rows they came from.
  SparseMatrix transposed() const;
};

}  // namespace ballast::lm
