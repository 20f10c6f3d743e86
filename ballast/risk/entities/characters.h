// SPDX-License-Identifier: Apache-2.0
// Characters of UTF-8 text by class, and small steps over it, for scanners.
#pragma once

#include <cstddef>
#include <string_view>

namespace ballast::risk {

struct Character {
  char32_t code = 0;
  std::size_t size = 1;  // bytes
};

/// The character that starts at `at`; damaged bytes count as one character each.
inline Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const std::size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (size == 1 || byte(0) < 0xC0 || at + size > text.size()) return {byte(0), 1};
  char32_t code = byte(0) & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3Fu);
  return {code, size};
}

/// Start of the character that ends before `at`.
inline std::size_t previous(std::string_view text, std::size_t at) {
  do {
    --at;
  } while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
inline bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
inline bool is_alpha(char c) {
  return is_upper(c) || is_lower(c);
}
inline bool is_alnum(char c) {
  return is_alpha(c) || is_digit(c);
}
inline char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c + 32) : c;
}
inline char to_upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 32) : c;
}

inline bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x3134F) ||
         (c >= 0xF900 && c <= 0xFAFF) || c == 0x3007;
}
/// Latin, Greek and Cyrillic letters and digits: characters that make words with their neighbours.
inline bool is_word(char32_t c) {
  if (c < 0x80) return is_alnum(static_cast<char>(c));
  return (c >= 0xC0 && c <= 0x52F && c != 0xD7 && c != 0xF7);
}

/// True where a word may start at `at` (the character before it is not part of a word), or end there.
inline bool at_boundary(std::string_view text, std::size_t at) {
  return at == 0 || at >= text.size() || !is_word(character_at(text, previous(text, at)).code) ||
         !is_word(character_at(text, at).code);
}

/// Without regard to ASCII case.
inline bool has_at(std::string_view text, std::size_t at, std::string_view lower) {
  if (at > text.size() || text.size() - at < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (to_lower(text[at + i]) != lower[i]) return false;
  }
  return true;
}

inline std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

}  // namespace ballast::risk
