// SPDX-License-Identifier: Apache-2.0
#include "marked_text.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>

namespace ballast::apps {
namespace {

/// A character with what follows it without a column of its own.
struct MarkedTextCell {
  std::string_view bytes;
  std::size_t columns = 0;
  bool marked = false, blank = false, wide = false;
};

std::size_t width_of(UChar32 c) {
  if (c < 0) return 1;
  const int category = u_charType(c);
  if (category == U_NON_SPACING_MARK || category == U_ENCLOSING_MARK || category == U_FORMAT_CHAR) return 0;
  const int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

std::vector<MarkedTextCell> cells_of(std::string_view text, const Spans& spans) {
  std::vector<MarkedTextCell> cells;
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    const auto begin = static_cast<std::size_t>(i);
    UChar32 c = 0;
    U8_NEXT(text.data(), i, size, c);
    MarkedTextCell cell;
    cell.bytes = text.substr(begin, static_cast<std::size_t>(i) - begin);
    cell.columns = width_of(c);
    cell.wide = cell.columns == 2;
    cell.blank = c == ' ' || (c >= 0 && c < 0x20);
    if (cell.blank) cell.bytes = " ";
    cell.marked = std::any_of(spans.begin(), spans.end(),
                              [&](const auto& span) { return span.first <= begin && begin < span.second; });
    cells.push_back(cell);
  }
  return cells;
}

/// One line: cells with marks opened and closed, so that none runs over the end.
std::string line_of(const std::vector<MarkedTextCell>& cells, std::size_t begin, std::size_t end, bool colour) {
  std::string line;
  bool open = false;
  const auto turn = [&](bool marked) {
    if (marked == open) return;
    line += marked ? (colour ? "\033[1;4m" : "[") : (colour ? kResetColour : "]");
    open = marked;
  };
  for (std::size_t i = begin; i < end; ++i) {
    turn(cells[i].marked);
    line += cells[i].bytes;
  }
  turn(false);
  return line;
}

/// Where the line that starts at `begin` ends: after a blank or between wide characters, before `columns` are full.
std::size_t end_of_line(const std::vector<MarkedTextCell>& cells, std::size_t begin, const MarkOptions& options) {
  std::size_t used = 0, last = begin;
  bool marked = false;
  for (std::size_t i = begin; i < cells.size(); ++i) {
    if (!options.colour && cells[i].marked && !marked) used += 2;  // the brackets
    marked = cells[i].marked;
    used += cells[i].columns;
    if (used > options.columns && i > begin && !cells[i].blank) return last > begin ? last : i;
    const bool next_wide = i + 1 < cells.size() && cells[i].wide && cells[i + 1].wide;
    if (cells[i].blank || next_wide) last = i + 1;
  }
  return cells.size();
}

}  // namespace

const char* severity_name(int severity) {
  constexpr const char* kNames[] = {"none", "watch", "material", "critical"};
  return kNames[std::clamp(severity, 0, 3)];
}

const char* severity_colour(int severity) {
  constexpr const char* kColours[] = {"\033[2m", "\033[33m", "\033[91m", "\033[1;97;41m"};
  return kColours[std::clamp(severity, 0, 3)];
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const MarkedTextCell& cell : cells_of(text, {})) columns += cell.columns;
  return columns;
}

std::string padded(std::string_view text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  return std::string(text) + std::string(used < columns ? columns - used : 0, ' ');
}

Spans evidence_spans(const risk::Signal& signal) {
  Spans spans;
  for (const risk::Evidence& e : signal.evidence) spans.emplace_back(e.start, e.end);
  return spans;
}

std::vector<std::string> mark_evidence(std::string_view text, const Spans& spans, const MarkOptions& options) {
  std::string_view shown_text = text;
  if (options.max_bytes > 0 && text.size() > options.max_bytes) {
    auto end = static_cast<std::int32_t>(options.max_bytes);
    U8_SET_CP_START(reinterpret_cast<const std::uint8_t*>(text.data()), 0, end);
    shown_text = text.substr(0, static_cast<std::size_t>(end));
  }
  std::vector<MarkedTextCell> cells = cells_of(shown_text, spans);
  if (shown_text.size() < text.size()) cells.push_back({" …", 2, false, false, false});
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < cells.size();) {
    const std::size_t end = options.columns == 0 ? cells.size() : end_of_line(cells, begin, options);
    std::size_t shown = end;
    while (shown > begin && cells[shown - 1].blank) --shown;
    lines.push_back(line_of(cells, begin, shown, options.colour));
    begin = end;
  }
  return lines;
}

}  // namespace ballast::apps
