// SPDX-License-Identifier: Apache-2.0
// Explanations of texts, shared by the parts of `ballast explain`.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ballast/govern/explanations.h"
#include "ballast/lm/classifier.h"
#include "verb.h"

namespace ballast::apps {

/// How token weights are made: by integrated gradients, by hiding one token after another, or as scans do, from the
/// pass that scores (multi-label heads only, and only of labels that are listed).
enum class WeightMethod { gradients, hiding, scan };

/// One label of a model as govern's checks want it; `model` must outlive the result.
govern::ExplainedLabel explained_label(const lm::TextClassifier& model, std::size_t head, std::size_t label,
                                       WeightMethod method, const lm::PathOptions& path);

/// The head that is explained: the one called so, else "risk" where there is one, else the first. Throws usage naming
/// the heads.
std::size_t head_named(const lm::TextClassifier& model, const std::string& name);
/// Labels that the model says of a text: a multilabel head's listed ones (none: the likeliest), or the likeliest.
std::vector<std::size_t> said_labels(const lm::Head& head, const lm::HeadPrediction& prediction, bool at_least_one);

struct TextExplanationOptions {
  std::string model, head, label, language = "en";
  lm::PathOptions path;
};
/// Prints why a model says what it says of a text.
void explain_words(std::string_view text, const TextExplanationOptions& options, const Common& common);

/// --steps and --tolerance: how finely integrated gradients walk.
void add_path_options(CLI::App& verb, lm::PathOptions& path);

void add_explain_text(CLI::App& explain, Common& common);
void add_explain_evaluate(CLI::App& explain, Common& common);

}  // namespace ballast::apps
