// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/checkpoint/gguf.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40;

enum Kind : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// Reads little-endian values from a span that may end anywhere.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  template <class T>
  T number(const char* what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }
  std::string_view text(const char* what) {
    const auto length = number<std::uint64_t>(what);
    const auto bytes = take(length, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::span<const std::byte> take(std::uint64_t count, const char* what) {
    if (count > bytes_.size() - at_) fail(std::string("ends within ") + what);
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::bad_input, what + " (byte " + std::to_string(at_) + ")", where_, "is it a whole GGUF file?");
  }

 private:
  std::span<const std::byte> bytes_;
  std::string where_;
  std::uint64_t at_ = 0;
};

Json read_value(Cursor& in, std::uint32_t kind) {
  switch (kind) {
    case u8:
      return in.number<std::uint8_t>("a field");
    case i8:
      return in.number<std::int8_t>("a field");
    case u16:
      return in.number<std::uint16_t>("a field");
    case i16:
      return in.number<std::int16_t>("a field");
    case u32:
      return in.number<std::uint32_t>("a field");
    case i32:
      return in.number<std::int32_t>("a field");
    case f32:
      return in.number<float>("a field");
    case boolean:
      return in.number<std::uint8_t>("a field") != 0;
    case string:
      return std::string(in.text("a field"));
    case u64:
      return in.number<std::uint64_t>("a field");
    case i64:
      return in.number<std::int64_t>("a field");
    case f64:
      return in.number<double>("a field");
    case array:
      in.fail("has a list of lists");
    default:
      in.fail("has a field of unknown type " + std::to_string(kind));
  }
}

/// Bytes of a value that is not a text; 0 for other kinds.
std::size_t size_of(std::uint32_t kind) {
  static constexpr std::size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kind < std::size(kSizes) ? kSizes[kind] : 0;
}

/// Goes past a list's elements and gives their bytes.
std::span<const std::byte> skip_elements(Cursor& in, std::uint32_t kind, std::uint64_t count) {
  if (count > in.left()) in.fail("ends within a list");  // an element takes a byte or more
  Cursor before = in;
  const std::uint64_t start = in.at();
  if (kind == string) {
    for (std::uint64_t i = 0; i < count; ++i) in.text("a list");
  } else if (const std::size_t size = size_of(kind); size > 0) {
    if (count > in.left() / size) in.fail("ends within a list");
    in.take(count * size, "a list");
  } else {
    read_value(in, kind);  // says what is wrong with it
  }
  return before.take(in.at() - start, "a list");
}

GgufTensor read_tensor(Cursor& in) {
  GgufTensor t;
  t.name = std::string(in.text("a tensor's name"));
  const auto dims = in.number<std::uint32_t>("a tensor");
  if (dims < 1 || dims > 4) in.fail("tensor \"" + t.name + "\" has " + std::to_string(dims) + " dimensions");
  std::uint64_t count = 1;
  for (std::uint32_t d = 0; d < dims; ++d) {
    const auto size = in.number<std::uint64_t>("a tensor");
    if (size == 0 || size > kMaxElements / count) in.fail("tensor \"" + t.name + "\" is empty or too large");
    count *= size;
    t.shape.insert(t.shape.begin(), static_cast<std::int64_t>(size));
  }
  const auto type = in.number<std::uint32_t>("a tensor");
  static constexpr GgufType kKnown[] = {GgufType::f32,  GgufType::f16,  GgufType::bf16, GgufType::q8_0,
                                        GgufType::q4_0, GgufType::q4_k, GgufType::q6_k};
  const auto* known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                   [&](GgufType k) { return static_cast<std::uint32_t>(k) == type; });
  if (known == std::end(kKnown)) {
    throw Error(ErrorCode::unsupported, "tensor \"" + t.name + "\" has type " + std::to_string(type), "GGUF",
                "known: F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K");
  }
  t.type = *known;
  const GgufBlock block = gguf_block(t.type);
  if (t.shape.back() % block.values != 0) in.fail("tensor \"" + t.name + "\" has rows that are no whole blocks");
  t.bytes = count / static_cast<std::uint64_t>(block.values) * block.bytes;
  t.offset = in.number<std::uint64_t>("a tensor");
  return t;
}

}  // namespace

std::int64_t GgufTensor::count() const {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  return n;
}

GgufFile::GgufFile(const std::filesystem::path& path) : path_(path), file_(path) {
  static_assert(std::endian::native == std::endian::little, "GGUF is little-endian");
  const std::string_view text = file_.text();
  Cursor in(std::as_bytes(std::span(text.data(), text.size())), path.string());
  if (!text.starts_with("GGUF")) in.fail("does not begin with GGUF");
  in.take(4, "the magic");
  const auto version = in.number<std::uint32_t>("the version");
  if (version != 2 && version != 3) {
    throw Error(ErrorCode::unsupported, "is GGUF version " + std::to_string(version), path.string(), "known: 2 and 3");
  }
  const auto tensors = in.number<std::uint64_t>("the header"), fields = in.number<std::uint64_t>("the header");
  if (tensors > in.left() || fields > in.left()) in.fail("counts more tensors or fields than it can hold");
  for (std::uint64_t i = 0; i < fields; ++i) {
    const std::string name(in.text("a field's name"));
    const auto kind = in.number<std::uint32_t>("a field");
    if (metadata_.contains(name) || has_list(name)) in.fail("has the field \"" + name + "\" twice");
    if (kind != array) {
      metadata_[name] = read_value(in, kind);
      continue;
    }
    const auto of = in.number<std::uint32_t>("a list");
    const auto count = in.number<std::uint64_t>("a list");
    lists_[name] = {of, count, skip_elements(in, of, count)};
  }
  for (std::uint64_t i = 0; i < tensors; ++i) {
    tensors_.push_back(read_tensor(in));
    if (!by_name_.emplace(tensors_.back().name, i).second) {
      in.fail("has the tensor \"" + tensors_.back().name + "\" twice");
    }
  }
  const auto alignment = base::json_field<std::int64_t>(metadata_, "general.alignment", path.string(), 32);
  if (alignment < 1 || alignment > 65536) in.fail("has the alignment " + std::to_string(alignment));
  const auto step = static_cast<std::uint64_t>(alignment);
  const std::uint64_t padding = (step - in.at() % step) % step;
  if (padding > in.left() && !tensors_.empty()) in.fail("ends before its data");
  if (!tensors_.empty()) in.take(padding, "the padding");
  data_ = in.take(in.left(), "the data");
  for (const GgufTensor& t : tensors_) {
    if (t.offset % step != 0 || t.offset > data_.size() || t.bytes > data_.size() - t.offset) {
      in.fail("tensor \"" + t.name + "\" lies outside the data");
    }
  }
}

const GgufFile::List& GgufFile::list(const std::string& name) const {
  const auto at = lists_.find(name);
  if (at != lists_.end()) return at->second;
  throw Error(ErrorCode::bad_input, name + " is missing or no list", path_.string());
}

void GgufFile::for_each_text(const std::string& name, base::BodyRef<std::string_view> body) const {
  const List& l = list(name);
  if (l.kind != string) throw Error(ErrorCode::bad_input, name + " is no list of texts", path_.string());
  Cursor in(l.elements, path_.string());
  for (std::uint64_t i = 0; i < l.count; ++i) body(in.text("a list"));
}

std::vector<std::string_view> GgufFile::texts(const std::string& name) const {
  std::vector<std::string_view> out;
  out.reserve(list(name).count);
  for_each_text(name, [&](std::string_view text) { out.push_back(text); });
  return out;
}

std::vector<double> GgufFile::numbers(const std::string& name) const {
  const List& l = list(name);
  if (l.kind == string || l.kind == boolean) {
    throw Error(ErrorCode::bad_input, name + " is no list of numbers", path_.string());
  }
  Cursor in(l.elements, path_.string());
  std::vector<double> out(l.count);
  for (double& x : out) x = read_value(in, l.kind).get<double>();
  return out;
}

const GgufTensor& GgufFile::info(const std::string& name) const {
  const auto at = by_name_.find(name);
  if (at != by_name_.end()) return tensors_[at->second];
  throw Error(ErrorCode::bad_input, "has no tensor \"" + name + "\"", path_.string());
}

std::span<const std::byte> GgufFile::blocks(const std::string& name) const {
  const GgufTensor& t = info(name);
  return data_.subspan(t.offset, t.bytes);
}

std::vector<float> GgufFile::read(const std::string& name) const {
  const GgufTensor& t = info(name);
  std::vector<float> out(static_cast<std::size_t>(t.count()));
  gguf_decode(t.type, data_.subspan(t.offset, t.bytes), out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (std::isfinite(out[i])) continue;
    throw Error(ErrorCode::bad_input, "tensor \"" + name + "\"[" + std::to_string(i) + "] is not finite",
                path_.string());
  }
  return out;
}

}  // namespace ballast::lm
