// SPDX-License-Identifier: Apache-2.0
// Losses. Each adds its gradient to its input at once (the loss is the end of the tape), so nothing is kept for
// backward().
#pragma once

#include <cstdint>
#include <span>

#include "ballast/engine/ops.h"

namespace ballast::engine {

inline constexpr std::int32_t kIgnore = -100;  // a label that counts for nothing

struct LossOptions {
  float label_smoothing = 0;  // Szegedy et al. 2016, as torch: (1-e) on the label plus e/classes everywhere
  double scale = 1;           // the gradient is that of scale · mean loss (1/accumulation steps, head weights)
  double count = 0;           // rows to divide by; 0: those in this batch that are not ignored
};

struct LossResult {
  double sum = 0;    // over counted rows (binary: mean over outputs of a row, then sum)
  double count = 0;  // counted rows
  double mean() const { return count > 0 ? sum / count : 0; }
};

/// Softmax cross-entropy of logits [rows, classes] against one label a row, or kIgnore.
LossResult cross_entropy(Tape& tape, Value logits, std::span<const std::int32_t> labels, const LossOptions& options);

/// The same over logits = x · tableᵀ (+ bias), made in chunks of rows: the [rows, vocabulary] matrix never exists.
/// `table` is [vocabulary, x.cols] (tied to the embedding); its gradient and the bias's are added too.
LossResult cross_entropy_over_vocabulary(Tape& tape, Value x, Parameter& table, Parameter* bias,
                                         std::span<const std::int32_t> labels, const LossOptions& options);

/// Sigmoid cross-entropy of logits [rows, outputs] against targets in [0, 1], mean over outputs and rows (torch's
/// BCEWithLogitsLoss). A negative target is ignored. `positive_weights` may be empty or one an output.
LossResult binary_cross_entropy(Tape& tape, Value logits, std::span<const float> targets,
                                std::span<const float> positive_weights, const LossOptions& options);

/// Log-probabilities of a row in place: x[j] - log Σ exp(x).
void log_softmax_row(float* x, std::int64_t n);
/// Probabilities of a row in place.
void softmax_row(float* x, std::int64_t n);

}  // namespace ballast::engine
