// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ballast/risk/entities/characters.h"
#include "ballast/risk/entities/scanners.h"

namespace ballast::risk {
namespace {

constexpr std::string_view kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december",
                                        "jan",     "feb",      "mar",       "apr",     "jun",      "jul",
                                        "aug",     "sept",     "sep",       "oct",     "nov",      "dec"};

std::size_t digits(std::string_view text, std::size_t at) {
  std::size_t n = 0;
  while (at + n < text.size() && is_digit(text[at + n])) ++n;
  return n;
}

int value(std::string_view text, std::size_t at, std::size_t count) {
  int v = 0;
  for (std::size_t i = 0; i < count && i < 6; ++i) v = v * 10 + (text[at + i] - '0');
  return v;
}

bool is_year(std::string_view text, std::size_t at, std::size_t count) {
  return count == 4 && value(text, at, 4) >= 1900 && value(text, at, 4) <= 2199;
}
bool is_day(std::string_view text, std::size_t at, std::size_t count) {
  return (count == 1 || count == 2) && value(text, at, count) >= 1 && value(text, at, count) <= 31;
}

/// Length of a month name (with its point), capitalised; 0 where there is none.
std::size_t month_at(std::string_view text, std::size_t at) {
  if (at >= text.size() || !is_upper(text[at]) || !at_boundary(text, at)) return 0;
  for (const std::string_view month : kMonths) {
    if (!has_at(text, at, month) || !at_boundary(text, at + month.size())) continue;
    const bool short_form = month.size() <= 4 && month != "may" && month != "june" && month != "july";
    return month.size() + (short_form && at + month.size() < text.size() && text[at + month.size()] == '.');
  }
  return 0;
}

/// ", 2026" or " 2026" at `at`; its length, or 0.
std::size_t year_after(std::string_view text, std::size_t at) {
  std::size_t start = at;
  if (start < text.size() && text[start] == ',') ++start;
  start = skip_spaces(text, start);
  return start > at && is_year(text, start, digits(text, start)) ? start + 4 - at : 0;
}

/// 2026-03-31, 2026/3/31; its length, or 0.
std::size_t numeric_date(std::string_view text, std::size_t at) {
  if (!is_year(text, at, digits(text, at)) || at + 4 >= text.size()) return 0;
  const char separator = text[at + 4];
  if (separator != '-' && separator != '/') return 0;
  const std::size_t month = digits(text, at + 5);
  const std::size_t day_at = at + 5 + month + 1;
  if (month == 0 || month > 2 || value(text, at + 5, month) > 12 || day_at >= text.size() ||
      text[day_at - 1] != separator) {
    return 0;
  }
  const std::size_t day = digits(text, day_at);
  return is_day(text, day_at, day) ? day_at + day - at : 0;
}

/// 2026年3月31日 and its parts, at least two of them or a year; its length, or 0.
std::size_t chinese_date(std::string_view text, std::size_t at) {
  constexpr std::string_view kMarks[] = {"年", "月", "日"};
  std::size_t end = at;
  int parts = 0;
  for (std::size_t part = 0; part < 3; ++part) {
    const std::size_t n = digits(text, end);
    const bool fits = part == 0 ? is_year(text, end, n) : is_day(text, end, n);
    if (!fits || !text.substr(end + n).starts_with(kMarks[part])) {
      if (part == 0 || parts == 0) continue;
      break;
    }
    end += n + kMarks[part].size();
    parts += part == 0 ? 2 : 1;
  }
  return parts >= 2 ? end - at : 0;
}

/// 31 March 2026, 31st March; its length, or 0.
std::size_t day_month(std::string_view text, std::size_t at) {
  const std::size_t day = digits(text, at);
  if (!is_day(text, at, day)) return 0;
  std::size_t next = at + day;
  for (const std::string_view ending : {"st", "nd", "rd", "th"}) {
    if (has_at(text, next, ending)) {
      next += 2;
      break;
    }
  }
  const std::size_t month = month_at(text, skip_spaces(text, next));
  if (month == 0) return 0;
  const std::size_t end = skip_spaces(text, next) + month;
  return end + year_after(text, end) - at;
}

/// March 31, 2026; March 31; March 2026; its length, or 0.
std::size_t month_day(std::string_view text, std::size_t at) {
  const std::size_t month = month_at(text, at);
  if (month == 0) return 0;
  const std::size_t next = skip_spaces(text, at + month);
  const std::size_t n = digits(text, next);
  if (next == at + month || n == 0) return 0;
  if (is_year(text, next, n)) return next + n - at;
  if (!is_day(text, next, n)) return 0;
  return next + n + year_after(text, next + n) - at;
}

}  // namespace

void find_dates(std::string_view text, std::vector<Entity>& found) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 0;
    if (is_digit(text[i])) {
      length = std::max({numeric_date(text, i), chinese_date(text, i), day_month(text, i)});
      if (length == 0) length = 0, i += digits(text, i) - 1;  // not from inside a number
    } else if (is_upper(text[i])) {
      length = month_day(text, i);
    }
    if (length > 0) add_entity(text, i, i + length, "date", "", found);
    i += std::max<std::size_t>(length, 1);
  }
}

}  // namespace ballast::risk
