// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/padded_attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

using engine::AttentionMask;
using engine::AttentionOptions;
using engine::Columns;

const float* row_of(const Columns& c, std::int64_t row, std::int64_t head, std::int64_t head_width) {
  return c.of.data + row * c.of.cols + c.first + head * head_width;
}

/// Scores to weights of query i.
void weigh(const Padding& padding, std::int64_t i, bool causal, std::vector<double>& row) {
  const std::span<const std::int64_t> visible = padding.visible;
  const auto length = static_cast<std::int64_t>(visible.size());
  const auto seen = [&](std::int64_t j) { return visible[static_cast<std::size_t>(j)] != 0; };
  bool any = false;
  for (std::int64_t j = 0; j < length; ++j) any = any || (seen(j) && (!causal || j <= i));
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::int64_t j = 0; j < length; ++j) {
    double& score = row[static_cast<std::size_t>(j)];
    const bool kept = any ? seen(j) && (!causal || j <= i) : !padding.adds_twice || seen(j) || j <= i;
    if (!kept) score = -std::numeric_limits<double>::infinity();
    if (kept && !any) score = 0;
    top = std::max(top, score);
  }
  for (double& score : row) sum += score = std::exp(score - top);
  for (double& score : row) score /= sum;
}

}  // namespace

void padded_attention_weights(Columns q, Columns k, const AttentionOptions& o, std::int64_t first_row,
                              const Padding& padding, float* out) {
  const auto length = static_cast<std::int64_t>(padding.visible.size());
  const std::int64_t head_width = o.head_width, group = o.heads / o.key_heads();
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_width));
  std::vector<double> row(padding.visible.size());
  for (std::int64_t h = 0; h < o.heads; ++h) {
    for (std::int64_t i = 0; i < length; ++i) {
      const float* query = row_of(q, first_row + i, h, head_width);
      for (std::int64_t j = 0; j < length; ++j) {
        const float* key = row_of(k, first_row + j, h / group, head_width);
        double dot = 0;
        for (std::int64_t c = 0; c < head_width; ++c) dot += static_cast<double>(query[c]) * key[c];
        row[static_cast<std::size_t>(j)] = dot * scale;
      }
      weigh(padding, i, o.mask == AttentionMask::causal, row);
      for (const double weight : row) *out++ = static_cast<float>(weight);
    }
  }
}

engine::Value padded_attention(engine::Tape& tape, Columns q, Columns k, Columns v, const AttentionOptions& o,
                               std::span<const std::int32_t> offsets, const Padding& padding) {
  BALLAST_CHECK(!tape.training(), q.of.rows);  // there is no backward
  const std::int64_t heads = o.heads, head_width = o.head_width, group = heads / o.key_heads();
  engine::Value y = tape.make(q.of.rows, heads * head_width);
  std::vector<float> weights;
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const std::int64_t first = offsets[s], length = offsets[s + 1] - first;
    weights.resize(static_cast<std::size_t>(heads * length * length));
    padded_attention_weights(
        q, k, o, first,
        {padding.visible.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(length)),
         padding.adds_twice},
        weights.data());
    const float* weight = weights.data();
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int64_t i = 0; i < length; ++i, weight += length) {
        for (std::int64_t c = 0; c < head_width; ++c) {
          double sum = 0;
          for (std::int64_t j = 0; j < length; ++j)
            sum += weight[j] * static_cast<double>(row_of(v, first + j, h / group, head_width)[c]);
          y.data[(first + i) * y.cols + h * head_width + c] = static_cast<float>(sum);
        }
      }
    }
  }
  return y;
}

}  // namespace ballast::lm
