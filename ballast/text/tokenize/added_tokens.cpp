// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/added_tokens.h"

#include <algorithm>

#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

/// Start of the character that ends at `end` (> 0).
std::size_t previous_character(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word_character(decode_utf8(text, previous_character(text, begin)).value)) return false;
  return end >= text.size() || !is_word_character(decode_utf8(text, end).value);
}

}  // namespace

void AddedTokenFinder::add(const AddedToken& token, std::string content) {
  if (content.empty()) return;
  const auto index = static_cast<std::int32_t>(entries_.size());
  std::int32_t* link = &by_first_byte_[static_cast<unsigned char>(content[0])];
  while (*link >= 0 && entries_[static_cast<std::size_t>(*link)].content.size() >= content.size()) {
    link = &entries_[static_cast<std::size_t>(*link)].next;
  }
  const std::int32_t next = *link;
  *link = index;  // before push_back, which may move the entries
  entries_.push_back({token, std::move(content), next});
}

const AddedTokenFinder::Entry* AddedTokenFinder::match(std::string_view text, std::size_t at) const {
  for (std::int32_t i = by_first_byte_[static_cast<unsigned char>(text[at])]; i >= 0;) {
    const Entry& entry = entries_[static_cast<std::size_t>(i)];
    if (text.substr(at).starts_with(entry.content)) return &entry;
    i = entry.next;
  }
  return nullptr;
}

void AddedTokenFinder::split(std::string_view text, std::vector<Stretch>& out) const {
  std::size_t from = 0;
  for (std::size_t at = 0; !entries_.empty() && at < text.size();) {
    while (at < text.size() && by_first_byte_[static_cast<unsigned char>(text[at])] < 0) ++at;
    if (at == text.size()) break;
    const Entry* entry = match(text, at);
    if (entry == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + entry->content.size();
    at = end;
    if (entry->token.single_word && !stands_alone(text, begin, end)) continue;
    while (entry->token.lstrip && begin > from) {
      const std::size_t previous = previous_character(text, begin);
      if (previous < from || !is_space(decode_utf8(text, previous).value)) break;
      begin = previous;
    }
    while (entry->token.rstrip && end < text.size()) {
      const CodePoint c = decode_utf8(text, end);
      if (!is_space(c.value)) break;
      end += c.size;
    }
    if (from < begin) out.push_back({std::nullopt, from, begin});
    out.push_back({entry->token.id, begin, end});
    from = at = end;
  }
  if (from < text.size()) out.push_back({std::nullopt, from, text.size()});
}

}  // namespace ballast::text
