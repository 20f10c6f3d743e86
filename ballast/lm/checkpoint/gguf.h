// SPDX-License-Identifier: Apache-2.0
// GGUF files (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions 2 and 3: typed metadata and tensors,
// plain or in blocks of quantised values.
//
//   file    := "GGUF" version:u32 tensors:u64 fields:u64 field… tensor… padding data
//   field   := name:string type:u32 value                     string := length:u64 bytes
//   value   := a number, a bool:u8, a string, or array := type:u32 count:u64 value…
//   tensor  := name:string dims:u32 size:u64… type:u32 offset:u64     sizes: innermost first; offsets: from the data,
//                                                                     which starts at a multiple of general.alignment
//
// A file is validated whole before anything is read from it: bad_input with the path and what was expected.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"

namespace ballast::lm {

enum class GgufType : std::uint32_t { f32 = 0, f16 = 1, q4_0 = 2, q8_0 = 8, q4_k = 12, q6_k = 14, bf16 = 30 };
/// "F32", "Q4_K", …
const char* gguf_type_name(GgufType type);
/// From its name in any case; throws usage with the known names.
GgufType gguf_type_from_name(const std::string& name);
/// Values of one block and its bytes; plain types have blocks of one.
struct GgufBlock {
  std::int64_t values;
  std::size_t bytes;
};
GgufBlock gguf_block(GgufType type);

/// Blocks to floats: `out` holds a whole number of blocks.
void gguf_decode(GgufType type, std::span<const std::byte> blocks, std::span<float> out);
/// Floats to blocks, as ggml's reference quantisers do it; f32, f16, bf16, q8_0 and q4_0 only.
std::vector<std::byte> gguf_encode(GgufType type, std::span<const float> values);

struct GgufTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // outermost first, as everywhere in Ballast
  GgufType type = GgufType::f32;
  std::uint64_t offset = 0, bytes = 0;
  std::int64_t count() const;
};

class GgufFile {
 public:
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// Fields that are one value, by name.
  const base::Json& metadata() const { return metadata_; }
  /// Fields that are lists stay in the file until they are asked for: a vocabulary has 150,000 texts.
  bool has_list(const std::string& name) const { return lists_.contains(name); }
  /// Throws bad_input when there is no such list, or when it has other elements. The texts are valid as long as the
  /// file.
  void for_each_text(const std::string& name, base::BodyRef<std::string_view> body) const;
  std::vector<std::string_view> texts(const std::string& name) const;
  std::vector<double> numbers(const std::string& name) const;
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  bool has(const std::string& name) const { return by_name_.contains(name); }
  /// Throws bad_input when there is no such tensor.
  const GgufTensor& info(const std::string& name) const;
  std::vector<float> read(const std::string& name) const;
  /// A tensor as it lies in the file. Valid as long as the file.
  std::span<const std::byte> blocks(const std::string& name) const;
  /// Maps all pages now.
  void populate() const noexcept { file_.populate(); }

 private:
  std::filesystem::path path_;
  base::MappedFile file_;
  std::span<const std::byte> data_;
  base::Json metadata_ = base::Json::object();
  struct List {
    std::uint32_t kind;
    std::uint64_t count;
    std::span<const std::byte> elements;
  };
  const List& list(const std::string& name) const;
  std::map<std::string, List> lists_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, std::size_t> by_name_;
};

/// A file to be written: metadata (unsigned numbers become u32, floating ones f32, lists by their first element) and
/// tensors with their bytes.
struct GgufToWrite {
  std::vector<std::pair<std::string, base::Json>> metadata;
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    GgufType type;
    std::vector<std::byte> bytes;
  };
  std::vector<Tensor> tensors;
};
void write_gguf(const std::filesystem::path& path, const GgufToWrite& file);

}  // namespace ballast::lm
