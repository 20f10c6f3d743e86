// SPDX-License-Identifier: Apache-2.0
// Named tensors in, one safetensors file out (the format is described in safetensors.h).
#include <algorithm>
#include <bit>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/half.h"
#include "ballast/base/json.h"
#include "ballast/lm/checkpoint/safetensors.h"

namespace ballast::lm {
namespace {

using base::Json;

std::int64_t elements(const TensorToWrite& t) {
  std::int64_t n = 1;
  for (const auto d : t.shape) n *= d;
  return n;
}

void promise(bool kept, const std::string& tensor) {
  if (!kept) base::check_failed("data fits dtype and shape, names differ", __FILE__, __LINE__, tensor);
}

void check_tensor(const TensorToWrite& t) {
  const auto n = static_cast<std::size_t>(elements(t));
  const bool raw = !t.raw.empty() || (t.f32.empty() && t.i64.empty());
  if (raw) {
    promise(t.raw.size() == n * dtype_size(t.dtype), t.name);
  } else if (!t.i64.empty()) {
    promise(t.i64.size() == n && t.dtype == DType::i64, t.name);
  } else {
    promise(t.f32.size() == n, t.name);
    promise(t.dtype == DType::f32 || t.dtype == DType::f16 || t.dtype == DType::bf16, t.name);
  }
}

void write_data(base::FileSink& sink, const TensorToWrite& t) {
  if (!t.raw.empty()) return sink.write(t.raw.data(), t.raw.size());
  if (!t.i64.empty()) return sink.write(t.i64.data(), t.i64.size_bytes());
  if (t.dtype == DType::f32) return sink.write(t.f32.data(), t.f32.size_bytes());
  constexpr std::size_t kChunk = 1 << 16;
  std::vector<std::uint16_t> narrow;
  for (std::size_t begin = 0; begin < t.f32.size(); begin += kChunk) {
    const auto part = t.f32.subspan(begin, std::min(kChunk, t.f32.size() - begin));
    narrow.resize(part.size());
    std::transform(part.begin(), part.end(), narrow.begin(),
                   [&](float v) { return t.dtype == DType::f16 ? base::f16_from_f32(v) : base::bf16_from_f32(v); });
    sink.write(narrow.data(), narrow.size() * sizeof(std::uint16_t));
  }
}

}  // namespace

TensorToWrite TensorToWrite::floats(std::string name, std::vector<std::int64_t> shape, std::span<const float> values,
                                    DType store_as) {
  return {std::move(name), std::move(shape), store_as, values, {}, {}};
}

TensorToWrite TensorToWrite::integers(std::string name, std::vector<std::int64_t> shape,
                                      std::span<const std::int64_t> values) {
  return {std::move(name), std::move(shape), DType::i64, {}, values, {}};
}

TensorToWrite TensorToWrite::bytes(std::string name, std::vector<std::int64_t> shape, DType dtype,
                                   std::span<const std::byte> raw) {
  return {std::move(name), std::move(shape), dtype, {}, {}, raw};
}

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorToWrite& a, const TensorToWrite& b) {
    const auto sa = dtype_size(a.dtype), sb = dtype_size(b.dtype);
    return sa != sb ? sa > sb : a.name < b.name;
  });
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const auto& t : tensors) {
    check_tensor(t);
    promise(!header.contains(t.name), t.name);
    const auto size = static_cast<std::uint64_t>(elements(t)) * dtype_size(t.dtype);
    header[t.name] = {{"dtype", dtype_name(t.dtype)}, {"shape", t.shape}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  std::string text = base::dump_json(header);
  text.append((8 - text.size() % 8) % 8, ' ');  // the data starts aligned
  const std::uint64_t length = text.size();
  base::write_file_atomic(path, [&](base::FileSink& sink) {
    sink.write(&length, sizeof length);
    sink.write(text);
    for (const auto& t : tensors) write_data(sink, t);
  });
}

}  // namespace ballast::lm
