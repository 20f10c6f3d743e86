// SPDX-License-Identifier: Apache-2.0
// Multi-head scaled dot-product attention (Vaswani et al. 2017) over a packed batch: softmax(Q Kᵀ / sqrt(d_head)) V
// within each sequence. Blocked with an online softmax (Milakov & Gimelshein 2018; Dao et al. 2022): no T×T matrix in
// memory.
#pragma once

#include <cstdint>
#include <span>

#include "ballast/engine/parameter.h"
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

/// Learned scores by distance (Raffel et al. 2020, T5): bias[head](query, key) = table[bucket(key - query), head].
struct DistanceBias {
  Parameter* table = nullptr;             // [buckets, heads]
  std::span<const std::int32_t> buckets;  // of the distances -reach … reach; must live until backward()
  std::int64_t reach = 0;                 // at least the longest sequence less one
  std::int32_t bucket(std::int64_t distance) const { return buckets[static_cast<std::size_t>(distance + reach)]; }
};

/// What the plain call leaves at its usual value.
struct AttentionOptions {
  std::int64_t heads = 1, head_width = 1;
  std::int64_t kv_heads = 0;  // heads of k and v, each serving heads / kv_heads queries (Ainslie et al. 2023); 0: heads
  AttentionMask mask = AttentionMask::causal;
  float scale = 0;  // of the scores; 0: 1 / sqrt(head_width)
  float dropout = 0;
  DistanceBias bias;  // none without a table

  std::int64_t key_heads() const { return kv_heads > 0 ? kv_heads : heads; }
  float score_scale() const;
};

/// Queries of sequence s (rows `offsets`) read keys and values of sequence s (rows `kv_offsets`; both must live until
/// backward()): cross-attention where they differ, which knows no causal mask.
Value attention(Tape& tape, Columns q, Columns k, Columns v, std::span<const std::int32_t> offsets,
                std::span<const std::int32_t> kv_offsets, const AttentionOptions& options);

/// The weights themselves, for study: out[heads, queries, keys] for `queries` rows of q from `first_row` on and `keys`
/// rows of k from `first_key` on. Rows sum to one.
void attention_weights(Columns q, Columns k, std::int64_t first_row, std::int64_t queries, std::int64_t first_key,
                       std::int64_t keys, const AttentionOptions& options, float* out);
void attention_weights(Columns q, Columns k, std::int64_t heads, std::int64_t head_width, std::int64_t first_row,
                       std::int64_t length, AttentionMask mask, float* out);

/// Keys and values of one sequence so far, in pages of kPageTokens rows of kv_heads · head_width floats, so that
/// sequences with a common beginning can share its pages.
constexpr std::int64_t kPageTokens = 128;
struct CachedKeys {
  const float* const* keys = nullptr;
  const float* const* values = nullptr;
  std::int64_t length = 0;
};

/// Row r of q is one new token: with the causal mask the last of cached[r], else a query to all of it. The bits are
/// those of attention() over the whole sequence. Inference only.
Value attend_cached(Tape& tape, Columns q, std::span<const CachedKeys> cached, const AttentionOptions& options);

/// The plain truth for tests, in double (forward; backward is tested by finite differences).
void attention_scalar(Columns q, Columns k, Columns v, std::int64_t heads, std::int64_t head_width,
                      std::span<const std::int32_t> offsets, AttentionMask mask, Value y);

}  // namespace ballast::engine
