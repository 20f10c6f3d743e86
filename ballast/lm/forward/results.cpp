// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/forward/results.h"

#include <algorithm>

#include "ballast/engine/loss.h"

namespace ballast::lm {

float* Results::add(const std::string& name, std::vector<std::int64_t> shape) {
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  data_.emplace_back(static_cast<std::size_t>(size));
  tensors_.push_back(TensorToWrite::floats(name, std::move(shape), data_.back()));
  return data_.back().data();
}

void scatter(const engine::Value& packed, const std::vector<std::int64_t>& rows, float* out) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(packed.data + static_cast<std::int64_t>(i) * packed.cols, packed.cols, out + rows[i] * packed.cols);
  }
}

void place_weights(const std::vector<float>& weights, std::int64_t heads, std::span<const std::int64_t> queries,
                   std::int64_t length, std::span<const std::int64_t> keys, std::int64_t width, float* out) {
  const float* weight = weights.data();
  for (std::int64_t h = 0; h < heads; ++h) {
    for (const std::int64_t query : queries) {
      for (const std::int64_t key : keys) out[(h * length + query % length) * width + key % width] = *weight++;
    }
  }
}

double token_loss(const std::vector<std::int64_t>& labels, std::int64_t batch, std::int64_t length, const float* logits,
                  std::int64_t vocabulary, bool shift) {
  double sum = 0, count = 0;
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t t = 0; t + (shift ? 1 : 0) < length; ++t) {
      const std::int64_t label = labels[static_cast<std::size_t>(b * length + t + (shift ? 1 : 0))];
      if (label < 0) continue;
      std::vector<float> row(logits + (b * length + t) * vocabulary, logits + (b * length + t + 1) * vocabulary);
      engine::log_softmax_row(row.data(), vocabulary);
      sum -= row[static_cast<std::size_t>(label)];
      ++count;
    }
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace ballast::lm
