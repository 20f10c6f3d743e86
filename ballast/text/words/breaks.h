// SPDX-License-Identifier: Apache-2.0
// ICU's break iterators over UTF-8, one a thread (they are costly to make and not for two threads).
#pragma once

#include <string_view>
#include <vector>

namespace ballast::text {

struct Break {
  std::size_t at = 0;    // byte position
  bool is_word = false;  // word breaks: what ends here holds a letter, number or ideograph
};

/// Breaks in order, without position 0 and with the end of the text.
std::vector<Break> sentence_breaks(std::string_view text);
std::vector<Break> word_breaks(std::string_view text);

}  // namespace ballast::text
