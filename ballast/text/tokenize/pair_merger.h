// SPDX-License-Identifier: Apache-2.0
// The merging of byte-pair encoding (Sennrich et al. 2016), whatever its symbols are: the known pair of the lowest rank
// first and the leftmost of equals, until no known pair is left.
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/text/tokenize/model.h"
#include "ballast/text/tokenize/pair_table.h"
#include "ballast/text/tokenize/parts.h"

namespace ballast::text {

class PairMerger {
 public:
  /// Throws bad_input when a token that a merge names or makes is not in the vocabulary, or a merge comes twice.
  PairMerger(const TokenizerParts& parts, const TokenIds& ids);

  struct Symbol {
    std::uint32_t id = 0, bytes = 0;      // bytes of the text that it covers
    std::int32_t previous = 0, next = 0;  // for merge()
  };
  /// Merges the symbols in place (ids and bytes in order; the rest is filled in here).
  void merge(std::vector<Symbol>& symbols) const;
  /// The same, always with the heap that keeps long words near-linear: what short words are tested against.
  void merge_by_heap(std::vector<Symbol>& symbols) const;

 private:
  static constexpr std::size_t kShortWord = 32;  // symbols
  void merge_short(std::vector<Symbol>& symbols) const;

  struct Merge {
    std::uint32_t rank, id;
  };
  PairTable pairs_;  // pair of ids to index into merges_
  std::vector<Merge> merges_;
};

}  // namespace ballast::text
