// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/unicode.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/utf16.h>

namespace ballast::text {
namespace {

struct Lead {
  std::uint32_t size;
  unsigned char first_low, first_high;  // what the second byte may be
};

/// Table 3-7 of the Unicode standard; size 0 for a byte that starts nothing.
Lead lead_of(unsigned char b) {
  if (b >= 0xC2 && b <= 0xDF) return {2, 0x80, 0xBF};
  if (b == 0xE0) return {3, 0xA0, 0xBF};
  if (b == 0xED) return {3, 0x80, 0x9F};
  if (b >= 0xE1 && b <= 0xEF) return {3, 0x80, 0xBF};
  if (b == 0xF0) return {4, 0x90, 0xBF};
  if (b >= 0xF1 && b <= 0xF3) return {4, 0x80, 0xBF};
  if (b == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

UChar32 u(char32_t c) {
  return static_cast<UChar32>(c);
}

bool in_unicode_8(char32_t c) {
  UVersionInfo version;
  u_charAge(u(c), version);
  return version[0] <= 8;
}

}  // namespace

CodePoint decode_long_utf8(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Lead lead = lead_of(byte(at));
  if (lead.size == 0) return {kReplacement, 1, false};
  char32_t value = byte(at) & (0xFFu >> (lead.size + 1));
  for (std::uint32_t k = 1; k < lead.size; ++k) {
    if (at + k >= text.size()) return {kReplacement, k, false};
    const unsigned char b = byte(at + k);
    if (b < (k == 1 ? lead.first_low : 0x80) || b > (k == 1 ? lead.first_high : 0xBF)) return {kReplacement, k, false};
    value = value << 6 | (b & 0x3Fu);
  }
  return {value, lead.size, true};
}

void append_utf8(std::string& out, char32_t c) {
  const auto push = [&](char32_t b) { out.push_back(static_cast<char>(static_cast<unsigned char>(b))); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0 | c >> 6);
    push(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    push(0xE0 | c >> 12);
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  } else {
    push(0xF0 | c >> 18);
    push(0x80 | (c >> 12 & 0x3F));
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  }
}

std::string replace_invalid_utf8(std::string_view text) {
  std::size_t valid = 0;
  while (valid < text.size()) {
    const CodePoint c = decode_utf8(text, valid);
    if (!c.valid) break;
    valid += c.size;
  }
  std::string out(text.substr(0, valid));
  for (std::size_t i = valid; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (c.valid) {
      out.append(text.substr(i, c.size));
    } else {
      append_utf8(out, kReplacement);
    }
    i += c.size;
  }
  return out;
}

std::string replace_invalid_bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (c.valid) {
      out += text.substr(i, c.size);
      i += c.size;
    } else {
      append_utf8(out, kReplacement);
      i += 1;
    }
  }
  return out;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); i += decode_utf8(text, i).size) ++n;
  return n;
}

CharClass wide_char_class(char32_t c) {
  const auto mask = U_GET_GC_MASK(u(c));
  if ((mask & U_GC_L_MASK) != 0) return CharClass::letter;
  if ((mask & U_GC_N_MASK) != 0) return CharClass::number;
  return u_isUWhiteSpace(u(c)) ? CharClass::space : CharClass::other;
}

bool is_space(char32_t c) {
  return c < 128 ? detail::kAsciiClasses[c] == CharClass::space : u_isUWhiteSpace(u(c)) != 0;
}

bool is_control_or_format(char32_t c) {
  if (c < 128) return c < 32 || c == 127;
  return (U_GET_GC_MASK(u(c)) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK)) != 0;
}

bool is_nonspacing_mark(char32_t c) {
  return c >= 128 && u_charType(u(c)) == U_NON_SPACING_MARK;
}

bool is_bert_control(char32_t c) {
  return is_control_or_format(c) && (c < 128 || in_unicode_8(c));
}

bool is_bert_mark(char32_t c) {
  if (c == 0x1734) return true;  // has become a spacing mark since; the next four were no marks yet
  if (c == 0x1885 || c == 0x1886 || c == 0xA9BD || c == 0x111C9) return false;
  return is_nonspacing_mark(c) && in_unicode_8(c);
}

bool is_bert_punctuation(char32_t c) {
  if (c < 128) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  if (c == 0x166D || c == 0x111C9) return true;  // has become a symbol, a mark
  return (U_GET_GC_MASK(u(c)) & U_GC_P_MASK) != 0 && in_unicode_8(c);
}

bool is_bert_chinese(char32_t c) {
  // 0x2B920 where BERT's own code has 0x2B820: the Rust library that made the public files reads it so.
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_han(char32_t c) {
  if (c < 0x2E80) return false;
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(u(c), &status) == USCRIPT_HAN;
}

bool is_word_character(char32_t c) {
  return (U_GET_GC_MASK(u(c)) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK | U_GC_PC_MASK)) != 0;
}

void append_lower(std::string& out, char32_t c) {
  if (c < 128) {
    out.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
  } else if (c == 0x130) {  // the one character whose full lower-case form is longer: i with a dot above
    out.push_back('i');
    append_utf8(out, 0x307);
  } else {
    append_utf8(out, static_cast<char32_t>(u_tolower(u(c))));
  }
}

std::size_t decompose(char32_t c, char32_t* out) {
  out[0] = c;
  if (c < 0xC0) return 1;
  UErrorCode status = U_ZERO_ERROR;
  static const UNormalizer2* const nfd = unorm2_getNFDInstance(&status);
  UChar units[16];
  const int32_t n = unorm2_getDecomposition(nfd, u(c), units, 16, &status);
  if (n < 0 || U_FAILURE(status)) return 1;
  std::size_t count = 0;
  for (int32_t i = 0; i < n;) {
    UChar32 d = 0;
    U16_NEXT(units, i, n, d);
    out[count++] = static_cast<char32_t>(d);
  }
  return count;
}

}  // namespace ballast::text
