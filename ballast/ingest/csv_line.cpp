// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/csv_line.h"

#include <algorithm>
#include <array>

namespace ballast::ingest {

char csv_delimiter(std::string_view header) {
  constexpr std::string_view kCandidates = ",\t;";
  std::array<int, kCandidates.size()> counts{};
  bool quoted = false;
  for (const char c : header) {
    if (c == '"') quoted = !quoted;
    const std::size_t which = quoted ? std::string_view::npos : kCandidates.find(c);
    if (which != std::string_view::npos) ++counts[which];
  }
  return kCandidates[static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin())];
}

std::optional<std::vector<std::string>> split_csv_line(std::string_view line, char delimiter) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  for (;;) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        if (at == line.size()) return std::nullopt;
        if (line[at] != '"') {
          field += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          field += line[at++];
        } else {
          break;
        }
      }
      ++at;
      if (at < line.size() && line[at] != delimiter) return std::nullopt;
    } else {
      const std::size_t end = std::min(line.find(delimiter, at), line.size());
      field = line.substr(at, end - at);
      at = end;
    }
    fields.push_back(std::move(field));
    if (at == line.size()) return fields;
    ++at;  // the delimiter; one at the very end leaves an empty last field
  }
}

}  // namespace ballast::ingest
