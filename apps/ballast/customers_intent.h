// SPDX-License-Identifier: Apache-2.0
// What a customer wants, by a text classifier: what `customers intent` and replay share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ballast/decide/decision.h"
#include "ballast/lm/classifier.h"

namespace ballast::apps {

/// Words of the text that spoke for the intent: bytes [start, end), and their share of what did.
struct IntentEvidence {
  std::size_t start = 0, end = 0;
  double weight = 0;
};

struct Intent {
  std::string answer;  // a label, or "unknown" where the model refuses
  std::string likeliest;
  double probability = 0;                            // of the likeliest
  std::vector<double> interval;                      // 90 %: low, high; empty where the model has none
  std::vector<std::pair<std::string, double>> next;  // up to two labels that follow
  std::vector<IntentEvidence> evidence;              // strongest first, at most two
};

class IntentDesk {
 public:
  /// Throws what lm::TextClassifier::load() throws, and unsupported where the model has no head with exclusive labels.
  explicit IntentDesk(const std::string& folder);
  std::vector<Intent> run(const std::vector<std::string>& texts) const;
  /// The record of one verdict, not yet sealed: kind "intent".
  decide::Decision record_of(const std::string& text, const Intent& intent, const std::string& subject) const;

 private:
  std::vector<IntentEvidence> evidence_of(const std::string& text, std::size_t label) const;
  std::string folder_;
  lm::TextClassifier model_;
  std::size_t head_ = 0;
};

base::Json intent_json(const std::string& text, const Intent& intent);

/// Makes a decision of kind "intent" again.
decide::Decision replay_intent(const decide::Decision& was);

}  // namespace ballast::apps
