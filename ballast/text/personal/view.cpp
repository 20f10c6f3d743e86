// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/personal/view.h"

#include <unicode/utf8.h>

#include "ballast/base/error.h"

namespace ballast::text {
namespace {

void check(UErrorCode status) {
  if (U_FAILURE(status)) base::check_failed("a pattern can be matched", __FILE__, __LINE__, u_errorName(status));
}

}  // namespace

View::View(std::string_view text) {
  const auto length = static_cast<std::int32_t>(text.size());
  bytes_.reserve(text.size() + 1);
  for (std::int32_t at = 0; at < length;) {
    const std::int32_t begin = at;
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(text.data(), at, length, c);
    if (c >= 0xff01 && c <= 0xff5e) c -= 0xfee0;           // full-width ASCII
    if (c == 0x3000 || c == 0xa0 || c == 0x202f) c = ' ';  // ideographic and no-break spaces
    units_.append(c);
    while (static_cast<std::int32_t>(bytes_.size()) < units_.length())
      bytes_.push_back(static_cast<std::size_t>(begin));
  }
  bytes_.push_back(text.size());
}

std::string View::text(std::int32_t begin, std::int32_t end) const {
  std::string out;
  units_.tempSubStringBetween(begin, end).toUTF8String(out);
  return out;
}

std::string View::bare(std::int32_t begin, std::int32_t end) const {
  std::string out;
  for (const char c : text(begin, end)) {
    if (std::string_view(" -.()/").find(c) == std::string_view::npos) out += c;
  }
  return out;
}

Pattern::Pattern(const char* expression, std::uint32_t flags) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError place;
  pattern_.reset(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(expression), flags, place, status));
  if (U_FAILURE(status)) base::check_failed("a pattern compiles", __FILE__, __LINE__, expression);
}

void Pattern::each(const View& view, const std::function<void(const icu::RegexMatcher&)>& found) const {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(view.units(), status));
  while (U_SUCCESS(status) && matcher->find(status)) found(*matcher);
  check(status);
}

bool Pattern::within(const View& view, std::int32_t begin, std::int32_t end) const {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString part = view.units().tempSubStringBetween(begin, end);
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(part, status));
  const bool yes = matcher->find(status);
  check(status);
  return yes;
}

std::int32_t start_of(const icu::RegexMatcher& match, int group) {
  UErrorCode status = U_ZERO_ERROR;
  return match.start(group, status);
}

std::int32_t end_of(const icu::RegexMatcher& match, int group) {
  UErrorCode status = U_ZERO_ERROR;
  return match.end(group, status);
}

}  // namespace ballast::text
