// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/sparse.h"

#include <cstddef>

namespace ballast::lm {

SparseMatrix SparseMatrix::transposed() const {
  SparseMatrix t;
  t.rows = cols;
  t.cols = rows;
  t.start.assign(static_cast<std::size_t>(cols) + 1, 0);
  t.index.resize(index.size());
  t.value.resize(value.size());
  for (const auto c : index) ++t.start[static_cast<std::size_t>(c) + 1];
  for (std::size_t c = 1; c < t.start.size(); ++c) t.start[c] += t.start[c - 1];
  std::vector<std::int64_t> next(t.start.begin(), t.start.end() - 1);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (auto e = start[static_cast<std::size_t>(r)]; e < start[static_cast<std::size_t>(r) + 1]; ++e) {
      const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(index[static_cast<std::size_t>(e)])]++);
      t.index[at] = static_cast<std::int32_t>(r);
      t.value[at] = value[static_cast<std::size_t>(e)];
    }
  }
  return t;
}

}  // namespace ballast::lm
