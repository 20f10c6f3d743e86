// SPDX-License-Identifier: Apache-2.0
// Text preparation for traditional methods and for people: each step can be used, and seen, on its own.
//
// In: UTF-8 text, English or Chinese or both. Out: cleaned text, its language, sentences, words, terms. Spans are
// half-open byte ranges of the text that was given. All functions may be called from several threads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::text {

struct Span {
  std::size_t begin = 0, end = 0;
  std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

enum class Normalization { none, nfc, nfkc };

struct CleanOptions {
  Normalization form = Normalization::nfc;
  bool drop_controls = true;  ///< control and format characters (zero-width, byte-order mark, bidirectional marks)
  bool squeeze_space =
      true;                ///< runs of white space become one space, or one newline if they hold one; none at the ends
  bool half_width = true;  ///< full-width letters, digits and signs; ，！？；：（） stay (NFKC changes them too)
};

/// Bytes that are not UTF-8 become U+FFFD.
std::string clean(std::string_view text, const CleanOptions& options = {});

enum class Language { en, zh, mixed, other };

/// "en", "zh", "mixed", "other".
const char* language_name(Language language);

struct LanguageGuess {
  Language language = Language::other;
  double confidence = 0;  ///< 0 … 1, by script; low for short texts; 0 where there is no letter
};

/// By script: a Han character counts as one unit, an alphabetic word as one. Latin text of a dozen words without any
/// common English one is `other`, as is Japanese or Korean.
LanguageGuess detect_language(std::string_view text);

/// Sentences without the white space around them. Breaks by Unicode's rules, at ； and at newlines; not after English
/// abbreviations nor inside numbers.
std::vector<Span> split_sentences(std::string_view text);

/// Words without punctuation. Chinese by ICU's dictionary, with our own financial lexicon on top (longest match).
std::vector<Span> split_words(std::string_view text);

/// Common words that say little by themselves, English (any case) or Chinese. Negations are not among them.
bool is_stop_word(std::string_view word);

/// Lower case, and for English the Snowball stem ("downgraded" to "downgrad").
std::string lower(std::string_view word);
std::string stem(std::string_view word);

struct PreprocessOptions {
  bool clean = true, language = true, sentences = true, words = true, stop = true, stem = true;
  CleanOptions cleaning = {};
};

/// What each step made; steps that were not asked for leave their field empty.
struct Preprocessed {
  std::string text;  ///< cleaned, or as given; the spans below point into it
  LanguageGuess language;
  std::vector<Span> sentences, words;
  std::vector<std::string> terms;  ///< words in lower case, without stop words (stop), stemmed (stem)
};

Preprocessed preprocess(std::string_view text, const PreprocessOptions& options = {});

}  // namespace ballast::text
