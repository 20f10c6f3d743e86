// SPDX-License-Identifier: Apache-2.0
// A checkpoint folder in Hugging Face layout as one set of named tensors: one model.safetensors, or shards behind
// model.safetensors.index.json. Pickle files are refused: reading one runs code from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/lm/checkpoint/safetensors.h"

namespace ballast::lm {

class CheckpointTensors {
 public:
  /// `path` is a folder, or one .safetensors file. Throws not_found, unsupported (pickle only) or bad_input.
  static CheckpointTensors open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::vector<std::string> names() const;  // sorted
  bool has(std::string_view name) const { return where_.find(name) != where_.end(); }
  const TensorInfo& info(std::string_view name) const { return file_of(name).info(name); }
  std::span<const std::byte> raw(std::string_view name) const { return file_of(name).raw(name); }
  void read_f32(std::string_view name, std::span<float> out) const { file_of(name).read_f32(name, out); }
  void read_i64(std::string_view name, std::span<std::int64_t> out) const { file_of(name).read_i64(name, out); }
  const std::map<std::string, std::string>& metadata() const { return files_.front()->metadata(); }
  std::int64_t parameters() const;  // elements of all floating tensors

  /// Throws bad_input at the first NaN or infinity, naming file, tensor and index. Reads every weight once.
  void check_finite() const;

 private:
  void open_one(const std::filesystem::path& file);
  void open_index(const std::filesystem::path& index);
  const SafetensorsFile& file_of(std::string_view name) const;

  std::filesystem::path path_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, const SafetensorsFile*, std::less<>> where_;
};

}  // namespace ballast::lm
