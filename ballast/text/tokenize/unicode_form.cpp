// SPDX-License-Identifier: Apache-2.0
// Unicode's normalisation forms, as tokenizer.json asks for them.
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/normalize.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

class UnicodeForm : public Normalizer {
 public:
  using Instance = const UNormalizer2* (*)(UErrorCode*);
  explicit UnicodeForm(Instance instance) {
    UErrorCode status = U_ZERO_ERROR;
    form_ = instance(&status);
    BALLAST_CHECK(U_SUCCESS(status), status);
  }

  /// Characters are composed in stretches between which nothing can combine; bytes that are no UTF-8 stay.
  NormalizedText apply(std::string_view text) const override {
    NormalizedText out;
    out.text.reserve(text.size());
    out.begin.reserve(text.size());
    out.end.reserve(text.size());
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = decode_utf8(text, i);
      if (i > from && (c.value < 0x80 || !c.valid || unorm2_hasBoundaryBefore(form_, static_cast<UChar32>(c.value)))) {
        add(out, text, from, i);
        from = i;
      }
      i += c.size;
      if (c.valid) continue;
      add(out, text, from, i);
      from = i;
    }
    if (from < text.size()) add(out, text, from, text.size());
    return out;
  }

 private:
  void add(NormalizedText& out, std::string_view text, std::size_t from, std::size_t to) const {
    const CodePoint first = decode_utf8(text, from);
    const std::string_view piece = text.substr(from, to - from);
    if (from + first.size == to && (first.value < 0x80 || !first.valid)) return out.append(piece, from, to);
    const std::string composed = compose(piece);
    if (composed != piece) return out.append(composed, from, to);
    for (std::size_t i = from; i < to;) {
      const CodePoint c = decode_utf8(text, i);
      out.append(text.substr(i, c.size), i, i + c.size);
      i += c.size;
    }
  }

  std::string compose(std::string_view piece) const {
    std::u16string units, composed;
    for (std::size_t i = 0; i < piece.size();) {
      const CodePoint c = decode_utf8(piece, i);
      char16_t pair[2];
      std::int32_t n = 0;
      U16_APPEND_UNSAFE(pair, n, c.value);
      units.append(pair, static_cast<std::size_t>(n));
      i += c.size;
    }
    composed.resize(18 * units.size() + 8);  // the longest compatibility mapping (U+FDFA) has 18 units
    UErrorCode status = U_ZERO_ERROR;
    const std::int32_t n = unorm2_normalize(form_, units.data(), static_cast<std::int32_t>(units.size()),
                                            composed.data(), static_cast<std::int32_t>(composed.size()), &status);
    BALLAST_CHECK(U_SUCCESS(status), status);
    std::string out;
    for (std::int32_t i = 0; i < n;) {
      UChar32 c = 0;
      U16_NEXT(composed.data(), i, n, c);
      append_utf8(out, static_cast<char32_t>(c));
    }
    return out;
  }

  const UNormalizer2* form_ = nullptr;
};

}  // namespace

std::unique_ptr<Normalizer> make_unicode_form(const std::string& name) {
  if (name == "NFC") return std::make_unique<UnicodeForm>(unorm2_getNFCInstance);
  if (name == "NFD") return std::make_unique<UnicodeForm>(unorm2_getNFDInstance);
  if (name == "NFKC") return std::make_unique<UnicodeForm>(unorm2_getNFKCInstance);
  if (name == "NFKD") return std::make_unique<UnicodeForm>(unorm2_getNFKDInstance);
  return nullptr;
}

}  // namespace ballast::text
