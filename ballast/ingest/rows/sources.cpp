// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/rows/sources.h"

#include <algorithm>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/ingest/bytes/utf8.h"

namespace ballast::ingest {
namespace fs = std::filesystem;
namespace {

// Header names that tell a table of texts from plain lines, where there is no file name to go by.
constexpr std::string_view kTextNames[] = {"text", "title", "content", "body", "headline", "sentence", "id"};

bool looks_like_header(std::string_view line) {
  std::size_t columns = 0;
  bool known = false;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find_first_of(",\t;", at), line.size());
    std::string_view name = line.substr(at, end - at);
    while (!name.empty() && (name.front() == '"' || name.front() == ' ')) name.remove_prefix(1);
    while (!name.empty() && (name.back() == '"' || name.back() == ' ' || name.back() == '\r')) name.remove_suffix(1);
    if (name.size() > 40) return false;
    known = known || std::find(std::begin(kTextNames), std::end(kTextNames), name) != std::end(kTextNames);
    ++columns;
    at = end + 1;
  }
  return known && (columns > 1 || line.size() < 12);
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

}  // namespace

Format format_named(const std::string& name) {
  if (name == "auto") return Format::detect;
  if (name == "txt" || name == "text") return Format::text;
  if (name == "csv" || name == "tsv") return Format::csv;
  if (name == "jsonl" || name == "ndjson") return Format::jsonl;
  if (name == "json") return Format::json;
  throw base::Error(base::ErrorCode::usage, "unknown format \"" + name + "\"", "--format",
                    "use auto, txt, csv, tsv, jsonl, ndjson or json");
}

Format format_of_name(const std::string& source) {
  fs::path path = source;
  if (path.extension() == ".gz") path = path.stem();
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (extension == ".txt") return Format::text;
  if (extension == ".csv" || extension == ".tsv") return Format::csv;
  if (extension == ".jsonl" || extension == ".ndjson") return Format::jsonl;
  return extension == ".json" ? Format::json : Format::detect;
}

bool is_page(const std::string& source) {
  std::string extension = fs::path(source).extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return extension == ".html" || extension == ".htm" || extension == ".xhtml" || extension == ".pdf";
}

Format format_of_content(std::string_view start) {
  const std::size_t first = start.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Format::text;
  const std::string_view line = start.substr(first, start.find('\n', first) - first);
  if (line.front() == '{') return line.find('}') == std::string_view::npos ? Format::json : Format::jsonl;
  if (line.front() == '[') {
    const std::size_t next = start.find_first_not_of(" \t\r\n", first + 1);
    if (next != std::string_view::npos && (start[next] == '{' || start[next] == ']')) return Format::json;
  }
  return looks_like_header(line) ? Format::csv : Format::text;
}

std::vector<std::string> list_files(const std::string& folder, std::int64_t& skipped) {
  std::vector<std::string> files;
  std::error_code failed;
  fs::recursive_directory_iterator walk(folder, failed);
  for (; !failed && walk != fs::end(walk); walk.increment(failed)) {
    if (is_hidden(walk->path())) {
      walk.disable_recursion_pending();
    } else if (walk->is_regular_file(failed)) {
      const bool known = format_of_name(walk->path().string()) != Format::detect || is_page(walk->path().string());
      if (known) files.push_back(walk->path().string());
      skipped += !known;
    }
  }
  if (failed) throw base::Error(base::ErrorCode::io, "cannot list the folder: " + failed.message(), folder);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace ballast::ingest
