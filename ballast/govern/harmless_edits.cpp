// SPDX-License-Identifier: Apache-2.0
// Edits of a text that no reader would mind.
#include <algorithm>

#include "ballast/govern/explanations.h"

namespace ballast::govern {
namespace {

struct Swap {
  std::string_view from, to;
};

// Words that the second of each pair can stand for in almost any sentence.
constexpr Swap kEnglishSwaps[] = {{"but", "yet"},       {"said", "stated"}, {"although", "though"}, {"because", "as"},
                                  {"around", "about"},  {"upon", "on"},     {"towards", "toward"},  {"whilst", "while"},
                                  {"amongst", "among"}, {"may", "might"},   {"until", "till"}};
constexpr Swap kChineseSwaps[] = {{"因为", "由于"}, {"但是", "但"}, {"并且", "并"}, {"和", "与"},
                                  {"及", "和"},     {"将", "会"},   {"如果", "若"}, {"已经", "已"}};

constexpr std::string_view kQuotes[] = {"\"", "“", "”", "``", "''"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(from, at);
    out += text.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    out += to;
    at = found + from.size();
  }
}

std::string replace_words(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(from, at);
    out += text.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    const std::size_t end = found + from.size();
    const bool whole = (found == 0 || !is_letter(text[found - 1])) && (end == text.size() || !is_letter(text[end]));
    out += whole ? to : from;
    at = end;
  }
}

std::string swap_stop_words(std::string_view text) {
  std::string out(text);
  // The first pair that fits: a word must not be changed twice.
  for (const Swap& swap : kEnglishSwaps) {
    std::string next = replace_words(out, swap.from, swap.to);
    if (next != out) return next;
  }
  for (const Swap& swap : kChineseSwaps) {
    std::string next = replace_all(out, swap.from, swap.to);
    if (next != out) return next;
  }
  return out;
}

std::string change_punctuation(std::string_view text) {
  std::string out(text);
  for (const std::string_view quote : kQuotes) out = replace_all(out, quote, "");
  out = out.find("，") != std::string::npos ? replace_all(out, "，", ",") : out;
  while (!out.empty() && out.back() == ' ') out.pop_back();
  const bool chinese = out.size() >= 3 && static_cast<unsigned char>(out[out.size() - 1]) >= 0x80;
  if (out.ends_with("。"))
    out.resize(out.size() - 3);
  else if (out.ends_with("."))
    out.pop_back();
  else
    out += chinese ? "。" : ".";
  return out;
}

}  // namespace

const char* harmless_edit_name(HarmlessEdit edit) {
  switch (edit) {
    case HarmlessEdit::lower_case:
      return "lower_case";
    case HarmlessEdit::punctuation:
      return "punctuation";
    case HarmlessEdit::stop_words:
      return "stop_words";
  }
  return "";
}

std::optional<std::string> edited(std::string_view text, HarmlessEdit edit) {
  std::string out(text);
  if (edit == HarmlessEdit::lower_case) {
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  } else {
    out = edit == HarmlessEdit::punctuation ? change_punctuation(text) : swap_stop_words(text);
  }
  if (out == text) return {};
  return out;
}

}  // namespace ballast::govern
