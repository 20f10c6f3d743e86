// SPDX-License-Identifier: Apache-2.0
// The true attention weights of a model over a sentence: softmax(q·kᵀ / √d_k) of every layer and head (Vaswani et al.
// 2017; with T5's bias where it has one), for study. Of an encoder-decoder those of its encoder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::lm {

struct AttentionMaps {
  std::vector<std::string> tokens;  // T: the bytes of the text that each covers, or the name of a special token
  std::int64_t layers = 0, heads = 0;
  std::vector<float> weights;  // [layers, heads, T, T]; every row adds up to 1

  float at(std::int64_t layer, std::int64_t head, std::int64_t from, std::int64_t to) const {
    const auto t = static_cast<std::int64_t>(tokens.size());
    return weights[static_cast<std::size_t>(((layer * heads + head) * t + from) * t + to)];
  }
};

/// Throws not_found or bad_input for the model folder, and bad_input where the text has no token or more tokens than
/// the model has positions.
AttentionMaps attention_maps(const std::filesystem::path& model, std::string_view text);

}  // namespace ballast::lm
