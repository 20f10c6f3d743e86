// SPDX-License-Identifier: Apache-2.0
// Pairs of texts for encoder-decoders: a source, and the answer that is to be written.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ballast/lm/config.h"
#include "ballast/lm/train/examples.h"

namespace ballast::lm {

/// One example a pair. Both texts have the special tokens of the tokenizer's template and end with the model's end
/// token, added where the template has none; both are cut at `max_length` (counted in the report), the answer keeps
/// its end. Throws bad_input where the model has no end token.
std::vector<Example> tokenize_pairs(const text::Tokenizer& tokenizer, const ModelConfig& config,
                                    std::span<const std::string> sources, std::span<const std::string> answers,
                                    std::int64_t max_length, TokenizeReport& report);

/// A source alone, as tokenize_pairs() makes it.
std::vector<std::int32_t> tokenize_source(const text::Tokenizer& tokenizer, const ModelConfig& config,
                                          std::string_view text);

}  // namespace ballast::lm
