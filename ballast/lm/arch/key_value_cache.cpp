// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/key_value_cache.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm {

using engine::kPageTokens;

KeyValueCache::KeyValueCache(std::int64_t layers, std::int64_t width)
    : layers_(static_cast<std::size_t>(layers)), width_(width) {}

float* KeyValueCache::writable(Layer& layer, std::size_t page) const {
  const auto size = static_cast<std::size_t>(2 * kPageTokens * width_);
  if (page == layer.pages.size()) {
    layer.pages.push_back(std::make_shared_for_overwrite<float[]>(size));
    layer.keys.push_back(nullptr);
    layer.values.push_back(nullptr);
  } else if (layer.pages[page].use_count() > 1) {
    auto own = std::make_shared_for_overwrite<float[]>(size);
    std::copy_n(layer.pages[page].get(), size, own.get());
    layer.pages[page] = std::move(own);
  }
  float* data = layer.pages[page].get();
  layer.keys[page] = data;
  layer.values[page] = data + kPageTokens * width_;
  return data;
}

void KeyValueCache::write(std::size_t at, engine::Columns k, engine::Columns v, std::int64_t first_row,
                          std::int64_t rows, std::int64_t position) {
  Layer& layer = layers_[at];
  for (std::int64_t i = 0; i < rows; ++i, ++position) {
    const auto page = static_cast<std::size_t>(position / kPageTokens);
    BALLAST_CHECK(page <= layer.pages.size(), position);
    float* to = writable(layer, page) + position % kPageTokens * width_;
    std::copy_n(k.of.data + (first_row + i) * k.of.cols + k.first, width_, to);
    std::copy_n(v.of.data + (first_row + i) * v.of.cols + v.first, width_, to + kPageTokens * width_);
  }
}

engine::CachedKeys KeyValueCache::view(std::size_t layer, std::int64_t length) const {
  return {layers_[layer].keys.data(), layers_[layer].values.data(), length};
}

std::int64_t KeyValueCache::bytes() const {
  std::int64_t pages = 0;
  for (const Layer& layer : layers_) pages += static_cast<std::int64_t>(layer.pages.size());
  return pages * 2 * kPageTokens * width_ * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace ballast::lm
