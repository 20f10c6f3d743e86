// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/checkpoint/int8.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

constexpr float kLevels = 127.0f;

}  // namespace

Int8Rows quantise_rows(std::span<const float> values, std::int64_t rows) {
  const std::size_t columns = values.size() / static_cast<std::size_t>(rows);
  Int8Rows out;
  out.q.resize(values.size());
  for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
    const auto row = values.subspan(r * columns, columns);
    float largest = 0;
    for (const float v : row) largest = std::max(largest, std::abs(v));
    out.scale.push_back(largest);
    for (std::size_t i = 0; largest > 0 && i < columns; ++i) {
      out.q[r * columns + i] = static_cast<std::int8_t>(std::nearbyint(row[i] / largest * kLevels));
    }
  }
  return out;
}

std::string int8_scale_name(const std::string& weight) {
  const std::string ending = "weight";
  return weight.substr(0, weight.size() - ending.size()) + "SCB";
}

void read_weight(const CheckpointTensors& tensors, const std::string& name, std::span<float> out) {
  const TensorInfo& info = tensors.info(name);
  if (info.dtype != DType::i8) return tensors.read_f32(name, out);
  const std::string scales = name.ends_with("weight") ? int8_scale_name(name) : name;
  if (info.shape.size() != 2 || scales == name || !tensors.has(scales) ||
      tensors.info(scales).shape != std::vector<std::int64_t>{info.shape[0]}) {
    throw base::Error(base::ErrorCode::bad_input, "tensor \"" + name + "\" is I8 without one scale a row",
                      tensors.path().string(), "a tensor \"" + scales + "\" [" + std::to_string(info.shape[0]) + "]");
  }
  BALLAST_CHECK(static_cast<std::int64_t>(out.size()) == info.count(), out.size());
  std::vector<float> scale(static_cast<std::size_t>(info.shape[0]));
  tensors.read_f32(scales, scale);
  const std::span<const std::byte> raw = tensors.raw(name);
  const std::size_t columns = out.size() / scale.size();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(static_cast<std::int8_t>(raw[i])) * (scale[i / columns] / kLevels);
  }
}

}  // namespace ballast::lm
