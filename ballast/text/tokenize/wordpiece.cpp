// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/wordpiece.h"

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {

WordPiece::WordPiece(const TokenizerParts& parts, const TokenIds& ids) : starts_(ids) {
  const auto unknown = base::json_field<std::string>(parts.model, "unk_token", parts.where, "[UNK]");
  const auto prefix = base::json_field<std::string>(parts.model, "continuing_subword_prefix", parts.where, "##");
  longest_word_ = base::json_field<std::size_t>(parts.model, "max_input_chars_per_word", parts.where, 100);
  const auto found = ids.find(unknown);
  if (!found) {
    throw base::Error(base::ErrorCode::bad_input, "the vocabulary lacks the unknown token \"" + unknown + "\"",
                      parts.where);
  }
  unknown_ = *found;
  for (std::size_t i = 0; i < parts.tokens.size(); ++i) {
    const std::string_view token = parts.tokens[i];
    longest_token_ = std::max(longest_token_, token.size());
    if (token.starts_with(prefix)) continuations_.insert(token.substr(prefix.size()), static_cast<std::int32_t>(i));
  }
}

void WordPiece::tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const {
  const std::size_t before = out.size();
  bool known = word.size() <= longest_word_ || count_code_points(word) <= longest_word_;
  for (std::size_t begin = 0; known && begin < word.size();) {
    const TokenIds& table = begin == 0 ? starts_ : continuations_;
    std::size_t end = std::min(word.size(), begin + longest_token_);
    const auto is_boundary = [&](std::size_t i) {
      return i >= word.size() || (static_cast<unsigned char>(word[i]) & 0xC0) != 0x80;
    };
    for (; end > begin; --end) {
      if (!is_boundary(end)) continue;
      const auto found = table.find(word.substr(begin, end - begin));
      if (!found) continue;
      out.push_back({*found, at + begin, at + end});
      break;
    }
    known = end > begin;
    begin = end;
  }
  if (known) return;
  out.resize(before);
  out.push_back({unknown_, at, at + word.size()});
}

}  // namespace ballast::text
