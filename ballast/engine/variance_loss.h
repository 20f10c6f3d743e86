// SPDX-License-Identifier: Apache-2.0
// The loss of a forecast of spread: log-variances and what happened come in, the normal log-likelihood goes out.
#pragma once

#include <cstdint>
#include <span>

#include "ballast/engine/loss.h"

namespace ballast::engine {

/// Negative log-likelihood, without its constant, of values with mean zero and variance exp(s): (s + v² exp(−s)) / 2,
/// s being column `column` of `x` and v one value a row. Up to terms of v alone it is half the QLIKE loss (Patton
/// 2011). A value that is NaN counts for nothing. Adds its gradient to x at once, as the losses of loss.h; label
/// smoothing has no meaning here.
LossResult variance_loss(Tape& tape, Value x, std::int64_t column, std::span<const float> values,
                         const LossOptions& options);

}  // namespace ballast::engine
