// SPDX-License-Identifier: Apache-2.0
// The heart of BPE training: counted words in, merges out, most frequent pair first.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ballast/text/tokenize/pair_table.h"

namespace ballast::text {

struct CountedWord {
  std::string bytes;
  std::int64_t count = 0;
};

class MergeLearner {
 public:
  /// `byte_ids[b]`: the id of byte b. Ids of merged tokens begin at `next_id`. The order of `words` does not matter.
  MergeLearner(const std::vector<CountedWord>& words, const std::vector<std::uint32_t>& byte_ids,
               std::uint32_t next_id);

  /// Merges until ids reach `limit`, or no pair is as frequent as `min_frequency`. `step` is called after each merge.
  void learn(std::uint32_t limit, std::int64_t min_frequency, const std::function<void()>& step);

  const std::vector<std::pair<std::uint32_t, std::uint32_t>>& merges() const { return merges_; }
  /// Bytes of the tokens from the first `next_id` on.
  const std::vector<std::string>& made() const { return made_; }
  std::uint32_t next_id() const { return first_id_ + static_cast<std::uint32_t>(made_.size()); }
  /// Tokens that all words take, counted as often as they occur.
  std::int64_t total_tokens() const;

 private:
  struct Word {
    std::vector<std::uint32_t> symbols;
    std::int64_t count = 0;
  };
  struct Pair {
    std::int64_t count = 0;
    std::vector<std::uint32_t> words;  // that hold it, or held it once
    bool raised = false;
  };
  struct Candidate {
    std::int64_t count;
    IdPair key;
    bool operator<(const Candidate& o) const { return count != o.count ? count < o.count : key > o.key; }
  };

  Pair& pair_of(std::uint32_t left, std::uint32_t right);
  void raise(std::uint32_t left, std::uint32_t right, std::int64_t count, std::uint32_t word);
  void lower(std::uint32_t left, std::uint32_t right, std::int64_t count) { pair_of(left, right).count -= count; }
  void push_raised();
  std::uint32_t token_for(std::uint32_t left, std::uint32_t right);
  void merge_everywhere(std::uint32_t left, std::uint32_t right, std::uint32_t made);
  void merge_in(std::uint32_t word, std::uint32_t left, std::uint32_t right, std::uint32_t made);
  const std::string& bytes_of(std::uint32_t id) const;

  std::vector<Word> words_;
  PairTable table_;  // pair to index into pairs_
  std::vector<Pair> pairs_;
  std::vector<IdPair> raised_;
  std::vector<Candidate> heap_;
  std::uint32_t first_id_;
  std::unordered_map<std::uint32_t, std::string> byte_of_id_;
  std::vector<std::string> made_;
  std::unordered_map<std::string, std::uint32_t> id_of_bytes_;  // two ways to the same bytes are one token
  std::vector<std::pair<std::uint32_t, std::uint32_t>> merges_;
};

}  // namespace ballast::text
