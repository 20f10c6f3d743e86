// SPDX-License-Identifier: Apache-2.0
// Attention over batches that still hold their masked positions, exactly as the reference library computes it: queries
// at masked positions have outputs too. Slow and plain; only for study and parity, never for training.
#pragma once

#include <cstdint>
#include <span>

#include "ballast/engine/attention.h"

namespace ballast::lm {

/// The weights of one sequence whose first row is `first_row`: out[heads, T, T] with T = visible.size(); `visible` is
/// its attention mask. Masked keys get no weight. In a causal model a query that may see no key at all has the uniform
/// weights that adding the smallest float to every score leaves: over the masked keys up to itself and all visible
/// ones.
void padded_attention_weights(engine::Columns q, engine::Columns k, const engine::AttentionOptions& options,
                              std::int64_t first_row, std::span<const std::int64_t> visible, float* out);

/// y[rows, heads · head_width] with those weights; sequence s is rows [offsets[s], offsets[s + 1]) and `visible` has
/// one entry a row.
engine::Value padded_attention(engine::Tape& tape, engine::Columns q, engine::Columns k, engine::Columns v,
                               const engine::AttentionOptions& options, std::span<const std::int32_t> offsets,
                               std::span<const std::int64_t> visible);

}  // namespace ballast::lm
