// SPDX-License-Identifier: Apache-2.0
#include "ballast/assist/search/words.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ballast::assist {
namespace {

constexpr double kSynonym = 0.7;  // what another word for it counts

/// Counts terms; a word that is also a pair or a character counts once. Returns how many words there were.
double add(std::string_view text, double times, std::map<std::string, double>& counts) {
  const Terms terms = terms_of(text);
  std::map<std::string, double> here;
  for (const auto* list : {&terms.words, &terms.pairs, &terms.characters}) {
    std::map<std::string, double> of_list;
    for (const std::string& term : *list) of_list[term] += times;
    for (const auto& [term, count] : of_list) here[term] = std::max(here[term], count);
  }
  for (const auto& [term, count] : here) counts[term] += count;
  return times * static_cast<double>(terms.words.size());
}

}  // namespace

WordIndex::WordIndex(const KnowledgeBase& base, const SearchOptions& options) : passages_(base.passages.size()) {
  std::vector<std::map<std::string, double>> counts(passages_);
  std::vector<double> lengths(passages_);
  double total = 0;
  for (std::size_t i = 0; i < passages_; ++i) {
    const Passage& p = base.passages[i];
    // What a heading is below ("Cards > Fees") is said by every passage of the file: its own part counts.
    const std::size_t own = p.heading.rfind(" > ");
    lengths[i] +=
        add(own == std::string::npos ? p.heading : p.heading.substr(own + 3), options.heading_weight, counts[i]);
    if (own != std::string::npos) lengths[i] += add(p.heading.substr(0, own), 1, counts[i]);
    for (const text::Span& s : p.sentences) lengths[i] += add(s.of(p.text), 1, counts[i]);
    total += lengths[i];
  }
  const double mean = passages_ == 0 ? 1 : std::max(1.0, total / static_cast<double>(passages_));
  for (std::size_t i = 0; i < passages_; ++i) {
    const double norm = options.k1 * (1 - options.b + options.b * lengths[i] / mean);
    for (const auto& [term, count] : counts[i]) {
      postings_[term].push_back(
          {static_cast<std::uint32_t>(i), static_cast<float>(count * (options.k1 + 1) / (count + norm))});
    }
  }
}

double WordIndex::weight(const std::string& term) const {
  const auto found = postings_.find(term);
  const double df = found == postings_.end() ? 0 : static_cast<double>(found->second.size());
  return std::log(1 + (static_cast<double>(passages_) - df + 0.5) / (df + 0.5));
}

double WordIndex::weight(const QueryTerm& term) const {
  if (knows(term.term)) return term.weight * weight(term.term);
  double rarest = -1;
  for (const std::string& other : term.also) {
    if (knows(other)) rarest = std::max(rarest, weight(other));
  }
  return term.weight * (rarest >= 0 ? rarest : weight(term.term));
}

std::vector<WordIndex::Score> WordIndex::scores(const Query& query) const {
  std::vector<Score> out(passages_);
  std::vector<double> best(passages_);  // of the term and its synonyms, the one that counts most
  double total = 0;
  for (const QueryTerm& term : query.terms) {
    std::vector<std::uint32_t> touched;
    const auto credit = [&](const std::string& word, double factor) {
      const auto found = postings_.find(word);
      if (found == postings_.end()) return;
      for (const Posting& p : found->second) {
        if (best[p.passage] == 0) touched.push_back(p.passage);
        best[p.passage] = std::max(best[p.passage], factor * static_cast<double>(p.saturated));
      }
    };
    credit(term.term, 1);
    for (const std::string& other : term.also) credit(other, kSynonym);
    const double idf = weight(term);
    if (!term.aid) total += idf;
    for (const std::uint32_t p : touched) {
      out[p].words += idf * best[p];
      if (!term.aid) out[p].coverage += idf;
      best[p] = 0;
    }
  }
  if (total > 0) {
    for (Score& s : out) s.coverage /= total;
  }
  return out;
}

}  // namespace ballast::assist
