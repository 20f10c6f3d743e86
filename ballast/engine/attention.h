// SPDX-License-Identifier: Apache-2.0
// Multi-head scaled dot-product attention (Vaswani et al. 2017) over a packed batch: softmax(Q Kᵀ / sqrt(d_head)) V
// within each sequence. Blocked with an online softmax (Milakov & Gimelshein 2018; Dao et al. 2022): no T×T matrix in
// memory.
#pragma once

#include <cstdint>
#include <span>

#include "ballast/engine/tape.h"

namespace ballast::engine {

enum class AttentionMask { causal, bidirectional };

/// Columns [first, first + width) of a value, seen as one operand: GPT-2 computes q, k and v side by side.
struct Columns {
  Value of;
  std::int64_t first = 0;
};

/// y[rows, heads · head_width]. `offsets` are the sequences' first rows plus the total, so sequence s is rows
/// [offsets[s], offsets[s+1]); it must live until backward(). `dropout_p` drops attention weights in training.
Value attention(Tape& tape, Columns q, Columns k, Columns v, std::int64_t heads, std::int64_t head_width,
                std::span<const std::int32_t> offsets, AttentionMask mask, float dropout_p);

/// The weights themselves, for study: out[heads, T, T] for one sequence of T rows. Rows sum to one.
void attention_weights(Columns q, Columns k, std::int64_t heads, std::int64_t head_width, std::int64_t first_row,
                       std::int64_t length, AttentionMask mask, float* out);

/// One new token of one sequence against `length` cached keys and values (its own last): k and v are
/// [capacity, heads · head_width]. Inference only.
void attend_cached(const float* q, const float* k, const float* v, std::int64_t length, std::int64_t heads,
                   std::int64_t head_width, float* y);

/// The plain truth for tests, in double (forward; backward is tested by finite differences).
void attention_scalar(Columns q, Columns k, Columns v, std::int64_t heads, std::int64_t head_width,
                      std::span<const std::int32_t> offsets, AttentionMask mask, Value y);

}  // namespace ballast::engine
