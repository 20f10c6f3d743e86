// SPDX-License-Identifier: Apache-2.0
// Weights as 8-bit integers with one scale a row: weight ≈ q · scale / 127, q in −127 … 127, scale the row's largest
// absolute value. For a matrix "….weight" [rows, columns] a checkpoint holds I8 "….weight" and F32 "….SCB" [rows]: the
// names and the rule under which transformers stores models quantised by bitsandbytes (Dettmers et al. 2022,
// "LLM.int8()"; the row-wise absmax form). Products are computed from the widened values, in f32.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/lm/checkpoint/checkpoint.h"

namespace ballast::lm {

struct Int8Rows {
  std::vector<std::int8_t> q;  // [rows, columns]
  std::vector<float> scale;    // [rows]
};

/// Rounds to nearest even. `values` is [rows, columns] with columns = values.size() / rows.
Int8Rows quantise_rows(std::span<const float> values, std::int64_t rows);

/// Name of the scales that belong to a weight: "a.weight" → "a.SCB".
std::string int8_scale_name(const std::string& weight);

/// A tensor of any floating dtype, or of I8 with its scales, as f32. Throws bad_input where the scales are missing or
/// of another shape.
void read_weight(const CheckpointTensors& tensors, const std::string& name, std::span<float> out);

}  // namespace ballast::lm
