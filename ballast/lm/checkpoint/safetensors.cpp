// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/half.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"

namespace ballast::lm {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian and is mapped as it lies");

namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the reference's limit
constexpr std::int64_t kPiece = 1 << 18;           // elements converted by one task

struct DTypeRow {
  const char* name;
  std::size_t size;
};
constexpr std::array<DTypeRow, 10> kDTypes = {{{"F64", 8},
                                               {"F32", 4},
                                               {"F16", 2},
                                               {"BF16", 2},
                                               {"I64", 8},
                                               {"I32", 4},
                                               {"I16", 2},
                                               {"I8", 1},
                                               {"U8", 1},
                                               {"BOOL", 1}}};

std::optional<DType> dtype_from(std::string_view name) {
  for (std::size_t i = 0; i < kDTypes.size(); ++i) {
    if (name == kDTypes[i].name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

bool is_floating(DType d) {
  return d == DType::f64 || d == DType::f32 || d == DType::f16 || d == DType::bf16;
}

template <class T>
T load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// Element i of a floating tensor.
template <class F>
void each_float(DType dtype, const std::byte* p, std::int64_t begin, std::int64_t end, F&& take) {
  switch (dtype) {
    case DType::f32:
      for (auto i = begin; i < end; ++i) take(i, load<float>(p + 4 * i));
      break;
    case DType::bf16:
      for (auto i = begin; i < end; ++i) take(i, base::f32_from_bf16(load<std::uint16_t>(p + 2 * i)));
      break;
    case DType::f16:
      for (auto i = begin; i < end; ++i) take(i, base::f32_from_f16(load<std::uint16_t>(p + 2 * i)));
      break;
    default:
      for (auto i = begin; i < end; ++i) take(i, static_cast<float>(load<double>(p + 8 * i)));
  }
}

std::int64_t load_integer(DType dtype, const std::byte* p) {
  switch (dtype) {
    case DType::i64:
      return load<std::int64_t>(p);
    case DType::i32:
      return load<std::int32_t>(p);
    case DType::i16:
      return load<std::int16_t>(p);
    case DType::i8:
      return load<std::int8_t>(p);
    case DType::boolean:
      return load<std::uint8_t>(p) != 0;
    default:
      return load<std::uint8_t>(p);
  }
}

/// Parses the header and refuses a name that occurs twice (a JSON library would keep one of them silently).
Json parse_unique(std::string_view text, const std::string& where) {
  base::parse_json(text, where);  // syntax and depth, with the byte in the message
  std::set<std::string> seen;
  std::string twice;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& key) {
    if (event == Json::parse_event_t::key && depth == 1 && !seen.insert(key.get<std::string>()).second) twice = key;
    return true;
  };
  Json header = Json::parse(text, watch);
  if (!twice.empty()) {
    throw Error(ErrorCode::bad_input, "tensor \"" + twice + "\" is named twice in the header", where,
                "every name once");
  }
  return header;
}

}  // namespace

std::size_t dtype_size(DType dtype) {
  return kDTypes[static_cast<std::size_t>(dtype)].size;
}
const char* dtype_name(DType dtype) {
  return kDTypes[static_cast<std::size_t>(dtype)].name;
}

std::int64_t TensorInfo::count() const {
  std::int64_t n = 1;
  for (const auto d : shape) n *= d;
  return n;
}

std::string TensorInfo::shape_text() const {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void SafetensorsFile::fail(const std::string& what, const std::string& tensor, const std::string& expected) const {
  throw Error(ErrorCode::bad_input, tensor.empty() ? what : "tensor \"" + tensor + "\" " + what, path_.string(),
              expected);
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  const auto bytes = file_.bytes();
  const std::string size = std::to_string(bytes.size());
  if (bytes.empty()) fail("the file is empty", {}, "a safetensors file");
  if (bytes.size() < 8) fail("the file has only " + size + " bytes", {}, "at least the 8 bytes of the header length");
  const auto length = load<std::uint64_t>(bytes.data());
  if (length > kMaxHeader) {
    fail("header length " + std::to_string(length) + " is unreasonable", {},
         "at most 100000000 bytes; is this a safetensors file?");
  }
  if (length > bytes.size() - 8) {
    fail("the header of " + std::to_string(length) + " bytes does not fit into the file of " + size + " bytes", {},
         "a whole file; download or copy it again");
  }
  const std::string_view header = file_.text().substr(8, length);
  if (header.empty() || header[0] != '{') fail("the header does not begin with '{'", {}, "a JSON object");
  data_ = bytes.subspan(8 + length);
  parse_header(header, data_.size());
  check_layout(data_.size());
}

namespace {

/// A non-negative integer member of an array, or nothing.
std::optional<std::uint64_t> natural(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  return std::nullopt;
}

}  // namespace

void SafetensorsFile::parse_header(std::string_view text, std::uint64_t data_bytes) {
  const Json header = parse_unique(text, path_.string() + " (header)");
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) fail("__metadata__ is not an object", {}, "an object of strings");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) fail("__metadata__ \"" + key + "\" is not a string", {}, "an object of strings");
        metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    if (!entry.is_object()) fail("has no description", name, "an object with dtype, shape and data_offsets");
    TensorInfo t;
    t.name = name;
    const auto dtype = base::json_field<std::string>(entry, "dtype", path_.string() + ": tensor \"" + name + "\"");
    const auto known = dtype_from(dtype);
    if (!known) {
      fail("has dtype " + dtype + ", which is not read here", name,
           "one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL");
    }
    t.dtype = *known;

    if (!entry.contains("shape") || !entry["shape"].is_array()) fail("has no shape", name, "an array of sizes");
    std::uint64_t size = dtype_size(t.dtype);
    for (const auto& d : entry["shape"]) {
      const auto n = natural(d);
      if (!n) fail("has a size " + base::dump_json(d) + " in its shape", name, "whole numbers, none negative");
      if (__builtin_mul_overflow(size, *n, &size) || *n > static_cast<std::uint64_t>(INT64_MAX)) {
        fail("has shape " + base::dump_json(entry["shape"]) + ", too large for any file", name,
             "a shape that fits the file of " + std::to_string(data_bytes) + " data bytes");
      }
      t.shape.push_back(static_cast<std::int64_t>(*n));
    }

    const Json offsets = entry.value("data_offsets", Json());
    if (!offsets.is_array() || offsets.size() != 2 || !natural(offsets[0]) || !natural(offsets[1])) {
      fail("has data_offsets " + base::dump_json(offsets), name, "[begin, end] in bytes");
    }
    t.begin = *natural(offsets[0]);
    t.end = *natural(offsets[1]);
    const std::string span = "[" + std::to_string(t.begin) + ", " + std::to_string(t.end) + ")";
    if (t.begin > t.end) fail("has offsets " + span + " in the wrong order", name, "begin before end");
    if (t.end > data_bytes) {
      fail("lies at " + span + ", outside the " + std::to_string(data_bytes) + " data bytes", name,
           "offsets inside the file; a file that was cut looks like this");
    }
    if (t.end - t.begin != size) {
      fail("spans " + std::to_string(t.end - t.begin) + " bytes", name,
           std::to_string(size) + " bytes for " + dtype_name(t.dtype) + " " + t.shape_text());
    }
    tensors_.push_back(std::move(t));
  }
}

void SafetensorsFile::check_layout(std::uint64_t data_bytes) {
  std::stable_sort(tensors_.begin(), tensors_.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const auto& t = tensors_[i];
    const std::string places = "begins at byte " + std::to_string(t.begin) + " of the data";
    const std::string after = i ? "\"" + tensors_[i - 1].name + "\"" : "the header";
    if (t.begin < at) fail(places + " and overlaps " + after, t.name, "byte " + std::to_string(at));
    if (t.begin > at) fail(places + " and leaves a hole after " + after, t.name, "byte " + std::to_string(at));
    at = t.end;
    by_name_[t.name] = i;
  }
  if (at != data_bytes) {
    fail(std::to_string(data_bytes - at) + " bytes at the end belong to no tensor", {},
         "tensors that cover the data without holes");
  }
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> out;
  for (const auto& t : tensors_) out.push_back(t.name);
  return out;
}

const TensorInfo& SafetensorsFile::info(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) fail("is missing", std::string(name), "a checkpoint that holds this tensor");
  return tensors_[found->second];
}

std::span<const std::byte> SafetensorsFile::raw(std::string_view name) const {
  const auto& t = info(name);
  return data_.subspan(t.begin, t.end - t.begin);
}

void SafetensorsFile::read_f32(std::string_view name, std::span<float> out) const {
  const auto& t = info(name);
  if (!is_floating(t.dtype)) fail(std::string("has dtype ") + dtype_name(t.dtype), t.name, "floating numbers");
  if (t.count() != static_cast<std::int64_t>(out.size())) {
    fail("has shape " + t.shape_text(), t.name, std::to_string(out.size()) + " numbers, as the model's config says");
  }
  const std::byte* p = data_.data() + t.begin;
  base::parallel_ranges(t.count(), kPiece, [&](std::int64_t begin, std::int64_t end) {
    if (t.dtype == DType::f32) {
      std::memcpy(out.data() + begin, p + 4 * begin, static_cast<std::size_t>(4 * (end - begin)));
    } else {
      each_float(t.dtype, p, begin, end, [&](std::int64_t i, float v) { out[static_cast<std::size_t>(i)] = v; });
    }
  });
}

void SafetensorsFile::read_i64(std::string_view name, std::span<std::int64_t> out) const {
  const auto& t = info(name);
  if (is_floating(t.dtype)) fail(std::string("has dtype ") + dtype_name(t.dtype), t.name, "whole numbers");
  if (t.count() != static_cast<std::int64_t>(out.size())) {
    fail("has shape " + t.shape_text(), t.name, std::to_string(out.size()) + " numbers");
  }
  const std::size_t size = dtype_size(t.dtype);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = load_integer(t.dtype, data_.data() + t.begin + i * size);
}

void SafetensorsFile::check_finite(std::string_view name) const {
  const auto& t = info(name);
  if (!is_floating(t.dtype)) return;
  base::parallel_ranges(t.count(), kPiece, [&](std::int64_t begin, std::int64_t end) {
    each_float(t.dtype, data_.data() + t.begin, begin, end, [&](std::int64_t i, float v) {
      if (!std::isfinite(v)) [[unlikely]] {
        fail(std::string("holds ") + (std::isnan(v) ? "NaN" : "an infinity") + " at index " + std::to_string(i), t.name,
             "finite weights");
      }
    });
  });
}

void SafetensorsFile::check_finite() const {
  for (const auto& t : tensors_) check_finite(t.name);
}

}  // namespace ballast::lm
