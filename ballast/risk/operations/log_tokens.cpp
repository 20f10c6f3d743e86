// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations/log_tokens.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "ballast/risk/operations/characters.h"

namespace ballast::risk {
namespace {

bool lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool letter(char c) {
  return lower(c) || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool word_char(char c) {
  return letter(c) || digit(c) || c == '_';
}
bool hex(char c) {
  return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool delimiter(char c) {
  return std::string_view("=:,;()[]{}<>\"'|").find(c) != std::string_view::npos;
}

/// Each looks at text[at…] and returns where its kind of value ends, or `at` where there is none.
std::size_t hex_pairs(std::string_view s, std::size_t at) {  // MAC-like: at least four pairs
  std::size_t i = at;
  int pairs = 0;
  while (i + 2 <= s.size() && hex(s[i]) && hex(s[i + 1])) {
    ++pairs;
    i += 2;
    if (i + 2 < s.size() && s[i] == ':' && hex(s[i + 1]) && hex(s[i + 2])) {
      ++i;
    } else {
      break;
    }
  }
  return pairs >= 4 && (i == s.size() || !word_char(s[i])) ? i : at;
}

std::size_t until(std::string_view s, std::size_t at, std::string_view stops) {
  while (at < s.size() && !space(s[at]) && stops.find(s[at]) == std::string_view::npos) ++at;
  return at;
}

std::size_t url(std::string_view s, std::size_t at) {
  std::size_t i = at;
  while (i < s.size() && word_char(s[i])) ++i;
  if (i == at || s.substr(i, 3) != "://") return at;
  const std::size_t end = until(s, i + 3, ",;\"')]");
  return end > i + 3 ? end : at;
}

std::size_t path(std::string_view s, std::size_t at) {
  if (s[at] != '/') return at;
  const std::size_t end = until(s, at + 1, ",:;\"')]");
  return end > at + 1 ? end : at;
}

bool top_level_domain(std::string_view label) {
  static constexpr std::array<std::string_view, 8> kKnown = {"com", "net", "org", "edu", "gov", "mil", "int", "info"};
  const bool country = label.size() == 2 && lower(label[0]) && lower(label[1]);
  return country || label == "local" || std::find(kKnown.begin(), kKnown.end(), label) != kKnown.end();
}

std::size_t host(std::string_view s, std::size_t at) {
  std::size_t i = at, label = at;
  while (i < s.size() && (lower(s[i]) || digit(s[i]) || s[i] == '-' || s[i] == '.')) {
    if (s[i] == '.') {
      if (i == label) return at;
      label = i + 1;
    }
    ++i;
  }
  const bool ended = i == s.size() || !word_char(s[i]);
  return ended && label > at && top_level_domain(s.substr(label, i - label)) ? i : at;
}

/// The end of a value that starts here whatever delimiters it has inside; `at` where none does.
std::size_t masked_end(std::string_view s, std::size_t at) {
  const char before = at == 0 ? ' ' : s[at - 1];
  if (!word_char(before) && before != '.' && before != '-') {
    if (before != '*' && before != '/') {
      if (const std::size_t end = path(s, at); end > at) return end;
    }
    if (const std::size_t end = host(s, at); end > at) return end;
  }
  if (!word_char(before)) {
    if (const std::size_t end = hex_pairs(s, at); end > at) return end;
    if (const std::size_t end = url(s, at); end > at) return end;
  }
  return at;
}

bool looks_like_value(std::string_view word) {
  if (std::any_of(word.begin(), word.end(), digit)) return true;
  return std::count(word.begin(), word.end(), '/') >= 2 || word.starts_with("./");
}

bool calendar_name(std::string_view word) {
  static constexpr std::array<std::string_view, 37> kNames = {
      "Jan",     "Feb",      "Mar",       "Apr",      "May",    "Jun",      "Jul",   "Aug",  "Sep",    "Oct",
      "Nov",     "Dec",      "January",   "February", "March",  "April",    "June",  "July", "August", "September",
      "October", "November", "December",  "Mon",      "Tue",    "Wed",      "Thu",   "Fri",  "Sat",    "Sun",
      "Monday",  "Tuesday",  "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  return std::find(kNames.begin(), kNames.end(), word) != kNames.end();
}

struct Piece {
  std::size_t begin, end;
  bool masked;
};

/// Words, runs of dots and single delimiters.
std::vector<Piece> cut(std::string_view s) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < s.size();) {
    if (space(s[i])) {
      ++i;
    } else if (s[i] == '.' && i + 1 < s.size() && s[i + 1] == '.') {
      const std::size_t begin = i;
      while (i < s.size() && s[i] == '.') ++i;
      pieces.push_back({begin, i, false});
    } else if (delimiter(s[i])) {
      pieces.push_back({i, i + 1, false});
      ++i;
    } else {
      const std::size_t begin = i;
      bool masked = false;
      while (i < s.size() && !space(s[i]) && !delimiter(s[i]) &&
             !(s[i] == '.' && i + 1 < s.size() && s[i + 1] == '.')) {
        const std::size_t end = masked_end(s, i);
        masked = masked || end > i;
        i = std::max(end, i + 1);
      }
      pieces.push_back({begin, i, masked});
    }
  }
  return pieces;
}

/// "Jul 9", "Sat Jul 9": names of days and months before a number are part of a date.
bool part_of_date(std::string_view s, const std::vector<Piece>& pieces, std::size_t i) {
  const auto text = [&](std::size_t k) { return s.substr(pieces[k].begin, pieces[k].end - pieces[k].begin); };
  const auto number = [&](std::size_t k) {
    return k < pieces.size() && text(k).size() <= 4 && std::all_of(text(k).begin(), text(k).end(), digit);
  };
  if (!calendar_name(text(i))) return false;
  return number(i + 1) || (i + 1 < pieces.size() && calendar_name(text(i + 1)) && number(i + 2));
}

bool closes(const std::string& open, std::string_view close) {
  return (open == "(" && close == ")") || (open == "[" && close == "]") || (open == "{" && close == "}") ||
         (open == "<" && close == ">");
}

/// Values side by side, also with a comma or colon between, are one: lists and times of any length look the same.
void push_variable(std::vector<LogToken>& tokens, std::size_t begin, std::size_t end) {
  const std::size_t n = tokens.size();
  if (n >= 1 && tokens[n - 1].variable()) {
    tokens[n - 1].end = end;
  } else if (n >= 2 && (tokens[n - 1].word == "," || tokens[n - 1].word == ":") && tokens[n - 2].variable()) {
    tokens.pop_back();
    tokens.back().end = end;
  } else {
    tokens.push_back({"", begin, end});
  }
}

}  // namespace

bool has_letter(std::string_view word) {
  return std::any_of(word.begin(), word.end(), letter);
}

std::vector<LogToken> tokenize_log(std::string_view content, std::size_t max_tokens) {
  std::vector<LogToken> tokens;
  const std::vector<Piece> pieces = cut(content);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const std::string_view word = content.substr(piece.begin, piece.end - piece.begin);
    if (tokens.size() + 2 > max_tokens) {
      push_variable(tokens, piece.begin, pieces.back().end);
      break;
    }
    if (piece.masked || looks_like_value(word) || part_of_date(content, pieces, i)) {
      push_variable(tokens, piece.begin, piece.end);
      continue;
    }
    // An empty pair of brackets has room for a value that this line left out.
    if (!tokens.empty() && closes(tokens.back().word, word))
      tokens.push_back({"", tokens.back().end, tokens.back().end});
    tokens.push_back({std::string(word), piece.begin, piece.end});
  }
  return tokens;
}

}  // namespace ballast::risk
