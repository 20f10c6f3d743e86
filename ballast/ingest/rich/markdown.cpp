// SPDX-License-Identifier: Apache-2.0
// Markdown keeps its bytes: blocks are the sections between headings.
#include <algorithm>
#include <cctype>

#include "ballast/ingest/rich/parts.h"
#include "ballast/ingest/rich_text.h"

namespace ballast::ingest {
namespace {

/// 1 to 6 for "# Heading"; 0 for other lines.
std::size_t heading_level(std::string_view line) {
  const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
  return level >= 1 && level <= 6 && level < line.size() && line[level] == ' ' ? level : 0;
}

/// As the usual renderers make it: lower case, spaces to dashes, punctuation dropped, letters of any script kept.
std::string anchor_of(std::string_view heading) {
  std::string out;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0 || c == '-' || c == '_') out += static_cast<char>(std::tolower(byte));
    if (c == ' ') out += '-';
  }
  return out;
}

void bar(RichText& out, std::string_view open, std::string_view close) {
  for (std::size_t at = out.text.find(open); at != std::string::npos;) {
    const std::size_t end = out.text.find(close, at + open.size());
    const std::size_t stop = end == std::string::npos ? out.text.size() : end + close.size();
    out.barred.emplace_back(at, stop);
    ++out.hidden;
    at = out.text.find(open, stop);
  }
}

}  // namespace

RichText read_markdown(std::string_view bytes) {
  RichText out;
  out.text = visible_utf8(bytes, out.hidden);
  bar(out, "<!--", "-->");
  std::vector<std::string> path(7);
  std::size_t begin = 0;
  TextBlock block;
  bool fenced = false;
  const auto close_block = [&](std::size_t end) {
    block.begin = begin;
    block.end = end;
    if (out.text.find_first_not_of(" \t\r\n", begin) < end) out.blocks.push_back(block);
  };
  for (std::size_t at = 0; at < out.text.size();) {
    const std::size_t feed = std::min(out.text.find('\n', at), out.text.size());
    std::string_view line = std::string_view(out.text).substr(at, feed - at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.starts_with("```")) fenced = !fenced;
    const std::size_t level = fenced ? 0 : heading_level(line);
    if (level > 0) {
      close_block(at);
      std::string_view heading = line.substr(level + 1);
      while (!heading.empty() && (heading.back() == '#' || heading.back() == ' ')) heading.remove_suffix(1);
      path[level] = heading;
      for (std::size_t deeper = level + 1; deeper < path.size(); ++deeper) path[deeper].clear();
      if (out.title.empty()) out.title = heading;
      block.heading.clear();
      for (const std::string& part : path) {
        if (!part.empty()) block.heading += (block.heading.empty() ? "" : " > ") + part;
      }
      block.anchor = anchor_of(heading);
      begin = std::min(feed + 1, out.text.size());
    }
    at = feed + 1;
  }
  close_block(out.text.size());
  return out;
}

}  // namespace ballast::ingest
