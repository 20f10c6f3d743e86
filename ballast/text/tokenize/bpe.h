// SPDX-License-Identifier: Apache-2.0
// Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): a word's bytes are merged pair by pair,
// the pair of the lowest rank first and the leftmost of equals, until no known pair is left.
#pragma once

#include <array>
#include <optional>

#include "ballast/text/tokenize/model.h"
#include "ballast/text/tokenize/pair_merger.h"
#include "ballast/text/tokenize/parts.h"

namespace ballast::text {

class Bpe : public Model {
 public:
  /// Throws bad_input when a byte, or a token that a merge names or makes, is not in the vocabulary; unsupported for
  /// options of other kinds of BPE.
  Bpe(const TokenizerParts& parts, const TokenIds& ids);

  void tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const override;

 private:
  void read_bytes(const TokenizerParts& parts, const TokenIds& ids);
  void merge_word(std::string_view word, std::vector<PairMerger::Symbol>& out) const;

  std::uint32_t serial_;                    // tells this model's words apart in the threads' caches
  std::array<std::uint32_t, 256> bytes_{};  // id of each single byte
  std::optional<PairMerger> merger_;
  bool whole_words_first_ = false;
  std::vector<std::string> whole_words_;  // byte strings behind whole_ids_
  TokenIds whole_ids_;
};

}  // namespace ballast::text
