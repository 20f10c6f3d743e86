// SPDX-License-Identifier: Apache-2.0
// From out-of-fold logits of both branches to a calibrated classifier: how much each branch counts, probabilities,
// intervals, thresholds.
#pragma once

#include <vector>

#include "ballast/base/json.h"
#include "ballast/lm/classifier_spec.h"
#include "training_data.h"

namespace ballast::apps {

/// Logits [rows, outputs] made for each row by models that had not seen it. One of the two may be empty.
struct OutOfFold {
  std::vector<float> transformer, ngram;
  std::size_t outputs = 0;
};

/// The probability below which a multiclass head refuses, so that it refuses the share `known_refused` of these rows of
/// known classes (at most; ties are kept): their quantile of the likeliest label's probability.
double refusal_threshold(std::vector<double> likeliest, double known_refused);

/// Sets refuse_below of every multiclass head from its out-of-fold predictions.
void fit_refusal(const LabelledRows& rows, const std::vector<lm::Prediction>& predictions, double known_refused,
                 lm::ClassifierSpec& spec);

/// Calibrated specification of every head.
lm::ClassifierSpec fit_classifier(const LabelledRows& rows, const OutOfFold& logits, std::uint64_t seed);

/// Accuracy, F1, calibration and intervals of predictions against labelled rows, head by head (also `evaluate`).
base::Json score_predictions(const LabelledRows& rows, const std::vector<lm::Prediction>& predictions,
                             std::uint64_t seed, bool confusion);

/// Predictions of a specification from stored logits.
std::vector<lm::Prediction> predict_from_logits(const lm::ClassifierSpec& spec, const OutOfFold& logits);

}  // namespace ballast::apps
