// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ballast/assist/dialog/parts.h"

namespace ballast::assist {

double matched_weight(const Query& query, const Terms& terms, const SearchIndex& index) {
  const auto there = [&](const std::string& t) {
    return std::find(terms.words.begin(), terms.words.end(), t) != terms.words.end();
  };
  double out = 0;
  for (const QueryTerm& term : query.terms) {
    if (!term.aid && (there(term.term) || std::any_of(term.also.begin(), term.also.end(), there)))
      out += index.weight(term);
  }
  return out;
}

std::vector<double> confidence_features(const std::vector<Hit>& hits, const KnowledgeBase& base, const Query& query,
                                        const SearchIndex& index) {
  double total = 0, unseen = 0, everything = 0;
  for (const QueryTerm& term : query.terms) {
    const double weight = index.weight(term);
    everything += weight;
    if (term.aid) continue;
    total += weight;
    if (!index.knows(term)) unseen += weight;
  }
  if (hits.empty() || total <= 0) return {0, 0, 1, 0, 0, 0};
  const double in_heading = matched_weight(query, terms_of(base.passages[hits[0].passage].heading), index);
  const double second = hits.size() > 1 ? hits[1].words : 0;
  const double lead = hits[0].words > 0 ? std::max(0.0, 1 - second / hits[0].words) : 0;
  // A term that is said twice in a short passage earns up to k1 + 1 times its weight.
  const double strength = hits[0].words / everything;
  return {hits[0].coverage, in_heading / total, unseen / total, std::max(0.0, hits[0].vectors), lead, strength};
}

double confidence_of(const std::vector<double>& features, const ConfidenceModel& model) {
  double score = model.intercept;
  for (std::size_t i = 0; i < std::min(features.size(), model.weights.size()); ++i)
    score += features[i] * model.weights[i];
  return 1 / (1 + std::exp(-score));
}

const ConfidenceModel& default_confidence() {
  static const ConfidenceModel kModel = {-0.902, {3.303, 2.667, -3.272, 0, 1.934, -1.360}, 0.5};
  return kModel;
}

}  // namespace ballast::assist
