// SPDX-License-Identifier: Apache-2.0
// Finding passages: BM25 over words (Robertson & Zaragoza 2009) beside vectors of a language model, fused by reciprocal
// rank (Cormack, Clarke & Büttcher 2009). The words win on most questions, the vectors on questions that share none.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/assist/knowledge.h"

namespace ballast::assist {

struct SearchOptions {
  double k1 = 1.2, b = 0.75;    // BM25
  double heading_weight = 2;    // a term of the heading counts as so many
  double rank_offset = 60;      // of the fusion: 1 / (offset + rank)
  double vector_weight = 0.1;   // of the vectors' ranks beside 1 of the words'; 0: words alone
  std::size_t candidates = 50;  // of each side
};

struct Hit {
  std::size_t passage = 0;  // index into KnowledgeBase::passages
  double score = 0;         // fused; higher is better
  double words = 0;         // BM25; 0 where no term is shared
  double vectors = 0;       // cosine
  double coverage = 0;      // share of the question's term weight (idf) that the passage holds: 0 … 1
};

/// A term of a question. What it says may also be said by others: "fee" by "charge", 丢 by 遗失.
struct QueryTerm {
  std::string term;
  double weight = 1;
  bool aid = false;               // a pair of characters or a single one: helps to find, asks for nothing
  std::vector<std::string> also;  // synonyms, which count a little less
};

/// A question as the search sees it.
struct Query {
  std::vector<QueryTerm> terms;
  std::string text;      // for the vectors
  std::string language;  // passages of this language only ("en", "zh"); empty: all
};

/// What a text is found by: lower-case stems without stop words, Chinese words; and, as aids, pairs of Chinese
/// characters and single ones. The same for questions and passages.
struct Terms {
  std::vector<std::string> words, pairs, characters;
};
Terms terms_of(std::string_view text);
Query query_of(std::string_view question);
/// Other words for a stem or Chinese word, from a list of what customers of a bank say.
const std::vector<std::string>& synonyms_of(const std::string& term);

class SearchIndex {
 public:
  /// `model`: folder of a language model for the vectors; empty: words alone. Throws what lm::Embedder::load() throws.
  SearchIndex(const KnowledgeBase& base, const std::filesystem::path& model, const SearchOptions& options = {});
  ~SearchIndex();
  SearchIndex(SearchIndex&&) noexcept;
  SearchIndex& operator=(SearchIndex&&) noexcept;

  /// Up to `count` passages, the best first. Equal scores: the earlier passage first.
  std::vector<Hit> search(const Query& query, std::size_t count) const;

  /// Weight of a term: how rare it is in the passages (idf); that of an unseen one where it is in none.
  double weight(const std::string& term) const;
  double weight(const QueryTerm& term) const;
  /// Whether a passage holds the term or a synonym.
  bool knows(const QueryTerm& term) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::assist
