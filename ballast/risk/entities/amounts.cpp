// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ballast/risk/entities/characters.h"
#include "ballast/risk/entities/scanners.h"

namespace ballast::risk {
namespace {

// Longer ones first, where one starts like another.
constexpr std::string_view kBefore[] = {"us$", "hk$", "a$",  "c$",  "s$",  "nt$", "$",     "€",   "£",
                                        "¥",   "￥",  "usd", "eur", "gbp", "cny", "rmb",   "hkd", "jpy",
                                        "chf", "sek", "nok", "dkk", "aud", "cad", "人民币"};
constexpr std::string_view kScale[] = {"trillion", "billion", "million", "thousand", "bln",  "mln",  "bn", "mn",
                                       "tn",       "tr",      "万亿",    "千亿",     "百亿", "十亿", "亿", "千万",
                                       "百万",     "万",      "千",      "m",        "b",    "k"};
constexpr std::string_view kAfter[] = {"dollars", "dollar", "euros", "euro",   "yuan", "pounds", "yen",
                                       "usd",     "eur",    "gbp",   "cny",    "rmb",  "hkd",    "jpy",
                                       "chf",     "sek",    "nok",   "dkk",    "元",   "美元",   "港元",
                                       "欧元",    "日元",   "英镑",  "人民币", "美金", "港币"};

/// Length of the one of `words` at `at`, as a word of its own; 0 where there is none.
template <std::size_t N>
std::size_t word_at(std::string_view text, std::size_t at, const std::string_view (&words)[N]) {
  for (const std::string_view word : words) {
    if (!has_at(text, at, word)) continue;
    if (is_alpha(word.back()) && !at_boundary(text, at + word.size())) continue;
    return word.size();
  }
  return 0;
}

/// Length of the currency that stands before the number at `at`, with the space between.
std::size_t currency_before(std::string_view text, std::size_t at) {
  const std::size_t gap = at > 0 && text[at - 1] == ' ' ? 1 : 0;
  for (const std::string_view word : kBefore) {
    if (at < gap + word.size()) continue;
    const std::size_t start = at - gap - word.size();
    if (has_at(text, start, word) && (!is_alpha(word.front()) || at_boundary(text, start))) return word.size() + gap;
  }
  return 0;
}

}  // namespace

std::size_t number_length(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && (is_digit(text[end]) || ((text[end] == ',' || text[end] == '.') && end > at &&
                                                       end + 1 < text.size() && is_digit(text[end + 1])))) {
    ++end;
  }
  return end - at;
}

void find_amounts(std::string_view text, std::vector<Entity>& found) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t number = is_digit(text[i]) ? number_length(text, i) : 0;
    if (number == 0) {
      ++i;
      continue;
    }
    const std::size_t before = currency_before(text, i);
    std::size_t end = i + number;
    const auto skip_word = [&](const auto& words) {
      const std::size_t start = end < text.size() && (text[end] == ' ' || text[end] == '-') ? end + 1 : end;
      const std::size_t length = word_at(text, start, words);
      if (length > 0) end = start + length;
      return length > 0;
    };
    skip_word(kScale);
    const bool after = skip_word(kAfter);
    if (before > 0 || after) add_entity(text, i - before, end, "money", "", found);
    i = end;
  }
}

}  // namespace ballast::risk
