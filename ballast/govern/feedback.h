// SPDX-License-Identifier: Apache-2.0
// What people said of a model's answers, made into labelled rows with their provenance; where people disagree with the
// model, and with each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/store/work.h"

namespace ballast::govern {

/// One person's last word on one answer.
struct Opinion {
  std::string feedback_id, actor, at, label;  // label: what the answer should have been; empty: only that it is wrong
};

/// One answer about a text, and what people said of it.
struct ReviewedAnswer {
  std::string decision_id, text, said, model;  // model: as the decision names it
  double probability = 0;
  std::vector<Opinion> opinions;  // by actor

  /// The label on which all agree; empty where they do not, or nobody named one.
  std::string settled() const;
};

/// Feedback on decisions of kind "intent" (one label a text), the decisions in the order of their id. `model`: only
/// answers of the model with this hash; empty: all. Answers whose inputs were erased are left out.
std::vector<ReviewedAnswer> reviewed_answers(store::Store& store, const std::string& model);

struct FeedbackSummary {
  std::int64_t answers = 0;  // that somebody spoke about
  std::int64_t confirmed = 0, corrected = 0, disputed = 0, unlabelled = 0;
  std::int64_t by_several = 0;  // answers about which at least two people named a label
  double alpha = 0;             // Krippendorff's, nominal, over those; NaN where there are none or all labels are one
  std::vector<std::pair<std::string, std::int64_t>> confusions;  // "said -> settled", the most frequent first
};
FeedbackSummary summarise_feedback(const std::vector<ReviewedAnswer>& answers);
base::Json to_json(const FeedbackSummary& summary);

/// {"text","label","provenance":{"decision_id","model","said","feedback":[{"id","actor","at"}]}} for a settled answer.
base::Json labelled_row(const ReviewedAnswer& answer, const std::string& text_column, const std::string& label_column);

/// Documents about whose signals people spoke, as rows for a multilabel model: the risks that the model listed, less
/// those that were rejected or corrected, with what they should have been. A document on whose signal people disagree
/// is counted in `disputed` and left out. {"text",`label_column`:[…],"provenance":{"document_id","model","said":[…],
/// "feedback":[…]}}, in the order of document ids.
std::vector<base::Json> signal_rows(store::Store& store, const std::string& text_column,
                                    const std::string& label_column, std::int64_t& disputed);

}  // namespace ballast::govern
