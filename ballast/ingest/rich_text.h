// SPDX-License-Identifier: Apache-2.0
// Documents with a form of their own (Markdown, HTML, PDF, pictures of pages) as plain text in blocks, each with its
// heading and a place to point at.
//
// What a reader of the page would not see is left out and counted: comments, scripts, elements that are hidden or have
// no size, zero-width characters. Instructions to machines hide there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast::ingest {

/// Bytes [begin, end) of RichText::text that belong together: a section up to the next heading, or a page.
struct TextBlock {
  std::string heading;  // "Cards > Lost cards"; empty where there is none
  std::string anchor;   // "lost-cards" (Markdown, HTML), "page 3" (PDF, pictures)
  std::size_t begin = 0, end = 0;
};

struct RichText {
  std::string title;
  std::string text;  // Markdown: the file as it is; HTML and PDF: the text in it
  std::vector<TextBlock> blocks;
  std::vector<std::pair<std::size_t, std::size_t>> barred;  // Markdown: bytes that a reader would not see
  std::int64_t hidden = 0;                                  // how many hidden parts were left out or barred
  std::int64_t recognised = 0;                              // pages that were read from a picture (they may be misread)
};

/// Bytes are UTF-8; those that are not become U+FFFD.
RichText read_markdown(std::string_view bytes);
/// Any encoding that the page declares. Broken HTML is read as browsers do. Throws bad_input naming `where` for what
/// holds no element, or is larger than 64 MiB.
RichText read_html(std::string_view bytes, const std::string& where);
/// A page without text, such as a scan, is read by text recognition. Throws bad_input naming `where`: not a PDF,
/// damaged, locked with a password, or without anything that can be read.
RichText read_pdf(std::string_view bytes, const std::string& where);
/// PNG, JPEG or TIFF by text recognition, English and simplified Chinese. Throws bad_input naming `where`.
RichText read_picture(std::string_view bytes, const std::string& where);

/// By the file's name: .md .markdown .txt, .html .htm .xhtml, .pdf, .png .jpg .jpeg .tif .tiff. Throws not_found, io,
/// unsupported (another name), bad_input.
RichText read_rich_text(const std::filesystem::path& path);
/// Whether read_rich_text() takes it, by its name.
bool is_rich_text(const std::filesystem::path& path);

}  // namespace ballast::ingest
