// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/engine/kernels/vector_kernels.h"

namespace ballast::engine {
namespace {

constexpr std::int64_t kQueries = 64;  // query rows of a block
constexpr std::int64_t kKeys = 128;    // keys of a block: scores of a block take 32 KiB
static_assert(kKeys == kPageTokens, "a block of keys is a page of the cache");

/// One head of one sequence. Row i of q is q[i * stride].
struct Head {
  const float *q, *k, *v;
  std::int64_t q_stride, k_stride, v_stride;
  std::int64_t length, keys, width;  // rows of q, and of k and v
  bool causal;
  float scale;
  const float* bias;  // by distance, at distance 0; null: none
  float dropout;
  std::uint64_t seed;  // of this head in this sequence

  const CachedKeys* pages = nullptr;  // where k and v are in a cache; column `kv_first` of its rows
  std::int64_t kv_first = 0;

  std::int64_t keys_seen(std::int64_t query_end) const { return causal ? query_end : keys; }
  const float* k_block(std::int64_t k0) const {
    return pages != nullptr ? pages->keys[k0 / kKeys] + kv_first : k + k0 * k_stride;
  }
  const float* v_block(std::int64_t k0) const {
    return pages != nullptr ? pages->values[k0 / kKeys] + kv_first : v + k0 * v_stride;
  }
};

struct Buffers {
  std::vector<float> scores, grads, kept;
  Buffers() : scores(kQueries * kKeys), grads(kQueries * kKeys), kept(kQueries * kKeys) {}
};
Buffers& buffers() {
  thread_local Buffers own;
  return own;
}

/// scores[i, j] = scale · q_i · k_j for a block, -inf where the mask forbids.
void score_block(const Head& h, std::int64_t q0, std::int64_t nq, std::int64_t k0, std::int64_t nk, float* scores) {
  gemm_serial(nq, nk, h.width, {h.q + q0 * h.q_stride, h.q_stride, false}, {h.k_block(k0), h.k_stride, true}, scores,
              kKeys, false);
  for (std::int64_t i = 0; i < nq; ++i) {
    float* row = scores + i * kKeys;
    if (h.scale != 1.0f) kernels::scale(row, h.scale, nk);
    if (h.bias != nullptr) kernels::add_to(row, h.bias + k0 - (q0 + i), nk);
    if (!h.causal) continue;
    for (std::int64_t j = std::max<std::int64_t>(0, q0 + i + 1 - k0); j < nk; ++j) {
      row[j] = -std::numeric_limits<float>::infinity();
    }
  }
}

void drop_block(const Head& h, std::int64_t q0, std::int64_t nq, std::int64_t k0, std::int64_t nk, const float* x,
                float* y) {
  for (std::int64_t i = 0; i < nq; ++i) {
    const auto first = static_cast<std::uint64_t>((q0 + i) * h.keys + k0);
    kernels::dropout(x + i * kKeys, y + i * kKeys, nk, h.dropout, h.seed, first, false);
  }
}

/// y rows [q0, q0 + nq) and their log-sum-exp.
void forward_block(const Head& h, std::int64_t q0, std::int64_t nq, float* y, std::int64_t y_stride, float* lse) {
  Buffers& b = buffers();
  float best[kQueries], sum[kQueries];
  std::fill_n(best, nq, -std::numeric_limits<float>::infinity());
  std::fill_n(sum, nq, 0.0f);
  const std::int64_t seen = h.keys_seen(q0 + nq);
  for (std::int64_t k0 = 0; k0 < seen; k0 += kKeys) {
    const std::int64_t nk = std::min(kKeys, seen - k0);
    score_block(h, q0, nq, k0, nk, b.scores.data());
    for (std::int64_t i = 0; i < nq; ++i) {
      float* row = b.scores.data() + i * kKeys;
      const float top = std::max(best[i], kernels::row_max(row, nk));
      if (top == -std::numeric_limits<float>::infinity()) {  // no key of this block is visible to this query
        std::fill_n(row, nk, 0.0f);
        continue;
      }
      const float shrink = std::exp(best[i] - top);
      // exp_shifted clamps, so masked entries are set to zero by hand.
      const std::int64_t visible = h.causal ? std::clamp<std::int64_t>(q0 + i + 1 - k0, 0, nk) : nk;
      sum[i] = sum[i] * shrink + kernels::exp_shifted(row, top, visible);
      std::fill(row + visible, row + nk, 0.0f);
      if (k0 > 0 && shrink != 1.0f) kernels::scale(y + i * y_stride, shrink, h.width);
      best[i] = top;
    }
    if (h.dropout > 0) drop_block(h, q0, nq, k0, nk, b.scores.data(), b.scores.data());
    gemm_serial(nq, h.width, nk, {b.scores.data(), kKeys, false}, {h.v_block(k0), h.v_stride, false}, y, y_stride,
                k0 > 0);
  }
  for (std::int64_t i = 0; i < nq; ++i) {
    kernels::scale(y + i * y_stride, 1.0f / sum[i], h.width);
    lse[i] = best[i] + std::log(sum[i]);
  }
}

struct HeadGrads {
  const float *y, *dy;
  float *dq, *dk, *dv;
  std::int64_t y_stride;
  const float* lse;
  float* dbias;  // by distance, at distance 0; null: none
};

/// Recomputes the probabilities of one block and adds its share to all three gradients.
void backward_block(const Head& h, const HeadGrads& g, const float* shift, std::int64_t q0, std::int64_t nq,
                    std::int64_t k0, std::int64_t nk) {
  Buffers& b = buffers();
  float* p = b.scores.data();
  float* dp = b.grads.data();
  score_block(h, q0, nq, k0, nk, p);
  for (std::int64_t i = 0; i < nq; ++i) {
    const std::int64_t visible = h.causal ? std::clamp<std::int64_t>(q0 + i + 1 - k0, 0, nk) : nk;
    if (visible > 0) kernels::exp_shifted(p + i * kKeys, g.lse[q0 + i], visible);
    std::fill(p + i * kKeys + visible, p + i * kKeys + nk, 0.0f);
  }
  const Operand dy{g.dy + q0 * g.y_stride, g.y_stride, false};
  gemm_serial(nq, nk, h.width, dy, {h.v + k0 * h.v_stride, h.v_stride, true}, dp, kKeys, false);
  const float* used = p;  // the weights that multiplied v
  if (h.dropout > 0) {
    drop_block(h, q0, nq, k0, nk, p, b.kept.data());
    drop_block(h, q0, nq, k0, nk, dp, dp);
    used = b.kept.data();
  }
  gemm_serial(nk, h.width, nq, {used, kKeys, true}, dy, g.dv + k0 * h.v_stride, h.v_stride, true);
  for (std::int64_t i = 0; i < nq; ++i) {
    kernels::softmax_backward(p + i * kKeys, dp + i * kKeys, shift[i], dp + i * kKeys, nk);
    if (g.dbias != nullptr) kernels::add_to(g.dbias + k0 - (q0 + i), dp + i * kKeys, nk);
    if (h.scale != 1.0f) kernels::scale(dp + i * kKeys, h.scale, nk);
  }
  gemm_serial(nq, h.width, nk, {dp, kKeys, false}, {h.k + k0 * h.k_stride, h.k_stride, false}, g.dq + q0 * h.q_stride,
              h.q_stride, true);
  gemm_serial(nk, h.width, nq, {dp, kKeys, true}, {h.q + q0 * h.q_stride, h.q_stride, false}, g.dk + k0 * h.k_stride,
              h.k_stride, true);
}

void backward_head(const Head& h, const HeadGrads& g) {
  for (std::int64_t q0 = 0; q0 < h.length; q0 += kQueries) {
    const std::int64_t nq = std::min(kQueries, h.length - q0);
    float shift[kQueries];  // Σ_j p_ij · dp_ij = dy_i · y_i (Dao et al. 2022), also under dropout
    for (std::int64_t i = 0; i < nq; ++i) {
      shift[i] = kernels::dot(g.dy + (q0 + i) * g.y_stride, g.y + (q0 + i) * g.y_stride, h.width);
    }
    const std::int64_t seen = h.keys_seen(q0 + nq);
    for (std::int64_t k0 = 0; k0 < seen; k0 += kKeys) {
      backward_block(h, g, shift, q0, nq, k0, std::min(kKeys, seen - k0));
    }
  }
}

struct Batch {
  Columns q, k, v;
  std::span<const std::int32_t> offsets, kv_offsets;
  AttentionOptions options;
  const float* bias;  // [heads, 2 reach + 1]; null: none
  std::uint64_t seed;

  std::int64_t sequences() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t group() const { return options.heads / options.key_heads(); }
  static std::int64_t at(const Columns& c, std::int64_t row, std::int64_t col) {
    return row * c.of.cols + c.first + col;
  }
  std::int64_t row(std::int64_t s) const { return offsets[static_cast<std::size_t>(s)]; }
  std::int64_t kv_row(std::int64_t s) const { return kv_offsets[static_cast<std::size_t>(s)]; }
  std::int64_t distances() const { return 2 * options.bias.reach + 1; }

  Head head(std::int64_t s, std::int64_t n) const {
    const std::int64_t col = n * options.head_width, kv_col = n / group() * options.head_width;
    return {q.of.data + at(q, row(s), col),
            k.of.data + at(k, kv_row(s), kv_col),
            v.of.data + at(v, kv_row(s), kv_col),
            q.of.cols,
            k.of.cols,
            v.of.cols,
            row(s + 1) - row(s),
            kv_row(s + 1) - kv_row(s),
            options.head_width,
            options.mask == AttentionMask::causal,
            options.score_scale(),
            bias == nullptr ? nullptr : bias + n * distances() + options.bias.reach,
            options.dropout,
            base::random_bits(seed, static_cast<std::uint64_t>(s * options.heads + n)),
            nullptr,
            0};
  }
};

/// The table's entries laid out by distance, a row a head; null without a table.
const float* bias_by_distance(Arena& arena, const AttentionOptions& o) {
  if (o.bias.table == nullptr) return nullptr;
  const std::int64_t distances = 2 * o.bias.reach + 1;
  float* out = arena.floats(o.heads * distances);
  for (std::int64_t n = 0; n < o.heads; ++n) {
    for (std::int64_t d = 0; d < distances; ++d) {
      out[n * distances + d] = o.bias.table->value[o.bias.buckets[static_cast<std::size_t>(d)] * o.heads + n];
    }
  }
  return out;
}

struct AttentionBackward {
  Tape* tape;
  Batch batch;
  Value y;
  const float* lse;

  void operator()() const {
    const AttentionOptions& o = batch.options;
    const std::int64_t key_heads = o.key_heads(), group = batch.group(), distances = batch.distances();
    float *dq = tape->gradient(batch.q.of), *dk = tape->gradient(batch.k.of), *dv = tape->gradient(batch.v.of);
    const Arena::Mark mark = tape->arena().mark();
    const bool learns_bias = batch.bias != nullptr && o.bias.table->grad != nullptr;
    const std::int64_t bias_size = learns_bias ? batch.sequences() * o.heads * distances : 0;
    float* dbias = learns_bias ? tape->arena().floats(bias_size) : nullptr;
    if (learns_bias) std::fill_n(dbias, bias_size, 0.0f);
    // Heads that share keys run one after the other: their gradients add up in one place and one order.
    base::parallel_for(batch.sequences() * key_heads, [&](std::int64_t i) {
      const std::int64_t s = i / key_heads, row = batch.row(s), kv_row = batch.kv_row(s);
      const std::int64_t kv_col = i % key_heads * o.head_width;
      for (std::int64_t n = i % key_heads * group; n < (i % key_heads + 1) * group; ++n) {
        const std::int64_t col = n * o.head_width;
        backward_head(batch.head(s, n), {y.data + row * y.cols + col, y.grad() + row * y.cols + col,
                                         dq + Batch::at(batch.q, row, col), dk + Batch::at(batch.k, kv_row, kv_col),
                                         dv + Batch::at(batch.v, kv_row, kv_col), y.cols, lse + n * y.rows + row,
                                         learns_bias ? dbias + (s * o.heads + n) * distances + o.bias.reach : nullptr});
      }
    });
    for (std::int64_t at = 0; at < bias_size; ++at) {  // in the order of sequences, heads and distances
      const std::int64_t n = at / distances % o.heads, d = at % distances;
      o.bias.table->grad[o.bias.buckets[static_cast<std::size_t>(d)] * o.heads + n] += dbias[at];
    }
    tape->arena().release(mark);
  }
};

void check_shapes(const Batch& batch) {
  const AttentionOptions& o = batch.options;
  BALLAST_CHECK(!batch.offsets.empty() && batch.offsets.back() == batch.q.of.rows, batch.q.of.rows);
  BALLAST_CHECK(batch.kv_offsets.size() == batch.offsets.size() && batch.kv_offsets.back() == batch.k.of.rows,
                batch.k.of.rows);
  BALLAST_CHECK(batch.v.of.rows == batch.k.of.rows, batch.v.of.rows);
  BALLAST_CHECK(o.heads % o.key_heads() == 0, o.kv_heads);
  BALLAST_CHECK(o.dropout < 1, o.dropout);
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    const std::int64_t queries = batch.offsets[s + 1] - batch.offsets[s];
    const std::int64_t keys = batch.kv_offsets[s + 1] - batch.kv_offsets[s];
    BALLAST_CHECK(o.mask == AttentionMask::bidirectional || queries == keys, keys);
    BALLAST_CHECK(o.bias.table == nullptr || std::max(queries, keys) <= o.bias.reach + 1, o.bias.reach);
  }
}

/// Scores to weights, one row of `visible` entries.
void softmax_row(float* row, std::int64_t visible) {
  const float sum = kernels::exp_shifted(row, kernels::row_max(row, visible), visible);
  kernels::scale(row, 1.0f / sum, visible);
}

}  // namespace

float AttentionOptions::score_scale() const {
  return scale != 0 ? scale : 1.0f / std::sqrt(static_cast<float>(head_width));
}

Value attention(Tape& tape, Columns q, Columns k, Columns v, std::span<const std::int32_t> offsets,
                std::span<const std::int32_t> kv_offsets, const AttentionOptions& options) {
  Batch batch{q, k, v, offsets, kv_offsets, options, bias_by_distance(tape.arena(), options), 0};
  check_shapes(batch);
  if (!tape.training()) batch.options.dropout = 0;
  if (batch.options.dropout > 0) batch.seed = tape.next_dropout_seed();
  const std::int64_t heads = options.heads, width = options.head_width;
  Value y = tape.make(q.of.rows, heads * width);
  float* lse = tape.arena().floats(q.of.rows * heads);  // [heads, rows]
  base::parallel_for(batch.sequences() * heads, [&](std::int64_t i) {
    const std::int64_t s = i / heads, n = i % heads;
    const Head h = batch.head(s, n);
    for (std::int64_t q0 = 0; q0 < h.length; q0 += kQueries) {
      forward_block(h, q0, std::min(kQueries, h.length - q0), y.data + (batch.row(s) + q0) * y.cols + n * width, y.cols,
                    lse + n * y.rows + batch.row(s) + q0);
    }
  });
  tape.on_backward(y, AttentionBackward{&tape, batch, y, lse});
  return y;
}

Value attention(Tape& tape, Columns q, Columns k, Columns v, std::int64_t heads, std::int64_t head_width,
                std::span<const std::int32_t> offsets, AttentionMask mask, float dropout_p) {
  AttentionOptions options;
  options.heads = heads;
  options.head_width = head_width;
  options.mask = mask;
  options.dropout = dropout_p;
  return attention(tape, q, k, v, offsets, offsets, options);
}

void attention_weights(Columns q, Columns k, std::int64_t first_row, std::int64_t queries, std::int64_t first_key,
                       std::int64_t keys, const AttentionOptions& o, float* out) {
  const std::int64_t group = o.heads / o.key_heads(), width = o.head_width;
  base::parallel_for(o.heads, [&](std::int64_t n) {
    float* weights = out + n * queries * keys;
    gemm_serial(queries, keys, width, {q.of.data + Batch::at(q, first_row, n * width), q.of.cols, false},
                {k.of.data + Batch::at(k, first_key, n / group * width), k.of.cols, true}, weights, keys, false);
    for (std::int64_t i = 0; i < queries; ++i) {
      float* row = weights + i * keys;
      const std::int64_t visible = o.mask == AttentionMask::causal ? i + 1 : keys;
      kernels::scale(row, o.score_scale(), visible);
      for (std::int64_t j = 0; o.bias.table != nullptr && j < visible; ++j) {
        row[j] += o.bias.table->value[o.bias.bucket(j - i) * o.heads + n];
      }
      softmax_row(row, visible);
      std::fill(row + visible, row + keys, 0.0f);
    }
  });
}

void attention_weights(Columns q, Columns k, std::int64_t heads, std::int64_t head_width, std::int64_t first_row,
                       std::int64_t length, AttentionMask mask, float* out) {
  AttentionOptions options;
  options.heads = heads;
  options.head_width = head_width;
  options.mask = mask;
  attention_weights(q, k, first_row, length, first_row, length, options, out);
}

Value attend_cached(Tape& tape, Columns q, std::span<const CachedKeys> cached, const AttentionOptions& o) {
  BALLAST_CHECK(!tape.training() && static_cast<std::int64_t>(cached.size()) == q.of.rows, q.of.rows);
  const std::int64_t width = o.head_width, stride = o.key_heads() * width, group = o.heads / o.key_heads();
  const float* bias = bias_by_distance(tape.arena(), o);
  Value y = tape.make(q.of.rows, o.heads * width);
  base::parallel_for(q.of.rows * o.heads, [&](std::int64_t i) {
    const std::int64_t row = i / o.heads, n = i % o.heads;
    const CachedKeys& sequence = cached[static_cast<std::size_t>(row)];
    const bool causal = o.mask == AttentionMask::causal;
    Head h{};
    h.q = q.of.data + Batch::at(q, row, n * width);
    h.q_stride = 0;  // one query, wherever it stands
    h.k_stride = h.v_stride = stride;
    h.keys = sequence.length;
    h.width = width;
    h.causal = causal;
    h.scale = o.score_scale();
    h.bias = bias == nullptr ? nullptr : bias + n * (2 * o.bias.reach + 1) + o.bias.reach;
    h.pages = &sequence;
    h.kv_first = n / group * width;
    float lse = 0;
    forward_block(h, causal ? sequence.length - 1 : 0, 1, y.data + row * y.cols + n * width, y.cols, &lse);
  });
  return y;
}

void attention_scalar(Columns q, Columns k, Columns v, std::int64_t heads, std::int64_t head_width,
                      std::span<const std::int32_t> offsets, AttentionMask mask, Value y) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_width));
  const auto dot = [&](const float* a, const float* b) {
    double sum = 0;
    for (std::int64_t d = 0; d < head_width; ++d) sum += static_cast<double>(a[d]) * b[d];
    return sum;
  };
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    for (std::int64_t n = 0; n < heads; ++n) {
      for (std::int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
        const std::int64_t end = mask == AttentionMask::causal ? i + 1 : offsets[s + 1], col = n * head_width;
        std::vector<double> p;
        for (std::int64_t j = offsets[s]; j < end; ++j) {
          p.push_back(scale * dot(q.of.data + Batch::at(q, i, col), k.of.data + Batch::at(k, j, col)));
        }
        const double top = *std::max_element(p.begin(), p.end());
        double sum = 0;
        for (double& x : p) sum += x = std::exp(x - top);
        for (double& x : p) x /= sum;
        for (std::int64_t d = 0; d < head_width; ++d) {
          double out = 0;
          for (std::size_t j = 0; j < p.size(); ++j) {
            out += p[j] * v.of.data[Batch::at(v, offsets[s] + static_cast<std::int64_t>(j), col) + d];
          }
          y.data[i * y.cols + col + d] = static_cast<float>(out);
        }
      }
    }
  }
}

}  // namespace ballast::engine
