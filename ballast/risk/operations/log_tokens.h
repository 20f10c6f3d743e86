// SPDX-License-Identifier: Apache-2.0
// A log message as tokens: words, delimiters and values, each with its place in the message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::risk {

/// An empty word is a variable.
struct LogToken {
  std::string word;
  std::size_t begin = 0, end = 0;  // bytes of the message, half-open; begin == end for "()" and its like

  bool variable() const { return word.empty(); }
};

/// Masks what is a value by its look (digits, addresses, paths, hosts, dates), cuts at spaces and punctuation, and
/// joins neighbouring values. Beyond `max_tokens` the rest of the message is one variable.
std::vector<LogToken> tokenize_log(std::string_view content, std::size_t max_tokens);

/// True where the word has a letter (ASCII, or any byte of another script).
bool has_letter(std::string_view word);

}  // namespace ballast::risk
