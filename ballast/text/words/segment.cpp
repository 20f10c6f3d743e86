// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/preprocess.h"
#include "ballast/text/words/breaks.h"
#include "ballast/text/words/finance_lexicon_zh.h"

namespace ballast::text {

std::vector<Span> split_words(std::string_view text) {
  std::vector<Span> out;
  std::size_t begin = 0;
  for (const Break& b : word_breaks(text)) {
    // A lexicon word may have taken the beginning of this one, or all of it, and may take the next ones.
    while (begin < b.at) {
      std::size_t end = b.at;
      if (b.is_word) {
        const std::size_t matched = match_finance_word(text, begin);
        if (begin + matched > end) end = begin + matched;
        out.push_back({begin, end});
      }
      begin = end;
    }
  }
  return out;
}

}  // namespace ballast::text
