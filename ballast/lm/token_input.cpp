// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/token_input.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

void check_range(const std::vector<std::int64_t>& values, std::int64_t limit, const std::string& what,
                 const std::string& where) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0 && values[i] < limit) continue;
    throw Error(ErrorCode::bad_input,
                what + "[" + std::to_string(i) + "] is " + std::to_string(values[i]) + ", expected 0 … " + std::to_string(limit - 1),
                where);
  }
}

std::vector<std::int64_t> read_plane(const SafetensorsFile& file, const std::string& name,
                                     const std::vector<std::int64_t>& shape) {
  const auto& tensors = file.tensors();
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const TensorInfo& t) { return t.name == name; });
  if (it == tensors.end()) return {};
  if (it->shape != shape) {
    throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" has shape " + it->shape_text() + ", unlike input_ids",
                file.path().string());
  }
  std::vector<std::int64_t> values(static_cast<std::size_t>(it->count()));
  file.read_i64(name, values);
  return values;
}

void read_labels(const SafetensorsFile& file, TokenInput& in) {
  for (const TensorInfo& t : file.tensors()) {
    if (t.name != "labels") continue;
    if (t.dtype == DType::f32 && t.shape.size() == 2 && t.shape[0] == in.batch) {
      in.targets.resize(static_cast<std::size_t>(t.count()));
      file.read_f32(t.name, in.targets);
      return;
    }
    in.labels_per_token = t.shape == std::vector<std::int64_t>{in.batch, in.length};
    if (!in.labels_per_token && t.shape != std::vector<std::int64_t>{in.batch}) {
      throw Error(ErrorCode::bad_input, "tensor \"labels\" has shape " + t.shape_text() + ", expected [B] or [B, T]",
                  file.path().string());
    }
    in.labels.resize(static_cast<std::size_t>(t.count()));
    file.read_i64(t.name, in.labels);
  }
}

}  // namespace

TokenInput read_token_input(const std::filesystem::path& path, const ModelConfig& config) {
  const SafetensorsFile file(path);
  const std::string where = path.string();
  TokenInput in;
  for (const TensorInfo& t : file.tensors()) {
    if (t.name != "input_ids") continue;
    if (t.shape.size() != 2 || t.count() == 0) {
      throw Error(ErrorCode::bad_input, "tensor \"input_ids\" has shape " + t.shape_text() + ", expected [B, T]", where);
    }
    in.batch = t.shape[0];
    in.length = t.shape[1];
    in.ids.resize(static_cast<std::size_t>(t.count()));
    file.read_i64(t.name, in.ids);
  }
  if (in.ids.empty()) throw Error(ErrorCode::bad_input, "has no tensor \"input_ids\"", where);
  const std::vector<std::int64_t> shape{in.batch, in.length};
  in.mask = read_plane(file, "attention_mask", shape);
  in.positions = read_plane(file, "position_ids", shape);
  in.types = read_plane(file, "token_type_ids", shape);
  if (in.mask.empty()) in.mask.assign(in.ids.size(), 1);
  if (in.types.empty()) in.types.assign(in.ids.size(), 0);
  if (in.positions.empty()) {
    for (std::size_t i = 0; i < in.ids.size(); ++i) {
      in.positions.push_back(static_cast<std::int64_t>(i) % in.length);
    }
  }
  check_range(in.ids, config.vocabulary, "input_ids", where);
  check_range(in.positions, config.positions, "position_ids", where);
  if (config.types > 0) check_range(in.types, config.types, "token_type_ids", where);
  for (std::int64_t b = 0; b < in.batch; ++b) {
    bool any = false;
    for (std::int64_t t = 0; t < in.length; ++t) any = any || in.visible(b, t);
    if (!any) throw Error(ErrorCode::bad_input, "attention_mask hides all of row " + std::to_string(b), where);
  }
  read_labels(file, in);
  return in;
}

text::TokenBatch pack_visible(const TokenInput& in, std::int64_t first, std::int64_t last,
                              std::vector<std::int64_t>* rows) {
  text::TokenBatch batch;
  for (std::int64_t b = first; b < last; ++b) {
    for (std::int64_t t = 0; t < in.length; ++t) {
      if (!in.visible(b, t)) continue;
      const auto at = static_cast<std::size_t>(b * in.length + t);
      batch.ids.push_back(static_cast<std::int32_t>(in.ids[at]));
      batch.positions.push_back(static_cast<std::int32_t>(in.positions[at]));
      batch.types.push_back(static_cast<std::int32_t>(in.types[at]));
      if (rows != nullptr) rows->push_back(b * in.length + t);
    }
    batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
  }
  return batch;
}

}  // namespace ballast::lm
