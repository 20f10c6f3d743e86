// SPDX-License-Identifier: Apache-2.0
// Unigram language model tokenization (Kudo 2018): of all ways to cut a word into pieces the likeliest, by Viterbi's
// algorithm over the characters.
#pragma once

#include <array>
#include <optional>

#include "ballast/text/tokenize/model.h"
#include "ballast/text/tokenize/pair_table.h"
#include "ballast/text/tokenize/parts.h"

namespace ballast::text {

class Unigram : public Model {
 public:
  /// Throws bad_input for scores that are no numbers and an unknown token out of range.
  Unigram(const TokenizerParts& parts, const TokenIds& ids);

  void tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const override;

 private:
  struct Node {
    std::int32_t piece = -1;  // none
    bool user_defined = false;
  };
  void add_piece(std::string_view piece, std::int32_t id, bool user_defined);
  template <class Real>
  void cut(std::string_view word, std::vector<Token>& out) const;

  PairTable edges_;  // (node, byte) to node
  std::vector<Node> nodes_;
  std::vector<double> scores_;
  double least_ = 0, most_ = 0;  // scores of ordinary pieces
  std::int32_t unknown_ = 0;
  bool single_precision_ = false;  // SentencePiece adds up in float, the tokenizers library in double
  std::optional<std::array<std::int32_t, 256>> bytes_;
};

}  // namespace ballast::text
