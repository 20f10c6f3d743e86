// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/checkpoint/checkpoint.h"

#include "ballast/base/error.h"
#include "ballast/base/json.h"

namespace ballast::lm {
namespace fs = std::filesystem;

using base::Error;
using base::ErrorCode;

CheckpointTensors CheckpointTensors::open(const fs::path& path) {
  CheckpointTensors checkpoint;
  checkpoint.path_ = path;
  if (fs::is_regular_file(path)) {
    checkpoint.open_one(path);
    return checkpoint;
  }
  if (!fs::is_directory(path)) throw Error(ErrorCode::not_found, "no such model folder", path.string());
  if (fs::exists(path / "model.safetensors")) {
    checkpoint.open_one(path / "model.safetensors");
  } else if (fs::exists(path / "model.safetensors.index.json")) {
    checkpoint.open_index(path / "model.safetensors.index.json");
  } else {
    for (const char* pickle : {"pytorch_model.bin", "pytorch_model.bin.index.json"}) {
      if (!fs::exists(path / pickle)) continue;
      throw Error(ErrorCode::unsupported, "the weights are a pickle file, and reading a pickle runs the code in it",
                  (path / pickle).string(), "convert it to model.safetensors where you trust its maker");
    }
    throw Error(ErrorCode::not_found, "the folder holds no weights", path.string(),
                "model.safetensors or model.safetensors.index.json");
  }
  return checkpoint;
}

void CheckpointTensors::open_one(const fs::path& file) {
  files_.push_back(std::make_unique<SafetensorsFile>(file));
  for (const auto& t : files_.back()->tensors()) where_[t.name] = files_.back().get();
}

void CheckpointTensors::open_index(const fs::path& index) {
  const auto json = base::read_json(index);
  const auto map = base::json_field<std::map<std::string, std::string>>(json, "weight_map", index.string());
  if (map.empty())
    throw Error(ErrorCode::bad_input, "weight_map is empty", index.string(), "tensor names with their files");
  std::map<std::string, const SafetensorsFile*> shards;
  for (const auto& [name, shard] : map) {
    auto& file = shards[shard];
    if (file == nullptr) {
      // A name with a folder in it could reach any file of the machine.
      if (shard.empty() || shard == "." || shard == ".." || shard.find_first_of("/\\") != std::string::npos) {
        throw Error(ErrorCode::bad_input, "shard \"" + shard + "\" of tensor \"" + name + "\" is not a plain file name",
                    index.string(), "a file beside the index");
      }
      const fs::path full = index.parent_path() / shard;
      if (!fs::exists(full)) {
        throw Error(ErrorCode::bad_input, "shard \"" + shard + "\" of tensor \"" + name + "\" is missing",
                    index.string(), "all shards beside the index; download them again");
      }
      files_.push_back(std::make_unique<SafetensorsFile>(full));
      file = files_.back().get();
    }
    if (!file->has(name)) {
      throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" is not in shard \"" + shard + "\"", index.string(),
                  "an index that belongs to these shards");
    }
    where_[name] = file;
  }
}

const SafetensorsFile& CheckpointTensors::file_of(std::string_view name) const {
  const auto found = where_.find(name);
  if (found == where_.end()) {
    throw Error(ErrorCode::bad_input, "tensor \"" + std::string(name) + "\" is missing", path_.string(),
                "a checkpoint that holds this tensor");
  }
  return *found->second;
}

std::vector<std::string> CheckpointTensors::names() const {
  std::vector<std::string> out;
  for (const auto& [name, file] : where_) out.push_back(name);
  return out;
}

std::int64_t CheckpointTensors::parameters() const {
  std::int64_t n = 0;
  for (const auto& [name, file] : where_) {
    const auto& t = file->info(name);
    if (t.dtype == DType::f64 || t.dtype == DType::f32 || t.dtype == DType::f16 || t.dtype == DType::bf16)
      n += t.count();
  }
  return n;
}

void CheckpointTensors::check_finite() const {
  for (const auto& [name, file] : where_) file->check_finite(name);
}

}  // namespace ballast::lm
