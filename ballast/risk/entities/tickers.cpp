// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ballast/risk/entities/characters.h"
#include "ballast/risk/entities/scanners.h"

namespace ballast::risk {
namespace {

constexpr std::string_view kExchanges[] = {
    "nyse",  "nasdaq", "amex", "lse", "hkex", "sehk",     "hkg", "sse", "szse", "tsx",   "asx",   "hel",     "omx",
    "xetra", "fra",    "sgx",  "tse", "tyo",  "nasdaqgs", "bse", "nse", "otc",  "otcqb", "otcqx", "euronext"};
// After six digits these make them a count or an amount, not a code.
constexpr std::string_view kUnits[] = {"元", "万", "亿", "股", "手", "吨", "户", "人", "个", "家",
                                       "套", "辆", "台", "件", "名", "份", "张", "点", "%",  "％",
                                       "美", "港", "欧", "余", "多", "起", "条", "次"};

std::size_t find_cashtag(std::string_view text, std::size_t at, std::vector<Entity>& found) {
  std::size_t end = at + 1;
  while (end < text.size() && is_alpha(text[end])) ++end;
  const std::size_t letters = end - at - 1;
  if (letters == 0 || letters > 6 || (at > 0 && is_alnum(text[at - 1]))) return at + 1;
  if (end + 1 < text.size() && (text[end] == '.' || text[end] == '-') && is_upper(text[end + 1]) &&
      (end + 2 == text.size() || !is_alnum(text[end + 2]))) {
    end += 2;  // a share class: $BRK.B
  }
  if (end < text.size() && is_digit(text[end])) return at + 1;
  std::string canonical(text.substr(at + 1, end - at - 1));
  std::transform(canonical.begin(), canonical.end(), canonical.begin(), to_upper);
  add_entity(text, at, end, "ticker", canonical, found);
  return end;
}

/// Board of a mainland code by its first digits; empty where there is no such board.
std::string mainland_board(std::string_view code) {
  for (const std::string_view start : {"600", "601", "603", "605", "688", "900"}) {
    if (code.starts_with(start)) return "SH";
  }
  for (const std::string_view start : {"000", "001", "002", "003", "300", "301", "200"}) {
    if (code.starts_with(start)) return "SZ";
  }
  return "";
}

bool bare_code_is_likely(std::string_view text, std::size_t start, std::size_t end, bool chinese) {
  for (const std::string_view unit : kUnits) {
    if (text.substr(end).starts_with(unit)) return false;
  }
  if (start > 0 && (text[start - 1] == '(' || text[start - 1] == '[')) return true;
  for (const std::string_view open : {"（", "【", "["}) {
    if (start >= open.size() && text.substr(start - open.size()).starts_with(open)) return true;
  }
  return chinese && (start == 0 || (text[start - 1] != '$' && text[start - 1] != '-'));
}

/// Digits that may be a stock code; returns where to go on.
std::size_t find_code(std::string_view text, std::size_t at, bool chinese, std::vector<Entity>& found) {
  std::size_t digits_end = at;
  while (digits_end < text.size() && is_digit(text[digits_end])) ++digits_end;
  const std::string_view code = text.substr(at, digits_end - at);
  const bool inside = at > 0 && (text[at - 1] == '.' || text[at - 1] == ',') && at > 1 && is_digit(text[at - 2]);
  if (inside || code.size() < 4 || code.size() > 6) return digits_end;
  std::string suffix;
  std::size_t end = digits_end;
  if (end + 2 < text.size() && text[end] == '.' && is_alpha(text[end + 1]) && is_alpha(text[end + 2]) &&
      (end + 3 == text.size() || !is_alnum(text[end + 3]))) {
    suffix = {to_upper(text[end + 1]), to_upper(text[end + 2])};
    if (suffix == "SS") suffix = "SH";
    if (suffix == "SH" || suffix == "SZ" || suffix == "BJ" || suffix == "HK") end += 3;
  }
  std::size_t start = at;
  if (at >= 2 && (has_at(text, at - 2, "sh") || has_at(text, at - 2, "sz")) && at_boundary(text, at - 2))
    start = at - 2;
  if (start == at && !at_boundary(text, at)) return digits_end;
  if (end == digits_end && end < text.size() && is_alpha(text[end])) return digits_end;
  const bool marked = end > digits_end || start < at;
  if (code.size() < 6) {
    if (end == digits_end || suffix != "HK") return digits_end;
  } else {
    if (end == digits_end && end + 1 < text.size() && (text[end] == '.' || text[end] == ',') &&
        is_digit(text[end + 1])) {
      return digits_end;
    }
    const std::string board = mainland_board(code);
    if (!marked && (board.empty() || !bare_code_is_likely(text, at, end, chinese))) return digits_end;
    if (end == digits_end) suffix = start < at ? (to_lower(text[start + 1]) == 'h' ? "SH" : "SZ") : board;
  }
  add_entity(text, start, end, "ticker", std::string(code) + "." + suffix, found);
  return end;
}

/// "NYSE: ABC"; returns where to go on.
std::size_t find_listing(std::string_view text, std::size_t at, std::vector<Entity>& found) {
  std::size_t end = at;
  while (end < text.size() && is_alpha(text[end])) ++end;
  std::string name(text.substr(at, end - at));
  std::transform(name.begin(), name.end(), name.begin(), to_lower);
  if (std::find(std::begin(kExchanges), std::end(kExchanges), name) == std::end(kExchanges)) return end;
  std::size_t colon = skip_spaces(text, end);
  const bool wide = text.substr(colon).starts_with("：");
  if (!wide && (colon >= text.size() || text[colon] != ':')) return end;
  const std::size_t start = skip_spaces(text, colon + (wide ? 3 : 1));
  std::size_t stop = start;
  while (stop < text.size() && (is_upper(text[stop]) || is_digit(text[stop]))) ++stop;
  if (stop + 1 < text.size() && text[stop] == '.' && is_upper(text[stop + 1])) stop += 2;
  if (stop == start || stop - start > 7 || (stop < text.size() && is_alnum(text[stop]))) return end;
  std::transform(name.begin(), name.end(), name.begin(), to_upper);
  add_entity(text, at, stop, "ticker", name + ":" + std::string(text.substr(start, stop - start)), found);
  return stop;
}

bool has_han(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Character c = character_at(text, i);
    if (is_han(c.code)) return true;
    i += c.size;
  }
  return false;
}

}  // namespace

void find_tickers(std::string_view text, std::vector<Entity>& found) {
  const bool chinese = has_han(text);
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '$') {
      i = find_cashtag(text, i, found);
    } else if (is_digit(text[i])) {
      i = find_code(text, i, chinese, found);
    } else if (is_alpha(text[i]) && at_boundary(text, i)) {
      const std::size_t next = find_listing(text, i, found);
      i = next > i ? next : i + 1;
    } else {
      i += character_at(text, i).size;
    }
  }
}

}  // namespace ballast::risk
