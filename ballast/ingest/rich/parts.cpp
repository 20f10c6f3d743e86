// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/rich/parts.h"

#include <unicode/utf8.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/ingest/rich/recognition.h"
#include "ballast/ingest/rich_text.h"

namespace ballast::ingest {
namespace {

bool is_invisible(UChar32 c) {
  return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff ||
         c == 0xad || (c >= 0xe0000 && c <= 0xe007f);
}

std::string lower_extension(const std::filesystem::path& path) {
  std::string out = path.extension().string();
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

enum class FileKind { none, markdown, html, pdf, picture };

FileKind kind_of(const std::filesystem::path& path) {
  const std::string e = lower_extension(path);
  if (e == ".md" || e == ".markdown" || e == ".txt") return FileKind::markdown;
  if (e == ".html" || e == ".htm" || e == ".xhtml") return FileKind::html;
  for (const char* picture : {".png", ".jpg", ".jpeg", ".tif", ".tiff"}) {
    if (e == picture) return FileKind::picture;
  }
  return e == ".pdf" ? FileKind::pdf : FileKind::none;
}

}  // namespace

std::string visible_utf8(std::string_view bytes, std::int64_t& hidden) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  std::string out;
  out.reserve(bytes.size());
  const auto length = static_cast<std::int32_t>(bytes.size());
  bool within = false;
  for (std::int32_t at = 0; at < length;) {
    const std::int32_t begin = at;
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(bytes.data(), at, length, c);
    if (is_invisible(c)) {
      hidden += !within;
      within = true;
      continue;
    }
    within = false;
    if (c == 0xfffd) {
      out += "\xef\xbf\xbd";
    } else {
      out += bytes.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin));
    }
  }
  return out;
}

std::string joined_lines(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\f') continue;
    if (text[i] != '\n') {
      out += text[i];
      continue;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    std::size_t next = i + 1;
    while (next < text.size() && text[next] == ' ') ++next;
    const bool blank = next >= text.size() || text[next] == '\n' || out.empty() || out.back() == '\n';
    const bool ended = !out.empty() && (std::string_view(".!?:;").find(out.back()) != std::string_view::npos ||
                                        std::string_view(out).ends_with("。") ||
                                        std::string_view(out).ends_with("：") || std::string_view(out).ends_with("；"));
    const bool listed =
        next < text.size() && (text[next] == '-' || text[next] == '*' || text.compare(next, 3, "•") == 0);
    if (blank || ended || listed) {
      out += '\n';
    } else if ((static_cast<unsigned char>(out.back()) & 0x80) == 0 ||
               (static_cast<unsigned char>(text[next]) & 0x80) == 0) {
      out += ' ';
    }
    i = next - 1;
  }
  return out;
}

bool is_rich_text(const std::filesystem::path& path) {
  return kind_of(path) != FileKind::none;
}

RichText read_rich_text(const std::filesystem::path& path) {
  const FileKind kind = kind_of(path);
  if (kind == FileKind::none) {
    throw base::Error(base::ErrorCode::unsupported, "its name says neither Markdown, text, HTML, PDF nor picture", path,
                      ".md .markdown .txt .html .htm .xhtml .pdf .png .jpg .jpeg .tif .tiff");
  }
  const base::MappedFile file(path);
  if (kind == FileKind::html) return read_html(file.text(), path);
  if (kind == FileKind::pdf) return read_pdf(file.text(), path);
  if (kind == FileKind::picture) return read_picture(file.text(), path);
  return read_markdown(file.text());
}

RichText read_picture(std::string_view bytes, const std::string& where) {
  RichText out;
  int number = 0;
  for (const std::string& text : TextRecognition().read_file(bytes, where)) {
    ++number;
    if (text.find_first_not_of(" \n\f") == std::string::npos) continue;
    const std::size_t begin = out.text.size();
    out.text += joined_lines(text);
    if (out.text.back() != '\n') out.text += '\n';
    out.blocks.push_back({"", "page " + std::to_string(number), begin, out.text.size()});
    ++out.recognised;
  }
  if (out.blocks.empty()) throw base::Error(base::ErrorCode::bad_input, "holds no text that can be read", where);
  return out;
}

}  // namespace ballast::ingest
