// SPDX-License-Identifier: Apache-2.0
// An inverted index with BM25 weights.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "ballast/assist/search.h"

namespace ballast::assist {

class WordIndex {
 public:
  WordIndex(const KnowledgeBase& base, const SearchOptions& options);

  struct Score {
    double words = 0, coverage = 0;
  };
  /// One a passage; zero where no term is shared.
  std::vector<Score> scores(const Query& query) const;

  double weight(const std::string& term) const;
  /// Of the term or, where no passage holds it, of the rarest of its synonyms that one does; times its weight.
  double weight(const QueryTerm& term) const;
  bool knows(const std::string& term) const { return postings_.contains(term); }

 private:
  struct Posting {
    std::uint32_t passage = 0;
    float saturated = 0;  // tf (k1 + 1) / (tf + k1 (1 - b + b length / mean))
  };
  std::unordered_map<std::string, std::vector<Posting>> postings_;
  std::size_t passages_ = 0;
};

}  // namespace ballast::assist
