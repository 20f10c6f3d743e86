// SPDX-License-Identifier: Apache-2.0
// The signals desk: plain numbers about a text (probabilities, thresholds, token weights) in; risk signals with
// evidence, entities and Basel type out. Needs no model.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/risk/entities.h"

namespace ballast::risk {

/// The words of a text that speak for a risk. `weight` is the share of all positive attribution that lies in the span.
struct Evidence {
  std::size_t start = 0, end = 0;  // bytes of the text, half-open
  std::string text;
  double weight = 0;
};

struct Signal {
  std::string id, document_id, risk;
  double probability = 0;
  std::array<double, 2> interval = {0, 0};  // 90 %
  std::string basel;                        // Basel level-1 type of an operational signal, else empty
  std::vector<Entity> entities;
  std::vector<Evidence> evidence;
  std::string model, created_at;
  bool listed = false;  // the probability reaches the threshold of its kind; others carry no evidence
};

struct DocumentRisk {
  std::string document_id;
  std::string lang;       // as the source says, else "en", "zh", "mixed" or "other" by script
  std::string sentiment;  // negative, neutral, positive; empty where the model does not say
  double sentiment_probability = 0;
  int severity = 0;  // 0 none, 1 watch, 2 material, 3 critical
  double severity_probability = 0;
  std::vector<Signal> signals;  // every kind, in descending probability; see Signal::listed
  std::vector<Entity> entities;
  std::string model, created_at;
};

/// How much the bytes [start, end) speak for (positive) or against a risk.
struct TokenWeight {
  std::size_t start = 0, end = 0;
  double weight = 0;
};

/// What a model says of a text.
struct TextScores {
  struct Kind {
    std::string risk;
    double probability = 0, threshold = 0.5;
    std::array<double, 2> interval = {0, 0};
    std::vector<TokenWeight> weights = {};  // of the text's tokens, where the probability reaches the threshold
  };
  std::vector<Kind> kinds;
  std::vector<double> severity;   // probabilities of 0, 1, 2, 3; may be empty: then 1 where anything is listed
  std::vector<double> sentiment;  // probabilities of negative, neutral, positive; may be empty
};

struct Origin {
  std::string document_id, lang, model, created_at;
};

/// Turns scores into signals; those that are listed have evidence from their kinds' weights.
DocumentRisk assess(std::string_view text, const Origin& origin, const TextScores& scores,
                    std::vector<Entity> entities);

/// At most two spans, the weightiest first: whole words or whole Chinese characters, adjacent heavy ones merged, stop
/// words and punctuation trimmed.
std::vector<Evidence> find_evidence(std::string_view text, const std::vector<TokenWeight>& weights);

/// The Basel level-1 event type of an operational text, by a lexicon of English and Chinese keywords: the type with
/// most keywords in the text; `execution` where there is none, since failed processes are what remains.
std::string basel_type(std::string_view text);

/// The row that `scan --json` prints: one line of JSON. `all` lists kinds below their threshold too.
std::string to_json_row(const DocumentRisk& risk, bool all);

}  // namespace ballast::risk
