// SPDX-License-Identifier: Apache-2.0
// Keys and values of one sequence, layer by layer, in pages of engine::kPageTokens tokens. Copies share their pages
// until one of them writes, so that beams and requests with a common beginning keep it in memory once.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ballast/engine/attention.h"

namespace ballast::lm {

class KeyValueCache {
 public:
  /// `width`: floats of a token's keys in one layer (kv_heads · head_width).
  KeyValueCache(std::int64_t layers, std::int64_t width);

  /// Tokens that every layer holds.
  std::int64_t length() const { return length_; }
  /// Writes rows [length, length + rows) of one layer; they count after advance().
  void write(std::size_t layer, engine::Columns k, engine::Columns v, std::int64_t first_row, std::int64_t rows,
             std::int64_t position);
  void advance(std::int64_t rows) { length_ += rows; }
  /// The first `length` tokens of a layer. Valid until the next write().
  engine::CachedKeys view(std::size_t layer, std::int64_t length) const;
  std::int64_t bytes() const;

  /// Keys and values of the text that an encoder read, for cross-attention; null without one. Copies share it.
  const KeyValueCache* memory() const { return memory_.get(); }
  void set_memory(std::shared_ptr<const KeyValueCache> memory) { memory_ = std::move(memory); }

 private:
  struct Layer {
    std::vector<std::shared_ptr<float[]>> pages;  // keys, then values
    std::vector<const float*> keys, values;       // where they start
  };
  float* writable(Layer& layer, std::size_t page) const;

  std::vector<Layer> layers_;
  std::int64_t width_, length_ = 0;
  std::shared_ptr<const KeyValueCache> memory_;
};

}  // namespace ballast::lm
