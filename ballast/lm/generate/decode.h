// SPDX-License-Identifier: Apache-2.0
// The loop of generation: one sequence of token ids through a model with its key/value cache.
#pragma once

#include <functional>
#include <span>

#include "ballast/lm/arch/generating.h"
#include "ballast/lm/constrain/constraint.h"
#include "ballast/lm/generate.h"

namespace ballast::lm {

struct DecodeOptions {
  /// Called after every token with all new ids so far; returns false to stop there (FinishReason::stop).
  std::function<bool(std::span<const std::int32_t>)> on_token = {};
  std::span<const std::int32_t> penalized = {};  // count as seen before, like the prompt
  Constraint* constraint = nullptr;              // the text is held to it
  std::int64_t vocabulary = 0;                   // tokens from here on are never chosen; 0: the model's own number
};

/// Throws usage for an empty prompt, bad_input for one that is too long or holds ids from `vocabulary` on.
void check_prompt(const GeneratingNetwork& network, std::int64_t vocabulary, std::span<const std::int32_t> prompt);

/// What counts as seen before the first new token: the prompt, or an encoder-decoder's start token.
std::vector<std::int32_t> seen_before(const GeneratingNetwork& network, std::span<const std::int32_t> prompt,
                                      const DecodeOptions& how);

/// Continues `prompt` (not empty, within the model's positions, else usage and bad_input). `options.eos` must be set.
Generation generate_tokens(GeneratingNetwork& network, std::span<const std::int32_t> prompt,
                           const GenerateOptions& options, const DecodeOptions& how = {});

}  // namespace ballast::lm
