// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding over characters (Llama 2, Mistral, Gemma): what the vocabulary lacks falls back to the tokens
// <0x00> … <0xFF> of its bytes, or becomes the unknown token.
#pragma once

#include <array>
#include <optional>

#include "ballast/text/tokenize/pair_merger.h"

namespace ballast::text {

/// The ids of <0x00> … <0xFF>; none unless the vocabulary has them all.
std::optional<std::array<std::int32_t, 256>> find_byte_tokens(const TokenIds& ids);

class CharBpe : public Model {
 public:
  /// Throws bad_input when a token that a merge or `unk_token` names is not in the vocabulary; unsupported for options
  /// of other kinds of BPE.
  CharBpe(const TokenizerParts& parts, const TokenIds& ids);

  void tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const override;

 private:
  PairMerger merger_;
  const TokenIds& ids_;
  std::optional<std::array<std::int32_t, 256>> bytes_;
  std::optional<std::uint32_t> unknown_;
  bool fuse_unknown_ = false, whole_words_first_ = false;
};

}  // namespace ballast::text
