// SPDX-License-Identifier: Apache-2.0
#include "ballast/assist/search.h"

#include <algorithm>
#include <numeric>

#include "ballast/assist/search/vectors.h"
#include "ballast/assist/search/words.h"

namespace ballast::assist {

struct SearchIndex::State {
  State(const KnowledgeBase& base, const SearchOptions& o) : options(o), words(base, o) {
    for (const Passage& p : base.passages) languages.push_back(p.language);
  }
  SearchOptions options;
  WordIndex words;
  std::unique_ptr<VectorIndex> vectors;
  std::vector<std::string> languages;
};

SearchIndex::SearchIndex(const KnowledgeBase& base, const std::filesystem::path& model, const SearchOptions& options)
    : state_(std::make_unique<State>(base, options)) {
  if (model.empty() || options.vector_weight <= 0) return;
  const WordIndex& words = state_->words;
  state_->vectors =
      std::make_unique<VectorIndex>(base, model, [&words](const std::string& term) { return words.weight(term); });
}

SearchIndex::~SearchIndex() = default;
SearchIndex::SearchIndex(SearchIndex&&) noexcept = default;
SearchIndex& SearchIndex::operator=(SearchIndex&&) noexcept = default;

double SearchIndex::weight(const std::string& term) const {
  return state_->words.weight(term);
}
double SearchIndex::weight(const QueryTerm& term) const {
  return state_->words.weight(term);
}
bool SearchIndex::knows(const QueryTerm& term) const {
  return state_->words.knows(term.term) ||
         std::any_of(term.also.begin(), term.also.end(), [&](const auto& t) { return state_->words.knows(t); });
}

std::vector<Hit> SearchIndex::search(const Query& query, std::size_t count) const {
  const std::size_t n = state_->languages.size();
  std::vector<char> allowed(n, 1);
  for (std::size_t i = 0; i < n && !query.language.empty(); ++i) {
    // A passage in both languages, or in none that was recognised, may serve either.
    const std::string& language = state_->languages[i];
    allowed[i] = language == query.language || language == "mixed" || language == "other";
  }
  std::vector<Hit> hits(n);
  const auto by_words = state_->words.scores(query);
  for (std::size_t i = 0; i < n; ++i) {
    hits[i].passage = i;
    hits[i].words = by_words[i].words;
    hits[i].coverage = by_words[i].coverage;
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](std::size_t i) { return allowed[i] == 0 || hits[i].words <= 0; });
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return hits[a].words > hits[b].words; });
  if (order.size() > state_->options.candidates) order.resize(state_->options.candidates);
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    hits[order[rank]].score += 1 / (state_->options.rank_offset + static_cast<double>(rank) + 1);
  if (state_->vectors != nullptr) {
    const auto nearest = state_->vectors->nearest(query.text, state_->options.candidates, allowed);
    for (std::size_t rank = 0; rank < nearest.size(); ++rank) {
      hits[nearest[rank].first].vectors = nearest[rank].second;
      hits[nearest[rank].first].score +=
          state_->options.vector_weight / (state_->options.rank_offset + static_cast<double>(rank) + 1);
    }
  }
  std::erase_if(hits, [](const Hit& h) { return h.score <= 0; });
  std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.score > b.score; });
  if (hits.size() > count) hits.resize(count);
  return hits;
}

}  // namespace ballast::assist
