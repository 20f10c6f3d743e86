// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>

#include "ballast/risk/operations/characters.h"
#include "ballast/risk/operations_templates.h"

namespace ballast::risk {
namespace {

struct Field {
  std::size_t begin = 0, end = 0;
};

/// The field at or after `at`: a balanced pair of brackets, else all up to a space. Empty at the end.
Field next_field(std::string_view s, std::size_t at) {
  while (at < s.size() && space(s[at])) ++at;
  Field f{at, at};
  if (at == s.size()) return f;
  if (s[at] == '[') {
    int depth = 0;
    for (std::size_t i = at; i < s.size(); ++i) {
      depth += s[i] == '[' ? 1 : s[i] == ']' ? -1 : 0;
      if (depth == 0) return {at, i + 1};
    }
  }
  while (f.end < s.size() && !space(s[f.end])) ++f.end;
  return f;
}

std::string_view inner(std::string_view field) {
  const std::string_view edges = "[]()<>:,";
  while (!field.empty() && edges.find(field.front()) != std::string_view::npos) field.remove_prefix(1);
  while (!field.empty() && edges.find(field.back()) != std::string_view::npos) field.remove_suffix(1);
  return field;
}

bool is_level(std::string_view field) {
  static constexpr std::array<std::string_view, 17> kLevels = {
      "trace", "debug", "info",     "notice", "warn",  "warning", "error", "err",    "severe",
      "fatal", "crit",  "critical", "alert",  "emerg", "failure", "fine",  "verbose"};
  std::string low(inner(field));
  const bool shouted = std::none_of(low.begin(), low.end(), [](unsigned char c) { return std::islower(c); });
  std::transform(low.begin(), low.end(), low.begin(), [](unsigned char c) { return std::tolower(c); });
  // A bare "error" or "warning" in lower case may well be the first word of a message; in brackets or capitals it is a
  // level.
  const bool marked = shouted || field.front() == '[' || field.front() == '<';
  return marked && std::find(kLevels.begin(), kLevels.end(), low) != kLevels.end();
}

bool is_calendar(std::string_view field) {
  static constexpr std::array<std::string_view, 19> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                                              "Aug", "Sep", "Oct", "Nov", "Dec", "Mon", "Tue",
                                                              "Wed", "Thu", "Fri", "Sat", "Sun"};
  return std::find(kNames.begin(), kNames.end(), inner(field).substr(0, 3)) != kNames.end() && inner(field).size() == 3;
}

/// 12:34:56(,789), 2015-07-29, 2005.06.03, 2015-07-29T17:41:44Z, 20171223-22:15:29:606
bool is_clock_or_date(std::string_view field) {
  const std::string_view f = inner(field);
  if (f.size() < 5 || !digit(f.front())) return false;
  std::size_t digits = 0, marks = 0;
  for (const char c : f) {
    if (digit(c)) {
      ++digits;
    } else if (std::string_view(":-./,T+Z|").find(c) != std::string_view::npos) {
      ++marks;
    } else {
      return false;
    }
  }
  return digits >= 4 && marks >= 2;
}

bool is_number(std::string_view field) {
  const std::string_view f = inner(field);
  return !f.empty() && std::all_of(f.begin(), f.end(), digit);
}

/// 081109, 20171223, seconds or milliseconds since 1970, 20171223221529
bool is_stamp_number(std::string_view field) {
  static constexpr std::array<std::size_t, 5> kSizes = {6, 8, 10, 13, 14};
  return is_number(field) && std::find(kSizes.begin(), kSizes.end(), field.size()) != kSizes.end();
}

bool is_stamp(std::string_view field) {
  if (field.front() == '[' && field.find(' ') != std::string_view::npos) {  // [Sun Dec 04 04:47:44 2005]
    const std::string_view f = inner(field);
    return is_calendar(f.substr(0, 3)) || is_clock_or_date(f.substr(0, f.find(' ')));
  }
  return is_calendar(field) || is_clock_or_date(field);
}

/// "sshd[24200]:", "kernel:", "dfs.DataNode$PacketResponder:"
bool ends_as_component(std::string_view field) {
  return field.size() > 1 && field.back() == ':';
}
bool looks_qualified(std::string_view field) {
  return field.front() != '[' && inner(field).find('.') != std::string_view::npos &&
         std::none_of(field.begin(), field.end(), [](char c) { return c == '(' || c == '/' || c == '='; });
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && space(s.front())) s.remove_prefix(1);
  while (!s.empty() && space(s.back())) s.remove_suffix(1);
  return s;
}

/// After a level: "a.b.Class:" or "a.b.Class [context]", "[context]", a lone dash.
std::size_t skip_component(std::string_view line, std::size_t at) {
  for (int i = 0; i < 4; ++i) {
    const Field f = next_field(line, at);
    if (f.begin == f.end) break;
    const std::string_view field = line.substr(f.begin, f.end - f.begin);
    const Field after = next_field(line, f.end);
    const bool context_follows = after.begin < after.end && line[after.begin] == '[';
    if (field == "-" || field == ":" || field.front() == '[') {
      at = f.end;
      if (field.front() != '[' && i > 0) break;  // a dash after the context ends the header
    } else if (looks_qualified(field) && (ends_as_component(field) || context_follows)) {
      at = f.end;
      if (ends_as_component(field)) break;
    } else {
      break;
    }
  }
  return at;
}

/// After a time stamp without a level: "host name[pid]:" (RFC 3164).
std::size_t skip_syslog_tag(std::string_view line, std::size_t at) {
  std::size_t end = at;
  for (int i = 0; i < 2; ++i) {
    const Field f = next_field(line, end);
    if (f.begin == f.end) return at;
    end = f.end;
    if (ends_as_component(line.substr(f.begin, f.end - f.begin))) return end;
  }
  return at;
}

}  // namespace

LogLine split_log_line(std::string_view line) {
  constexpr int kHeaderFields = 12;  // more would reach into messages
  LogLine out;
  out.content = trimmed(line);
  std::size_t at = 0, stamp_begin = 0, stamp_end = 0, header_end = 0;
  for (int i = 0; i < kHeaderFields; ++i) {
    const Field f = next_field(line, at);
    if (f.begin == f.end) break;
    const std::string_view field = line.substr(f.begin, f.end - f.begin);
    at = f.end;
    if (is_level(field)) {
      out.level = inner(field);
      header_end = at;
      break;
    }
    const bool number_in_stamp = stamp_end > 0 && header_end == stamp_end && is_number(field);
    if (is_stamp(field) || number_in_stamp || (i < 2 && is_stamp_number(field))) {
      if (stamp_end == 0) stamp_begin = f.begin;
      if (stamp_end == 0 || header_end == stamp_end) stamp_end = f.end;
      header_end = at;
    } else if (stamp_end == 0 ? i > 1 : ends_as_component(field)) {
      break;  // none of the first fields is a time stamp or a level; or a syslog tag ends the header
    }
  }
  if (header_end == 0) return out;
  if (stamp_end > 0) out.timestamp = line.substr(stamp_begin, stamp_end - stamp_begin);
  header_end = out.level.empty() ? skip_syslog_tag(line, header_end) : skip_component(line, header_end);
  out.content = trimmed(line.substr(header_end));
  return out;
}

}  // namespace ballast::risk
