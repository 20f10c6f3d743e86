// SPDX-License-Identifier: Apache-2.0
// SentencePiece's normalisation map: a double-array trie (Aoe 1989, in the layout of Darts-clone) from character
// sequences to places in a block of texts that end with a zero byte.
//
//   charsmap := trie_bytes:u32 unit:u32… text\0 text\0 …     (little-endian)
#include <cstring>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/normalize.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;

class Precompiled : public Normalizer {
 public:
  Precompiled(std::string_view charsmap, const std::string& where) {
    if (charsmap.empty()) return;
    std::uint32_t bytes = 0;
    if (charsmap.size() >= sizeof bytes) std::memcpy(&bytes, charsmap.data(), sizeof bytes);
    if (charsmap.size() < sizeof bytes + bytes || bytes % sizeof(std::uint32_t) != 0 || bytes == 0) {
      throw Error(ErrorCode::bad_input, "the precompiled_charsmap is cut or damaged", where);
    }
    units_.resize(bytes / sizeof(std::uint32_t));
    std::memcpy(units_.data(), charsmap.data() + sizeof bytes, bytes);
    texts_ = charsmap.substr(sizeof bytes + bytes);
    texts_.push_back('\0');  // the last text ends, whatever the file says
  }

  NormalizedText apply(std::string_view text) const override {
    NormalizedText out;
    out.text.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
      if (const Match m = longest(text.substr(i)); m.bytes > 0) {
        out.append(texts_.c_str() + m.text, i, i + m.bytes);
        i += m.bytes;
        continue;
      }
      const CodePoint c = decode_utf8(text, i);
      if (c.valid) {
        out.append(text.substr(i, c.size), i, i + c.size);
        i += c.size;
      } else {
        out.append("\xef\xbf\xbd", i, i + 1);
        i += 1;
      }
    }
    return out;
  }

 private:
  struct Match {
    std::size_t bytes = 0, text = 0;
  };

  static std::uint32_t offset(std::uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

  Match longest(std::string_view key) const {
    Match found;
    if (units_.empty()) return found;
    std::size_t node = offset(units_[0]);
    for (std::size_t i = 0; i < key.size(); ++i) {
      const auto byte = static_cast<unsigned char>(key[i]);
      node ^= byte;
      if (node >= units_.size()) break;
      const std::uint32_t unit = units_[node];
      if ((unit & ((1u << 31) | 0xFFu)) != byte) break;
      node ^= offset(unit);
      if (node >= units_.size()) break;
      if ((unit >> 8 & 1u) == 0) continue;
      const std::size_t text = units_[node] & ((1u << 31) - 1);
      if (text < texts_.size()) found = {i + 1, text};
    }
    return found;
  }

  std::vector<std::uint32_t> units_;
  std::string texts_;
};

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::unique_ptr<Normalizer> make_precompiled(std::string charsmap, const std::string& where) {
  return std::make_unique<Precompiled>(charsmap, where);
}

std::string decode_base64(std::string_view text, const std::string& where) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const char* digit = c == '\0' ? nullptr : std::strchr(kBase64, c);
    if (digit == nullptr) throw Error(ErrorCode::bad_input, "the precompiled_charsmap is not base64", where);
    bits = bits << 6 | static_cast<std::uint32_t>(digit - kBase64);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xFFu));
  }
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += at + i <= bytes.size() ? kBase64[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

}  // namespace ballast::text
