// SPDX-License-Identifier: Apache-2.0
// What `forward` gathers before it writes: tensors with their own memory, packed rows back in their [B, T] places.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ballast/engine/tape.h"
#include "ballast/lm/checkpoint/safetensors.h"

namespace ballast::lm {

class Results {
 public:
  float* add(const std::string& name, std::vector<std::int64_t> shape);
  void write(const std::filesystem::path& path) { write_safetensors(path, std::move(tensors_)); }

 private:
  std::deque<std::vector<float>> data_;
  std::vector<TensorToWrite> tensors_;
};

/// Row i of `packed` is row rows[i] of `out`.
void scatter(const engine::Value& packed, const std::vector<std::int64_t>& rows, float* out);

/// One sequence's weights [heads, queries, keys] into its place [heads, T, U]; the positions of its rows are
/// queries[i] % length and keys[j] % width.
void place_weights(const std::vector<float>& weights, std::int64_t heads, std::span<const std::int64_t> queries,
                   std::int64_t length, std::span<const std::int64_t> keys, std::int64_t width, float* out);

/// Mean cross-entropy of logits [B, T, vocabulary] over labelled positions; `shift`: a label is what the position
/// before it predicts.
double token_loss(const std::vector<std::int64_t>& labels, std::int64_t batch, std::int64_t length, const float* logits,
                  std::int64_t vocabulary, bool shift);

}  // namespace ballast::lm
