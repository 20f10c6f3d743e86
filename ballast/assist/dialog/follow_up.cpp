// SPDX-License-Identifier: Apache-2.0
#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>

#include "ballast/assist/dialog/parts.h"
#include "ballast/base/error.h"

namespace ballast::assist {
namespace {

bool holds(const char* expression, std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString units = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  icu::RegexMatcher matcher(icu::UnicodeString::fromUTF8(expression), units, UREGEX_CASE_INSENSITIVE, status);
  const bool found = matcher.find(status);
  if (U_FAILURE(status)) base::check_failed("a pattern can be matched", __FILE__, __LINE__, u_errorName(status));
  return found;
}

}  // namespace

std::string language_of(std::string_view question) {
  std::int64_t han = 0, words = 0;
  for (const text::Span& w : text::split_words(question)) {
    const auto lead = static_cast<unsigned char>(question[w.begin]);
    (lead >= 0xe4 && lead <= 0xe9 ? han : words) += 1;
  }
  return han >= words && han > 0 ? "zh" : "en";
}

bool leans_on_previous(std::string_view question) {
  if (holds(R"(^\W*(?:and|but|so|then|or|also|what about|how about|what if|what else)\b)", question)) return true;
  if (holds(R"(^\W*(?:那么?|那如果|还有|另外|如果|要是|然后)|呢[？?]?\s*$)", question)) return true;
  const std::size_t terms = terms_of(question).words.size();
  if (holds(R"(\b(?:it|its|that|this|they|them|those|these|there|one)\b|它|这个|那个|这种|那种|这样|那里)", question))
    return terms <= 4;
  return terms <= 1;
}

}  // namespace ballast::assist
