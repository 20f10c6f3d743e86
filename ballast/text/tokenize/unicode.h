// SPDX-License-Identifier: Apache-2.0
// UTF-8 and the character classes that tokenizers ask for. Bytes that are not UTF-8 read as U+FFFD, one for each
// maximal subpart (Unicode 15, section 3.9, "U+FFFD substitution of maximal subparts").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ballast::text {

struct CodePoint {
  char32_t value = 0;
  std::uint32_t size = 1;  // bytes
  bool valid = true;
};

inline constexpr char32_t kReplacement = 0xFFFD;

/// The non-ASCII part of decode_utf8.
CodePoint decode_long_utf8(std::string_view text, std::size_t at);

/// The code point that starts at byte `at`, at < text.size().
inline CodePoint decode_utf8(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {byte, 1, true};
  return decode_long_utf8(text, at);
}

void append_utf8(std::string& out, char32_t c);

/// The text with U+FFFD in place of what is not UTF-8.
std::string replace_invalid_utf8(std::string_view text);

/// The same with one U+FFFD a byte.
std::string replace_invalid_bytes(std::string_view text);

std::size_t count_code_points(std::string_view text);

enum class CharClass : std::uint8_t { other, letter, number, space };

namespace detail {
constexpr std::array<CharClass, 128> make_ascii_classes() {
  std::array<CharClass, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    const bool space = c == ' ' || (c >= 9 && c <= 13);
    classes[static_cast<std::size_t>(c)] = letter  ? CharClass::letter
                                           : digit ? CharClass::number
                                           : space ? CharClass::space
                                                   : CharClass::other;
  }
  return classes;
}
inline constexpr std::array<CharClass, 128> kAsciiClasses = make_ascii_classes();
}  // namespace detail

/// The non-ASCII part of char_class.
CharClass wide_char_class(char32_t c);

/// \p{L}, \p{N}, White_Space, or none of them.
inline CharClass char_class(char32_t c) {
  return c < 128 ? detail::kAsciiClasses[c] : wide_char_class(c);
}

bool is_space(char32_t c);              // White_Space
bool is_control_or_format(char32_t c);  // Cc, Cf, Co; unassigned code points are not
bool is_nonspacing_mark(char32_t c);    // Mn
bool is_han(char32_t c);                // Script=Han
bool is_word_character(char32_t c);     // letter, number, mark or connector (\w)

// The same classes as BERT's fast tokenizer has them: from the tables of Unicode 8.
bool is_bert_control(char32_t c);
bool is_bert_mark(char32_t c);
bool is_bert_punctuation(char32_t c);  // P*, and ASCII signs
bool is_bert_chinese(char32_t c);      // the CJK blocks of its basic tokenizer

/// Appends the lower-case form of one character (no context, so no final sigma).
void append_lower(std::string& out, char32_t c);

/// Canonical decomposition of one character into `out` (at most 8); returns how many code points were written.
std::size_t decompose(char32_t c, char32_t* out);

}  // namespace ballast::text
