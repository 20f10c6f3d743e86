// SPDX-License-Identifier: Apache-2.0
// Advice on a portfolio as a decision: the record of the verdict, and its repetition.
#pragma once

#include <cstdint>

#include "ballast/decide/advice.h"
#include "ballast/decide/decision.h"

namespace ballast::decide {

/// The record of kind "portfolio", not yet signed or sealed: the advice is its outcome, and the parts of the volatility
/// after the trades are its reasons. Throws what advise() throws.
Decision portfolio_decision(const AdviceInputs& inputs, std::uint64_t seed);

/// Makes a decision of kind "portfolio" again.
Decision replay_portfolio(const Decision& was);

}  // namespace ballast::decide
