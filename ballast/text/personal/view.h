// SPDX-License-Identifier: Apache-2.0
// A UTF-8 text as UTF-16 for ICU's regular expressions, full-width signs made half-width one by one, with the way back
// to bytes.
#pragma once

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/text/personal_data.h"

namespace ballast::text {

class View {
 public:
  explicit View(std::string_view text);

  const icu::UnicodeString& units() const { return units_; }
  std::int32_t size() const { return units_.length(); }
  /// 0 where there is no such unit.
  char16_t at(std::int32_t unit) const { return unit >= 0 && unit < size() ? units_.charAt(unit) : u'\0'; }
  std::size_t byte(std::int32_t unit) const { return bytes_[static_cast<std::size_t>(unit)]; }
  /// Units [begin, end) in UTF-8, half-width.
  std::string text(std::int32_t begin, std::int32_t end) const;
  /// The same without spaces, dashes, dots and brackets.
  std::string bare(std::int32_t begin, std::int32_t end) const;

 private:
  icu::UnicodeString units_;
  std::vector<std::size_t> bytes_;  // of each unit, and of the end
};

inline bool is_han(char16_t c) {
  return c >= 0x4e00 && c <= 0x9fff;
}

/// Found units [begin, end).
struct Candidate {
  PersonalKind kind = PersonalKind::name;
  std::int32_t begin = 0, end = 0;
};

/// A compiled regular expression. Several threads may use one.
class Pattern {
 public:
  /// Throws internal where the expression is malformed.
  explicit Pattern(const char* expression, std::uint32_t flags = 0);
  /// Calls for each match, from left to right, with the matcher that stands on it.
  void each(const View& view, const std::function<void(const icu::RegexMatcher&)>& found) const;
  /// Whether it is found within units [begin, end).
  bool within(const View& view, std::int32_t begin, std::int32_t end) const;

 private:
  std::unique_ptr<icu::RegexPattern> pattern_;
};

std::int32_t start_of(const icu::RegexMatcher& match, int group = 0);
std::int32_t end_of(const icu::RegexMatcher& match, int group = 0);

/// Each adds what it finds; candidates may overlap.
void find_numbers(const View& view, std::vector<Candidate>& found);
void find_addresses(const View& view, std::vector<Candidate>& found);
void find_names_en(const View& view, std::vector<Candidate>& found);
void find_names_zh(const View& view, std::string_view text, std::vector<Candidate>& found);

}  // namespace ballast::text
