// SPDX-License-Identifier: Apache-2.0
// Beam search as transformers does it (BeamSearchScorer): several texts side by side, the best of all their
// continuations kept at every step, finished ones compared by their log-probability over a power of their length.
#pragma once

#include <span>
#include <vector>

#include "ballast/lm/arch/generating.h"
#include "ballast/lm/generate/decode.h"

namespace ballast::lm {

/// At most options.beams texts, best first. `how.on_token` is not called. Same errors as generate_tokens().
std::vector<Generation> beam_search(GeneratingNetwork& network, std::span<const std::int32_t> prompt,
                                    const GenerateOptions& options, const DecodeOptions& how = {});

}  // namespace ballast::lm
