// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/words/breaks.h"

#include <unicode/brkiter.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <memory>

#include "ballast/base/error.h"

namespace ballast::text {
namespace {

using Iterator = std::unique_ptr<icu::BreakIterator>;

Iterator checked(icu::BreakIterator* made, UErrorCode status) {
  Iterator iterator(made);
  if (U_FAILURE(status) || iterator == nullptr) {
    throw base::Error(base::ErrorCode::unsupported, std::string("ICU has no break rules: ") + u_errorName(status), "",
                      "install the full ICU data");
  }
  return iterator;
}

std::vector<Break> breaks(icu::BreakIterator& iterator, std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  UText utext = UTEXT_INITIALIZER;
  utext_openUTF8(&utext, text.data(), static_cast<int64_t>(text.size()), &status);
  iterator.setText(&utext, status);
  std::vector<Break> out;
  if (U_SUCCESS(status)) {
    iterator.first();
    for (int32_t at = iterator.next(); at != icu::BreakIterator::DONE; at = iterator.next()) {
      out.push_back({static_cast<std::size_t>(at), iterator.getRuleStatus() >= UBRK_WORD_NUMBER});
    }
  }
  utext_close(&utext);
  BALLAST_CHECK(U_SUCCESS(status), static_cast<int>(status));
  return out;
}

}  // namespace

std::vector<Break> sentence_breaks(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  thread_local const Iterator iterator =
      checked(icu::BreakIterator::createSentenceInstance(icu::Locale::getEnglish(), status), status);
  return breaks(*iterator, text);
}

std::vector<Break> word_breaks(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  thread_local const Iterator iterator =
      checked(icu::BreakIterator::createWordInstance(icu::Locale::getEnglish(), status), status);
  return breaks(*iterator, text);
}

}  // namespace ballast::text
