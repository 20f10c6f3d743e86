// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "ballast/base/error.h"
#include "ballast/lm/checkpoint/gguf.h"

namespace ballast::lm {
namespace {

using base::Json;

constexpr std::size_t kAlignment = 32;
constexpr std::uint32_t kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8, kArray = 9;

class Bytes {
 public:
  template <class T>
  void number(T value) {
    const auto* from = reinterpret_cast<const char*>(&value);
    out.append(from, sizeof(T));
  }
  void text(const std::string& s) {
    number(static_cast<std::uint64_t>(s.size()));
    out += s;
  }
  void align() { out.resize((out.size() + kAlignment - 1) / kAlignment * kAlignment, '\0'); }
  std::string out;
};

std::uint32_t kind_of(const Json& v) {
  if (v.is_string()) return kString;
  if (v.is_boolean()) return kBool;
  if (v.is_number_float()) return kF32;
  return v.is_number_unsigned() || v.get<std::int64_t>() >= 0 ? kU32 : kI32;
}

void put(Bytes& to, const Json& v, std::uint32_t kind) {
  if (kind == kString) to.text(v.get<std::string>());
  if (kind == kBool) to.number(static_cast<std::uint8_t>(v.get<bool>()));
  if (kind == kF32) to.number(v.get<float>());
  if (kind == kU32) to.number(v.get<std::uint32_t>());
  if (kind == kI32) to.number(v.get<std::int32_t>());
}

void put_field(Bytes& to, const std::string& name, const Json& v) {
  to.text(name);
  if (!v.is_array()) {
    to.number(kind_of(v));
    put(to, v, kind_of(v));
    return;
  }
  std::uint32_t kind = v.empty() ? kString : kind_of(v.front());
  if (kind == kU32) kind = kI32;  // as llama.cpp writes lists of numbers
  to.number(kArray);
  to.number(kind);
  to.number(static_cast<std::uint64_t>(v.size()));
  for (const Json& one : v) put(to, one, kind);
}

}  // namespace

void write_gguf(const std::filesystem::path& path, const GgufToWrite& file) {
  Bytes to;
  to.out = "GGUF";
  to.number(std::uint32_t{3});
  to.number(static_cast<std::uint64_t>(file.tensors.size()));
  to.number(static_cast<std::uint64_t>(file.metadata.size()));
  for (const auto& [name, value] : file.metadata) put_field(to, name, value);
  std::uint64_t offset = 0;
  for (const GgufToWrite::Tensor& t : file.tensors) {
    to.text(t.name);
    to.number(static_cast<std::uint32_t>(t.shape.size()));
    for (auto size = t.shape.rbegin(); size != t.shape.rend(); ++size) to.number(static_cast<std::uint64_t>(*size));
    to.number(static_cast<std::uint32_t>(t.type));
    to.number(offset);
    offset += (t.bytes.size() + kAlignment - 1) / kAlignment * kAlignment;
  }
  to.align();
  for (const GgufToWrite::Tensor& t : file.tensors) {
    to.out.append(reinterpret_cast<const char*>(t.bytes.data()), t.bytes.size());
    to.align();
  }
  base::write_file_atomic(path, to.out);
}

}  // namespace ballast::lm
