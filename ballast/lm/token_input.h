// SPDX-License-Identifier: Apache-2.0
// Ready token ids [B, T] from a safetensors file, and their packed form without the masked positions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ballast/lm/checkpoint/safetensors.h"
#include "ballast/lm/config.h"
#include "ballast/text/token_batch.h"

namespace ballast::lm {

struct TokenInput {
  std::int64_t batch = 0, length = 0;                     // B, T
  std::vector<std::int64_t> ids, mask, positions, types;  // [B, T]; mask of ones, positions 0 …, types 0 where absent
  std::vector<std::int64_t> labels;                       // [B, T], [B, U], [B] or empty
  bool labels_per_token = false;
  std::int64_t decoder_length = 0;                      // U, of encoder-decoders
  std::vector<std::int64_t> decoder_ids, decoder_mask;  // [B, U]; ids from labels shifted right where absent
  std::vector<float> targets;                           // f32 labels [B, outputs] of a multi-label task, or empty

  bool visible(std::int64_t b, std::int64_t t) const { return mask[static_cast<std::size_t>(b * length + t)] != 0; }
};

/// Reads and checks against the configuration (vocabulary, positions, types). Throws bad_input naming the tensor.
TokenInput read_token_input(const std::filesystem::path& file, const ModelConfig& config);

/// Sequences [first, last) without their masked positions. `rows`, where given, receives b * T + t of every token.
text::TokenBatch pack_visible(const TokenInput& input, std::int64_t first, std::int64_t last,
                              std::vector<std::int64_t>* rows = nullptr);
/// The decoder's inputs in the same form; `rows` receives b * U + u.
text::TokenBatch pack_decoder(const TokenInput& input, std::vector<std::int64_t>* rows = nullptr);

}  // namespace ballast::lm
