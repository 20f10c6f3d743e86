// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/rich/parts.h"

#include <unicode/utf8.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
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

enum class Kind { none, markdown, html, pdf };

Kind kind_of(const std::filesystem::path& path) {
  const std::string e = lower_extension(path);
  if (e == ".md" || e == ".markdown" || e == ".txt") return Kind::markdown;
  if (e == ".html" || e == ".htm" || e == ".xhtml") return Kind::html;
  return e == ".pdf" ? Kind::pdf : Kind::none;
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

bool is_rich_text(const std::filesystem::path& path) {
  return kind_of(path) != Kind::none;
}

RichText read_rich_text(const std::filesystem::path& path) {
  const Kind kind = kind_of(path);
  if (kind == Kind::none) {
    throw base::Error(base::ErrorCode::unsupported, "its name says neither Markdown, text, HTML nor PDF", path,
                      ".md .markdown .txt .html .htm .xhtml .pdf");
  }
  const base::MappedFile file(path);
  if (kind == Kind::html) return read_html(file.text(), path);
  if (kind == Kind::pdf) return read_pdf(file.text(), path);
  return read_markdown(file.text());
}

}  // namespace ballast::ingest
