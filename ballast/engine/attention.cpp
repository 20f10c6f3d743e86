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

constexpr std::int64_t kQueries = 32;  // query rows of a block
constexpr std::int64_t kKeys = 128;    // keys of a block: scores of a block take 16 KiB

/// One head of one sequence. Row i of q is q[i * stride].
struct Head {
  const float *q, *k, *v;
  std::int64_t q_stride, k_stride, v_stride;
  std::int64_t length, width;
  bool causal;
  float scale;
  float dropout;
  std::uint64_t seed;  // of this head in this sequence

  std::int64_t keys_seen(std::int64_t query_end) const { return causal ? query_end : length; }
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
  gemm_serial(nq, nk, h.width, {h.q + q0 * h.q_stride, h.q_stride, false}, {h.k + k0 * h.k_stride, h.k_stride, true},
              scores, kKeys, false);
  for (std::int64_t i = 0; i < nq; ++i) {
    float* row = scores + i * kKeys;
    kernels::scale(row, h.scale, nk);
    if (!h.causal) continue;
    for (std::int64_t j = std::max<std::int64_t>(0, q0 + i + 1 - k0); j < nk; ++j) {
      row[j] = -std::numeric_limits<float>::infinity();
    }
  }
}

void drop_block(const Head& h, std::int64_t q0, std::int64_t nq, std::int64_t k0, std::int64_t nk, const float* x,
                float* y) {
  for (std::int64_t i = 0; i < nq; ++i) {
    const auto first = static_cast<std::uint64_t>((q0 + i) * h.length + k0);
    kernels::dropout(x + i * kKeys, y + i * kKeys, nk, h.dropout, h.seed, first, false);
  }
}

/// y rows [q0, q0 + nq) and their log-sum-exp.
void forward_block(const Head& h, std::int64_t q0, std::int64_t nq, float* y, std::int64_t y_stride, float* lse) {
  Buffers& b = buffers();
  float best[kQueries], sum[kQueries];
  std::fill_n(best, nq, -std::numeric_limits<float>::infinity());
  std::fill_n(sum, nq, 0.0f);
  for (std::int64_t i = 0; i < nq; ++i) std::fill_n(y + i * y_stride, h.width, 0.0f);
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
      if (shrink != 1.0f) kernels::scale(y + i * y_stride, shrink, h.width);
      best[i] = top;
    }
    if (h.dropout > 0) drop_block(h, q0, nq, k0, nk, b.scores.data(), b.scores.data());
    gemm_serial(nq, h.width, nk, {b.scores.data(), kKeys, false}, {h.v + k0 * h.v_stride, h.v_stride, false}, y,
                y_stride, true);
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
    kernels::scale(dp + i * kKeys, h.scale, nk);
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
  std::int64_t heads, width;
  std::span<const std::int32_t> offsets;
  bool causal;
  float dropout;
  std::uint64_t seed;

  std::int64_t sequences() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t first(std::int64_t s) const { return offsets[static_cast<std::size_t>(s)]; }
  std::int64_t length(std::int64_t s) const { return offsets[static_cast<std::size_t>(s) + 1] - first(s); }
  static std::int64_t at(const Columns& c, std::int64_t row, std::int64_t col) {
    return row * c.of.cols + c.first + col;
  }

  Head head(std::int64_t s, std::int64_t n) const {
    const std::int64_t row = first(s), col = n * width;
    return {q.of.data + at(q, row, col),
            k.of.data + at(k, row, col),
            v.of.data + at(v, row, col),
            q.of.cols,
            k.of.cols,
            v.of.cols,
            length(s),
            width,
            causal,
            1.0f / std::sqrt(static_cast<float>(width)),
            dropout,
            base::random_bits(seed, static_cast<std::uint64_t>(s * heads + n))};
  }
};

}  // namespace

Value attention(Tape& tape, Columns q, Columns k, Columns v, std::int64_t heads, std::int64_t head_width,
                std::span<const std::int32_t> offsets, AttentionMask mask, float dropout_p) {
  BALLAST_CHECK(!offsets.empty() && offsets.back() == q.of.rows, q.of.rows);
  BALLAST_CHECK(k.of.rows == q.of.rows && v.of.rows == q.of.rows, k.of.rows);
  BALLAST_CHECK(dropout_p < 1, dropout_p);
  const bool drops = tape.training() && dropout_p > 0;
  const Batch batch{q,
                    k,
                    v,
                    heads,
                    head_width,
                    offsets,
                    mask == AttentionMask::causal,
                    drops ? dropout_p : 0.0f,
                    drops ? tape.next_dropout_seed() : 0};
  Value y = tape.make(q.of.rows, heads * head_width);
  float* lse = tape.arena().floats(q.of.rows * heads);  // [heads, rows]
  base::parallel_for(batch.sequences() * heads, [&](std::int64_t i) {
    const std::int64_t s = i / heads, n = i % heads;
    const Head h = batch.head(s, n);
    for (std::int64_t q0 = 0; q0 < h.length; q0 += kQueries) {
      forward_block(h, q0, std::min(kQueries, h.length - q0), y.data + (batch.first(s) + q0) * y.cols + n * head_width,
                    y.cols, lse + n * y.rows + batch.first(s) + q0);
    }
  });
  tape.on_backward([batch, y, lse] {
    base::parallel_for(batch.sequences() * batch.heads, [&](std::int64_t i) {
      const std::int64_t s = i / batch.heads, n = i % batch.heads;
      const std::int64_t row = batch.first(s), col = n * batch.width;
      backward_head(batch.head(s, n),
                    {y.data + row * y.cols + col, y.grad + row * y.cols + col,
                     batch.q.of.grad + Batch::at(batch.q, row, col), batch.k.of.grad + Batch::at(batch.k, row, col),
                     batch.v.of.grad + Batch::at(batch.v, row, col), y.cols, lse + n * y.rows + row});
    });
  });
  return y;
}

void attention_weights(Columns q, Columns k, std::int64_t heads, std::int64_t head_width, std::int64_t first_row,
                       std::int64_t length, AttentionMask mask, float* out) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_width));
  base::parallel_for(heads, [&](std::int64_t n) {
    float* weights = out + n * length * length;
    gemm_serial(length, length, head_width, {q.of.data + Batch::at(q, first_row, n * head_width), q.of.cols, false},
                {k.of.data + Batch::at(k, first_row, n * head_width), k.of.cols, true}, weights, length, false);
    for (std::int64_t i = 0; i < length; ++i) {
      float* row = weights + i * length;
      const std::int64_t visible = mask == AttentionMask::causal ? i + 1 : length;
      kernels::scale(row, scale, visible);
      const float sum = kernels::exp_shifted(row, kernels::row_max(row, visible), visible);
      kernels::scale(row, 1.0f / sum, visible);
      std::fill(row + visible, row + length, 0.0f);
    }
  });
}

void attend_cached(const float* q, const float* k, const float* v, std::int64_t length, std::int64_t heads,
                   std::int64_t head_width, float* y) {
  const std::int64_t stride = heads * head_width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_width));
  base::parallel_for(heads, [&](std::int64_t n) {
    thread_local std::vector<float> scores;
    scores.resize(static_cast<std::size_t>(length));
    const std::int64_t col = n * head_width;
    for (std::int64_t j = 0; j < length; ++j) {
      scores[static_cast<std::size_t>(j)] = scale * kernels::dot(q + col, k + j * stride + col, head_width);
    }
    const float sum = kernels::exp_shifted(scores.data(), kernels::row_max(scores.data(), length), length);
    kernels::scale(scores.data(), 1.0f / sum, length);
    gemm_serial(1, head_width, length, {scores.data(), length, false}, {v + col, stride, false}, y + col, stride,
                false);
  });
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
