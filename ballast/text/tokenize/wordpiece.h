// SPDX-License-Identifier: Apache-2.0
// WordPiece (Wu et al. 2016, as in BERT): the longest token that begins the word, then the longest that continues it; a
// word that cannot be covered, or is too long, is one unknown token.
#pragma once

#include "ballast/text/tokenize/model.h"
#include "ballast/text/tokenize/parts.h"

namespace ballast::text {

class WordPiece : public Model {
 public:
  /// Keeps views of parts.tokens, which must outlive it. Throws bad_input when the unknown token is not in the
  /// vocabulary.
  WordPiece(const TokenizerParts& parts, const TokenIds& ids);

  void tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const override;

 private:
  const TokenIds& starts_;  // every token, as the first piece of a word
  TokenIds continuations_;  // tokens with the prefix, by what follows it
  std::int32_t unknown_ = 0;
  std::size_t longest_word_ = 0;   // characters
  std::size_t longest_token_ = 0;  // bytes: no use to try longer pieces
};

}  // namespace ballast::text
