// SPDX-License-Identifier: Apache-2.0
// From scores to the next token: the logits processors of transformers, then the choice.
#pragma once

#include <cstdint>
#include <span>

#include "ballast/base/random.h"
#include "ballast/lm/generate.h"

namespace ballast::lm {

/// Filters one row of logits in place; a token that is out becomes minus infinity. `previous` are the tokens so far,
/// the prompt included (an encoder-decoder: the start token), of which the last `produced` are new. At least one token
/// is left.
void filter_logits(std::span<float> logits, std::span<const std::int32_t> previous, std::int64_t produced,
                   const GenerateOptions& options);
/// The part of it that does not belong to sampling.
void constrain(std::span<float> logits, std::span<const std::int32_t> previous, std::int64_t produced,
               const GenerateOptions& options);

struct Choice {
  std::int32_t id = 0;
  double logprob = 0;
};
/// The likeliest token (the first of equals) when greedy, else one drawn from softmax(logits).
Choice choose(std::span<const float> logits, const GenerateOptions& options, base::Random& random);

}  // namespace ballast::lm
