// SPDX-License-Identifier: Apache-2.0
// The angles of rotary positions (Su et al. 2021) with the scalings in use for longer texts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/engine/ops.h"
#include "ballast/lm/config.h"

namespace ballast::lm {

/// Radians a token, of each pair (j, j + head_width / 2). linear: Chen et al. 2023; llama3: as in Llama 3.1, which
/// leaves short wave lengths, divides long ones by the factor and blends between; yarn: Peng et al. 2023, which blends
/// over the pairs by how often they turn within the original positions.
std::vector<double> rotary_frequencies(const RotaryConfig& config, std::int64_t head_width);

/// Cosines and sines by position, kept for the positions seen so far.
class RotaryTable {
 public:
  RotaryTable(const RotaryConfig& config, std::int64_t head_width);
  /// Those of a batch, copied into the arena.
  engine::Rotation at(engine::Arena& arena, std::span<const std::int32_t> positions);

 private:
  std::vector<double> frequencies_;
  float factor_;
  std::vector<float> cosine_, sine_;  // [positions so far, head_width / 2]
};

}  // namespace ballast::lm
