// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/risk/signals.h"
#include "ballast/store/store.h"
#include "ballast/text/preprocess.h"

namespace ballast::risk {
namespace {

constexpr const char* kSentiments[] = {"negative", "neutral", "positive"};

std::size_t most_likely(const std::vector<double>& probabilities) {
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

}  // namespace

DocumentRisk assess(std::string_view text, const Origin& origin, const TextScores& scores,
                    std::vector<Entity> entities) {
  BALLAST_CHECK(scores.severity.empty() || scores.severity.size() == 4, scores.severity.size());
  BALLAST_CHECK(scores.sentiment.empty() || scores.sentiment.size() == 3, scores.sentiment.size());
  DocumentRisk risk;
  risk.document_id = origin.document_id;
  risk.lang = origin.lang.empty() ? text::language_name(text::detect_language(text).language) : origin.lang;
  risk.model = origin.model;
  risk.created_at = origin.created_at;
  bool any = false;
  for (const TextScores::Kind& kind : scores.kinds) {
    Signal signal;
    signal.id = store::signal_id(origin.document_id, kind.risk, origin.model);
    signal.document_id = origin.document_id;
    signal.risk = kind.risk;
    signal.probability = kind.probability;
    signal.interval = kind.interval;
    signal.entities = entities;
    signal.model = origin.model;
    signal.created_at = origin.created_at;
    signal.listed = kind.probability >= kind.threshold;
    if (signal.listed) {
      signal.evidence = find_evidence(text, kind.weights);
      if (kind.risk == "operational") signal.basel = basel_type(text);
      any = true;
    }
    risk.signals.push_back(std::move(signal));
  }
  std::stable_sort(risk.signals.begin(), risk.signals.end(),
                   [](const Signal& a, const Signal& b) { return a.probability > b.probability; });
  risk.entities = std::move(entities);
  if (!scores.sentiment.empty()) {
    const std::size_t best = most_likely(scores.sentiment);
    risk.sentiment = kSentiments[best];
    risk.sentiment_probability = scores.sentiment[best];
  }
  risk.severity = any ? 1 : 0;
  if (!scores.severity.empty()) {
    const std::size_t best = most_likely(scores.severity);
    risk.severity = static_cast<int>(best);
    risk.severity_probability = scores.severity[best];
  }
  return risk;
}

}  // namespace ballast::risk
