// SPDX-License-Identifier: Apache-2.0
// What the text room hands to language models: sequences of tokens packed end to end, without padding.
#pragma once

#include <cstdint>
#include <vector>

namespace ballast::text {

/// Sequence s is the tokens [offsets[s], offsets[s + 1]); all vectors but `offsets` have one entry a token.
struct TokenBatch {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> positions;  // 0, 1, … within a sequence unless given
  std::vector<std::int32_t> types;      // token types (BERT's segments); 0 for single texts
  std::vector<std::int32_t> offsets{0};

  std::int64_t tokens() const { return static_cast<std::int64_t>(ids.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(offsets.size()) - 1; }

  void clear() {
    ids.clear();
    positions.clear();
    types.clear();
    offsets.assign(1, 0);
  }

  /// Adds one sequence with positions from 0. `sequence_types` may be empty (all 0).
  template <class Ids, class Types>
  void add(const Ids& sequence, const Types& sequence_types) {
    std::int32_t position = 0;
    for (const auto id : sequence) {
      ids.push_back(static_cast<std::int32_t>(id));
      positions.push_back(position++);
    }
    if (sequence_types.empty()) {
      types.resize(ids.size(), 0);
    } else {
      types.insert(types.end(), sequence_types.begin(), sequence_types.end());
    }
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  template <class Ids>
  void add(const Ids& sequence) {
    add(sequence, std::vector<std::int32_t>{});
  }
};

}  // namespace ballast::text
