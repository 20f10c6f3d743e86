// SPDX-License-Identifier: Apache-2.0
// Spans in a text (the subjects of an event, entities …) with calibrated probabilities. A model folder holds
// tagger.json and the linear tagger's tagger.safetensors:
//
//   {"format": 1, "labels": ["subject"], "platt": [a, b], "threshold": p,
//    "conditions": {"CONDITION": {"texts": n, "with_spans": m}, …}}
//
// A model trained with conditions (such as event types) is asked about one condition at a time. The probability of a
// span is that of the chain, p, through 1 / (1 + e^-(a·log(p / (1 - p)) + b)); it is listed where that reaches the
// threshold.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/lm/tagger/linear_tagger.h"

namespace ballast::lm {

/// Half-open UTF-8 bytes of a text.
struct FoundSpan {
  std::size_t start = 0, end = 0;
  std::string label;
  double probability = 0;
};

struct TaggerSpec {
  struct Seen {
    std::int64_t texts = 0, with_spans = 0;  // in training
  };
  std::vector<std::string> labels;
  std::array<double, 2> platt = {1, 0};
  double threshold = 0;
  std::map<std::string, Seen> conditions;  // empty: the model knows none

  /// Every text of this condition held a span in training (but for one in a hundred): so will the next.
  bool always(const std::string& condition) const;
  /// None did.
  bool never(const std::string& condition) const;
};

class SpanTagger {
 public:
  SpanTagger(TaggerSpec spec, LinearTagger linear);

  /// Whether this is a tagger's folder.
  static bool is_folder(const std::filesystem::path& folder);
  /// Throws not_found, io or bad_input, naming the file.
  static SpanTagger load(const std::filesystem::path& folder);
  /// Writes tagger.json and tagger.safetensors into an existing folder.
  void save(const std::filesystem::path& folder) const;

  const TaggerSpec& spec() const { return spec_; }
  /// Name and content hash of a loaded model: "subjects@1a2b3c4d5e6f".
  const std::string& identity() const { return identity_; }

  /// The most likely spans that reach the threshold, in text order. A condition that always had one in training gets at
  /// least the likeliest, one that never had any gets none.
  std::vector<FoundSpan> find(std::string_view text, const std::string& condition = {}) const;

  /// log-odds of the chain's probability for a span, before calibration.
  struct Scored {
    UnitSpan span;  // in characters
    double log_odds = 0;
  };
  std::vector<Scored> score(std::string_view text, const Characters& characters, const std::string& condition) const;

 private:
  TaggerSpec spec_;
  LinearTagger linear_;
  std::string identity_;
};

}  // namespace ballast::lm
