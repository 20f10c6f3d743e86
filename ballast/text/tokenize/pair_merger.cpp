// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/pair_merger.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;

/// A candidate merge; the heap gives the lowest rank, then the leftmost.
struct MergeOfPair {
  std::uint32_t rank, left, right;      // positions of the two symbols
  std::uint32_t left_id, right_id, id;  // what they were, what they become
  bool operator<(const MergeOfPair& o) const { return rank != o.rank ? rank > o.rank : left > o.left; }
};

struct TokensOfMerge {
  std::uint32_t left, right, made;
};
constexpr std::int64_t kMergesAtOnce = 2048;
constexpr std::size_t kAhead = 16;  // merges

constexpr std::uint32_t kGone = 0xFFFFFFFFu;  // the id of an absorbed symbol

std::string in_words(const MergeList::Merge& merge) {
  return "\"" + std::string(merge.left) + " " + std::string(merge.right) + "\"";
}

std::string place_of(const TokenizerParts& parts, std::size_t merge) {
  return parts.merges_first_line > 0 ? parts.merges_where + ":" + std::to_string(parts.merges_first_line + merge)
                                     : parts.merges_where + ": merges[" + std::to_string(merge) + "]";
}

/// The tokens of the merges from `first` on. Throws bad_input for one that is not in the vocabulary.
void find_tokens(const TokenizerParts& parts, const TokenIds& ids, std::size_t first, std::span<TokensOfMerge> out) {
  std::vector<std::string_view> tokens;
  tokens.reserve(3 * out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const MergeList::Merge merge = parts.merges[first + i];
    tokens.insert(tokens.end(), {merge.left, merge.right, merge.made()});
  }
  std::vector<std::optional<std::int32_t>> found(tokens.size());
  ids.find_all(tokens, found);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) continue;
    throw Error(ErrorCode::bad_input,
                "merge " + in_words(parts.merges[first + i / 3]) + ": token \"" + std::string(tokens[i]) +
                    "\" is not in the vocabulary",
                place_of(parts, first + i / 3));
  }
  const auto id = [&](std::size_t i) { return static_cast<std::uint32_t>(*found[i]); };
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = {id(3 * i), id(3 * i + 1), id(3 * i + 2)};
}

/// A SentencePiece model ranks what a merge makes, by score, not the merge: equal ranks are for the leftmost.
std::vector<std::uint32_t> ranks_by_score(const TokenizerParts& parts) {
  std::vector<double> scores = parts.scores;
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  std::vector<std::uint32_t> ranks;
  for (const double score : parts.scores) {
    const auto at = std::lower_bound(scores.begin(), scores.end(), score, std::greater<>());
    ranks.push_back(static_cast<std::uint32_t>(at - scores.begin()));
  }
  return ranks;
}

}  // namespace

PairMerger::PairMerger(const TokenizerParts& parts, const TokenIds& ids) : pairs_(parts.merges.size()) {
  const std::vector<std::uint32_t> by_score =
      parts.kinds.empty() ? std::vector<std::uint32_t>() : ranks_by_score(parts);
  std::vector<TokensOfMerge> found(parts.merges.size());
  base::parallel_ranges(
      static_cast<std::int64_t>(found.size()), kMergesAtOnce, [&](std::int64_t begin, std::int64_t end) {
        const auto first = static_cast<std::size_t>(begin);
        find_tokens(parts, ids, first, std::span(found).subspan(first, static_cast<std::size_t>(end - begin)));
      });
  merges_.reserve(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i + kAhead < found.size()) pairs_.prefetch(make_pair_key(found[i + kAhead].left, found[i + kAhead].right));
    const auto& [left, right, made] = found[i];
    merges_.push_back({by_score.empty() ? static_cast<std::uint32_t>(i) : by_score[made], made});
    if (pairs_.insert(make_pair_key(left, right), static_cast<std::uint32_t>(i)) != i) {
      throw Error(ErrorCode::bad_input, "merge " + in_words(parts.merges[i]) + " appears twice", place_of(parts, i));
    }
  }
}

void PairMerger::merge(std::vector<Symbol>& symbols) const {
  if (symbols.size() <= kShortWord) return merge_short(symbols);
  merge_by_heap(symbols);
}

/// Few symbols: looking all of them over for the next merge costs less than a heap.
void PairMerger::merge_short(std::vector<Symbol>& symbols) const {
  std::size_t n = symbols.size();
  std::array<std::uint32_t, kShortWord> known;  // merge of each symbol with the next one
  std::array<std::uint32_t, kShortWord> ranks;
  const auto look_up = [&](std::size_t i) {
    known[i] = i + 1 < n ? pairs_.find(make_pair_key(symbols[i].id, symbols[i + 1].id)) : PairTable::kNone;
    ranks[i] = known[i] == PairTable::kNone ? kGone : merges_[known[i]].rank;
  };
  for (std::size_t i = 0; i < n; ++i) look_up(i);
  while (n > 1) {
    const auto last = ranks.begin() + static_cast<std::ptrdiff_t>(n - 1);
    const auto least = std::min_element(ranks.begin(), last);  // the leftmost of equals
    if (*least == kGone) break;
    const auto at = static_cast<std::size_t>(least - ranks.begin());
    symbols[at].id = merges_[known[at]].id;
    symbols[at].bytes += symbols[at + 1].bytes;
    --n;
    for (std::size_t i = at + 1; i < n; ++i) {
      symbols[i] = symbols[i + 1];
      known[i] = known[i + 1];
      ranks[i] = ranks[i + 1];
    }
    look_up(at);
    if (at > 0) look_up(at - 1);
  }
  symbols.resize(n);
}

void PairMerger::merge_by_heap(std::vector<Symbol>& symbols) const {
  thread_local std::vector<MergeOfPair> heap;
  heap.clear();
  const auto n = static_cast<std::int32_t>(symbols.size());
  const auto propose = [&](std::int32_t left, std::int32_t right) {
    const std::uint32_t a = symbols[left].id, b = symbols[right].id;
    const std::uint32_t found = pairs_.find(make_pair_key(a, b));
    if (found == PairTable::kNone) return;
    heap.push_back({merges_[found].rank, static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(right), a, b,
                    merges_[found].id});
    std::push_heap(heap.begin(), heap.end());
  };
  for (std::int32_t i = 0; i < n; ++i) {
    symbols[i].previous = i - 1;
    symbols[i].next = i + 1 < n ? i + 1 : -1;
    if (i > 0) propose(i - 1, i);
  }
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const MergeOfPair c = heap.back();
    heap.pop_back();
    Symbol& left = symbols[c.left];
    Symbol& right = symbols[c.right];
    if (left.id != c.left_id || right.id != c.right_id) continue;  // one of them has been merged since
    left.id = c.id;
    left.bytes += right.bytes;
    left.next = right.next;
    right.id = kGone;
    if (left.next >= 0) {
      symbols[left.next].previous = static_cast<std::int32_t>(c.left);
      propose(static_cast<std::int32_t>(c.left), left.next);
    }
    if (left.previous >= 0) propose(left.previous, static_cast<std::int32_t>(c.left));
  }
  std::size_t kept = 0;
  for (std::int32_t i = n > 0 ? 0 : -1; i >= 0;) {
    const std::int32_t next = symbols[i].next;
    symbols[kept++] = symbols[i];  // kept ≤ i: nothing that is still needed is overwritten
    i = next;
  }
  symbols.resize(kept);
}

}  // namespace ballast::text
