// SPDX-License-Identifier: Apache-2.0
// Events in a text: a classifier says which types are reported, a tagger whom each is about.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/lm/classifier.h"
#include "ballast/lm/span_tagger.h"
#include "tagging_data.h"
#include "verb.h"

namespace ballast::apps {

struct Event {
  std::string type;
  double probability = 0;  // of the type
  struct Subject {
    std::string text;
    std::size_t start = 0, end = 0;  // UTF-8 bytes of its first mention
    double probability = 0;          // that this is a subject, given the type
  };
  std::vector<Subject> subjects;  // each once, in text order
};

/// The types that a classifier's first head lists: those above their thresholds, or the likeliest of a multiclass head
/// unless it refuses; each with whom it is about.
std::vector<Event> find_events(std::string_view text, const lm::Head& types, const lm::HeadPrediction& prediction,
                               const lm::SpanTagger& subjects);

/// The verb `ballast events`.
void add_events(CLI::App& app, Common& common);

/// `ballast evaluate` for a tagger. With `condition_model` the conditions are predicted, too, and a string is right
/// only together with its condition.
void evaluate_tagger(const std::string& folder, const SpanRowOptions& options, const std::string& condition_model,
                     const Common& common);

}  // namespace ballast::apps
