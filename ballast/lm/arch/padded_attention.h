// SPDX-License-Identifier: Apache-2.0
// Attention over batches that still hold their masked positions, exactly as the reference library computes it: queries
// at masked positions have outputs too. Slow and plain; only for study and parity, never for training.
#pragma once

#include <cstdint>
#include <span>

#include "ballast/engine/attention.h"

namespace ballast::lm {

struct Padding {
  std::span<const std::int64_t> visible;  // the attention mask
  /// GPT-2 adds the smallest float twice, for the future and for a masked key, and so leaves a query that sees nothing
  /// uniform weights over the masked keys up to itself and all visible ones; the later families over all keys.
  bool adds_twice = false;
};

/// The weights of one sequence whose first row is `first_row`: out[heads, T, T] with T = padding.visible.size();
/// `padding` is its attention mask. Masked keys get no weight. In a causal model a query that may see no key at all has
/// the uniform weights that adding the smallest float to every score leaves.
void padded_attention_weights(engine::Columns q, engine::Columns k, const engine::AttentionOptions& options,
                              std::int64_t first_row, const Padding& padding, float* out);

/// y[rows, heads · head_width] with those weights; sequence s is rows [offsets[s], offsets[s + 1]) and `padding` has
/// one entry a row.
engine::Value padded_attention(engine::Tape& tape, engine::Columns q, engine::Columns k, engine::Columns v,
                               const engine::AttentionOptions& options, std::span<const std::int32_t> offsets,
                               const Padding& padding);

}  // namespace ballast::lm
