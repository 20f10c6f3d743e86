// SPDX-License-Identifier: Apache-2.0
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "ballast/base/error.h"
#include "ballast/text/preprocess.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

std::string normalize(std::string_view text, Normalization form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* n =
      form == Normalization::nfc ? icu::Normalizer2::getNFCInstance(status) : icu::Normalizer2::getNFKCInstance(status);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  if (U_SUCCESS(status))
    n->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink, nullptr, status);
  BALLAST_CHECK(U_SUCCESS(status), static_cast<int>(status));
  return out;
}

/// U+FF01 … U+FF5E stand 0xFEE0 above ASCII. Marks that Chinese sentences are written with are left alone.
char32_t to_half_width(char32_t c) {
  switch (c) {
    case 0xFF01:
    case 0xFF08:
    case 0xFF09:
    case 0xFF0C:
    case 0xFF1A:
    case 0xFF1B:
    case 0xFF1F:
      return c;
    case 0x3000:
      return ' ';
    default:
      return c >= 0xFF01 && c <= 0xFF5E ? c - 0xFEE0 : c;
  }
}

}  // namespace

std::string clean(std::string_view given, const CleanOptions& options) {
  std::string text = replace_invalid_utf8(given);
  if (options.form != Normalization::none) text = normalize(text, options.form);
  std::string out;
  out.reserve(text.size());
  bool space = false, newline = false;  // white space seen since the last character that was kept
  for (std::size_t i = 0; i < text.size();) {
    CodePoint c = decode_utf8(text, i);
    i += c.size;
    if (options.half_width) c.value = to_half_width(c.value);
    if (options.squeeze_space && is_space(c.value)) {
      space = true;
      newline |= c.value == '\n' || c.value == '\r' || c.value == 0x2028 || c.value == 0x2029;
      continue;
    }
    if (options.drop_controls && !is_space(c.value) && is_control_or_format(c.value)) continue;
    if (space && !out.empty()) out.push_back(newline ? '\n' : ' ');
    space = newline = false;
    append_utf8(out, c.value);
  }
  return out;
}

}  // namespace ballast::text
