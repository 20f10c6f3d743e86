// SPDX-License-Identifier: Apache-2.0
// Safetensors files (https://github.com/huggingface/safetensors): what comes in is a file from anywhere, what goes out
// are named tensors that are safe to read; and the way back.
//
//   file    := length header data
//   length  := u64 little-endian, bytes of header, at most 100 000 000
//   header  := JSON object { name: {"dtype": D, "shape": [n, …], "data_offsets": [begin, end]}, …,
//                            "__metadata__": {string: string, …} }, may be padded with spaces
//   data    := the tensors, row-major, little-endian, end to end: offsets count from the first byte after the header
//   and
//              cover the data without overlap or hole
//
// A file is validated whole before anything is read from it. Every error is base::Error(bad_input) with the path, the
// tensor and what was expected; a full disk while writing is ErrorCode::io and leaves the old file as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/files.h"

namespace ballast::lm {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

/// Bytes of one element.
std::size_t dtype_size(DType dtype);
/// The name in safetensors headers: "F32", "BF16", "BOOL", …
const char* dtype_name(DType dtype);

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;   // empty: one number
  std::uint64_t begin = 0, end = 0;  // bytes, from the start of the data part

  std::int64_t count() const;      // elements
  std::string shape_text() const;  // "[768, 3072]"
};

class SafetensorsFile {
 public:
  /// Maps and validates. Throws bad_input, not_found or io.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// In the order of the data.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  std::vector<std::string> names() const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool has(std::string_view name) const { return by_name_.find(name) != by_name_.end(); }
  /// Throws bad_input when there is no such tensor.
  const TensorInfo& info(std::string_view name) const;

  /// The mapped bytes; may be unaligned for the dtype. Valid as long as this object.
  std::span<const std::byte> raw(std::string_view name) const;

  /// Any floating dtype as f32: f16 and bf16 exactly, f64 rounded to nearest. `out` must hold exactly the tensor.
  void read_f32(std::string_view name, std::span<float> out) const;
  /// Any integer or boolean dtype as i64.
  void read_i64(std::string_view name, std::span<std::int64_t> out) const;

  /// Throws bad_input naming the tensor, the index and the value when a floating tensor holds a NaN or an infinity.
  void check_finite(std::string_view name) const;
  void check_finite() const;

 private:
  void parse_header(std::string_view header, std::uint64_t data_bytes);
  void check_layout(std::uint64_t data_bytes);
  [[noreturn]] void fail(const std::string& what, const std::string& tensor, const std::string& expected) const;

  std::filesystem::path path_;
  base::MappedFile file_;
  std::span<const std::byte> data_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::map<std::string, std::string> metadata_;
};

/// A tensor to be written. The data is borrowed until write_safetensors returns.
struct TensorToWrite {
  std::string name;
  std::vector<std::int64_t> shape;
  DType dtype = DType::f32;           // as stored
  std::span<const float> f32;         // exactly one of the three is used: values, stored as f32, f16 or bf16 …
  std::span<const std::int64_t> i64;  // … values, stored as i64 …
  std::span<const std::byte> raw;     // … or the bytes as they are, of any dtype

  static TensorToWrite floats(std::string name, std::vector<std::int64_t> shape, std::span<const float> values,
                              DType store_as = DType::f32);
  static TensorToWrite integers(std::string name, std::vector<std::int64_t> shape,
                                std::span<const std::int64_t> values);
  static TensorToWrite bytes(std::string name, std::vector<std::int64_t> shape, DType dtype,
                             std::span<const std::byte> raw);
};

/// Writes atomically. Tensors are laid out by falling dtype size, then name, as the reference writer does, and the data
/// starts at a multiple of eight bytes. Narrowing to f16 or bf16 rounds to nearest even. Shapes must fit the data
/// (internal error otherwise: the data is ours).
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace ballast::lm
