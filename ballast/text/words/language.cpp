// SPDX-License-Identifier: Apache-2.0
#include <unicode/uscript.h>

#include <algorithm>

#include "ballast/text/preprocess.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

constexpr double kMixedShare = 0.25;     // both languages have at least this share: mixed
constexpr int kWordsWithoutCommon = 12;  // Latin words without one common English word: another language

struct Units {
  double han = 0, latin = 0, foreign = 0;
  int common = 0;  // English stop words
  double total() const { return han + latin + foreign; }
};

UScriptCode script_of(char32_t c) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(static_cast<UChar32>(c), &status);
}

/// End of the run of letters of one script that starts at `at`; apostrophes inside count ("don't").
std::size_t word_end(std::string_view text, std::size_t at, UScriptCode script) {
  while (at < text.size()) {
    const CodePoint c = decode_utf8(text, at);
    const bool mark = c.value == '\'' || c.value == 0x2019 || is_nonspacing_mark(c.value);
    if (!mark && (char_class(c.value) != CharClass::letter || script_of(c.value) != script)) break;
    at += c.size;
  }
  return at;
}

Units count_units(std::string_view text) {
  Units units;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (char_class(c.value) != CharClass::letter) {
      i += c.size;
      continue;
    }
    const UScriptCode script = script_of(c.value);
    const bool by_character = script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA;
    const std::size_t end = by_character ? i + c.size : word_end(text, i + c.size, script);
    if (script == USCRIPT_HAN) {
      ++units.han;
    } else if (script == USCRIPT_LATIN) {
      ++units.latin;
      if (is_stop_word(text.substr(i, end - i))) ++units.common;
    } else {
      ++units.foreign;
    }
    i = end;
  }
  return units;
}

}  // namespace

const char* language_name(Language language) {
  switch (language) {
    case Language::en:
      return "en";
    case Language::zh:
      return "zh";
    case Language::mixed:
      return "mixed";
    case Language::other:
      return "other";
  }
  return "other";
}

LanguageGuess detect_language(std::string_view text) {
  Units units = count_units(text);
  if (units.total() == 0) return {};
  // Japanese is Han with kana between; a text with a fifth of kana is not Chinese.
  if (units.foreign >= 0.2 * units.han) {
    units.foreign += units.foreign > 0 ? units.han : 0;
    units.han = units.foreign > 0 ? 0 : units.han;
  }
  if (units.latin >= kWordsWithoutCommon && units.common == 0) {
    units.foreign += units.latin;
    units.latin = 0;
  }
  const double total = units.total();
  // One unit of doubt, so that a single character does not make a certainty.
  const auto sure = [&](double part) { return part / (total + 1.0); };
  if (std::min(units.han, units.latin) >= kMixedShare * total) return {Language::mixed, sure(units.han + units.latin)};
  const double most = std::max({units.han, units.latin, units.foreign});
  if (most == units.foreign) return {Language::other, sure(most)};
  return {most == units.han ? Language::zh : Language::en, sure(most)};
}

}  // namespace ballast::text
