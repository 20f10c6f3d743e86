// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/byte_alphabet.h"

#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

// Bytes that are visible in Latin-1 stand for themselves, the other 68 take U+0100 and onwards in order.
constexpr char32_t kFirstBorrowed = 0x100;
constexpr int kBorrowed = 68;

std::array<int, kFirstBorrowed + kBorrowed> make_bytes_of_characters() {
  std::array<int, kFirstBorrowed + kBorrowed> bytes;
  bytes.fill(-1);
  for (int b = 0; b < 256; ++b) bytes[byte_characters()[static_cast<std::size_t>(b)]] = b;
  return bytes;
}

}  // namespace

const std::array<char32_t, 256>& byte_characters() {
  static const std::array<char32_t, 256> characters = [] {
    std::array<char32_t, 256> table{};
    char32_t next = kFirstBorrowed;
    for (char32_t b = 0; b < 256; ++b) {
      const bool visible = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      table[b] = visible ? b : next++;
    }
    return table;
  }();
  return characters;
}

std::string to_byte_characters(std::string_view bytes) {
  std::string out;
  for (const char b : bytes) append_utf8(out, byte_characters()[static_cast<unsigned char>(b)]);
  return out;
}

std::optional<std::string> from_byte_characters(std::string_view token) {
  static const auto bytes = make_bytes_of_characters();
  std::string out;
  for (std::size_t i = 0; i < token.size();) {
    const CodePoint c = decode_utf8(token, i);
    if (!c.valid || c.value >= bytes.size() || bytes[c.value] < 0) return std::nullopt;
    out.push_back(static_cast<char>(bytes[c.value]));
    i += c.size;
  }
  return out;
}

}  // namespace ballast::text
