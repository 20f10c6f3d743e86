// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/char_bpe.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

constexpr double kUnknownPenalty = 10;  // below the least likely piece, as in SentencePiece

}  // namespace

Unigram::Unigram(const TokenizerParts& parts, const TokenIds& ids) : scores_(parts.scores) {
  const bool own_rules = single_precision_ = !parts.kinds.empty();
  unknown_ = base::json_field<std::int32_t>(parts.model, "unk_id", parts.where, -1);
  if (unknown_ < -1 || unknown_ >= static_cast<std::int32_t>(scores_.size())) {
    throw base::Error(base::ErrorCode::bad_input, "unk_id " + std::to_string(unknown_) + " is outside the vocabulary",
                      parts.where);
  }
  if (base::json_field<bool>(parts.model, "byte_fallback", parts.where, false)) bytes_ = find_byte_tokens(ids);
  nodes_.emplace_back();
  least_ = std::numeric_limits<double>::max();
  most_ = std::numeric_limits<double>::lowest();
  for (std::size_t i = 0; i < scores_.size(); ++i) {
    if (!std::isfinite(scores_[i])) {
      throw base::Error(base::ErrorCode::bad_input, "the score of \"" + parts.tokens[i] + "\" is no number",
                        parts.where);
    }
    const PieceKind kind = own_rules ? parts.kinds[i] : PieceKind::normal;
    if (kind == PieceKind::normal) {
      least_ = std::min(least_, scores_[i]);
      most_ = std::max(most_, scores_[i]);
    }
    if (kind == PieceKind::normal || kind == PieceKind::user_defined) {
      add_piece(parts.tokens[i], static_cast<std::int32_t>(i), kind == PieceKind::user_defined);
    }
  }
  if (least_ > most_) least_ = most_ = 0;
}

void Unigram::add_piece(std::string_view piece, std::int32_t id, bool user_defined) {
  std::uint32_t at = 0;
  for (const char byte : piece) {
    const auto next = static_cast<std::uint32_t>(nodes_.size());
    const std::uint32_t found = edges_.insert(make_pair_key(at, static_cast<unsigned char>(byte)), next);
    if (found == next) nodes_.emplace_back();
    at = found;
  }
  if (at > 0) nodes_[at] = {id, user_defined};
}

/// The best cut of the word; offsets within it.
template <class Real>
void Unigram::cut(std::string_view word, std::vector<Token>& out) const {
  struct Best {
    Real score = 0;
    std::int64_t from = -1;
    std::int32_t id = 0;
  };
  thread_local std::vector<Best> best;
  best.assign(word.size() + 1, {});
  const Real unknown_score = static_cast<Real>(static_cast<Real>(least_) - kUnknownPenalty);
  // SentencePiece compares the sum in double with what it keeps in float: ties fall as they do there.
  const auto offer = [&](std::size_t from, std::size_t to, double score, std::int32_t id) {
    if (best[to].from >= 0 && score <= static_cast<double>(best[to].score)) return;
    best[to] = {static_cast<Real>(score), static_cast<std::int64_t>(from), id};
  };
  for (std::size_t from = 0; from < word.size();) {
    const std::size_t size = std::min<std::size_t>(decode_utf8(word, from).size, word.size() - from);
    bool single = false;
    std::uint32_t node = 0;
    for (std::size_t to = from; to < word.size();) {
      node = edges_.find(make_pair_key(node, static_cast<unsigned char>(word[to])));
      if (node == PairTable::kNone) break;
      ++to;
      const Node& piece = nodes_[node];
      if (piece.piece < 0) continue;
      // A symbol that the user defined is worth more than anything its length could be cut into.
      const double score = piece.user_defined
                               ? static_cast<double>(static_cast<Real>(to - from) * static_cast<Real>(most_)) - 0.1
                               : static_cast<double>(static_cast<Real>(scores_[static_cast<std::size_t>(piece.piece)]));
      offer(from, to, score + static_cast<double>(best[from].score), piece.piece);
      single |= to - from == size;
    }
    if (!single) offer(from, from + size, static_cast<double>(unknown_score + best[from].score), unknown_);
    from += size;
  }
  const std::size_t before = out.size();
  for (auto to = static_cast<std::int64_t>(word.size()); to > 0; to = best[static_cast<std::size_t>(to)].from) {
    const Best& b = best[static_cast<std::size_t>(to)];
    out.push_back({b.id, static_cast<std::size_t>(b.from), static_cast<std::size_t>(to)});
  }
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
}

void Unigram::tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const {
  thread_local std::vector<Token> pieces;
  pieces.clear();
  if (single_precision_) {
    cut<float>(word, pieces);
  } else {
    cut<double>(word, pieces);
  }
  bool after_unknown = false;
  for (const Token& piece : pieces) {
    const bool unknown = piece.id == unknown_;
    if (unknown && bytes_) {
      for (std::size_t i = piece.begin; i < piece.end; ++i) {
        out.push_back({(*bytes_)[static_cast<unsigned char>(word[i])], at + i, at + i + 1});
      }
    } else if (unknown && after_unknown && unknown_ >= 0) {
      out.back().end = at + piece.end;  // a run of unknown characters is one token
    } else if (piece.id >= 0) {         // without an unknown token nothing stands for the character
      out.push_back({piece.id, at + piece.begin, at + piece.end});
    }
    after_unknown = unknown;
  }
}

}  // namespace ballast::text
