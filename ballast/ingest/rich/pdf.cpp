// SPDX-License-Identifier: Apache-2.0
// PDF through poppler: a block a page, the lines of a paragraph joined again.
#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-page.h>

#include <memory>

#include "ballast/base/error.h"
#include "ballast/ingest/rich/parts.h"
#include "ballast/ingest/rich_text.h"

namespace ballast::ingest {
namespace {

constexpr int kMostPages = 5000;

/// Poppler ends lines where the page does. A line that does not end a sentence goes on in the next one: with a space,
/// or with nothing between Chinese characters and after a hyphen.
std::string joined(const std::string& text) {
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

}  // namespace

RichText read_pdf(std::string_view bytes, const std::string& where) {
  using base::Error;
  using base::ErrorCode;
  // Poppler tells standard error about every oddity of a file; nothing below apps/ prints.
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  if (bytes.substr(0, 1024).find("%PDF-") == std::string_view::npos)
    throw Error(ErrorCode::bad_input, "is not a PDF", where);
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(bytes.data(), static_cast<int>(bytes.size())));
  if (document == nullptr) throw Error(ErrorCode::bad_input, "is a damaged PDF", where);
  if (document->is_locked()) throw Error(ErrorCode::bad_input, "is locked with a password", where);
  if (document->pages() > kMostPages) throw Error(ErrorCode::bad_input, "has more than 5,000 pages", where);
  RichText out;
  const auto title = document->get_title().to_utf8();
  out.title.assign(title.begin(), title.end());
  for (int number = 0; number < document->pages(); ++number) {
    const std::unique_ptr<poppler::page> page(document->create_page(number));
    if (page == nullptr) continue;
    const auto raw = page->text().to_utf8();
    const std::string text = joined(visible_utf8(std::string_view(raw.data(), raw.size()), out.hidden));
    if (text.find_first_not_of(" \n") == std::string::npos) continue;
    const std::size_t begin = out.text.size();
    out.text += text;
    if (out.text.back() != '\n') out.text += '\n';
    out.blocks.push_back({"", "page " + std::to_string(number + 1), begin, out.text.size()});
  }
  if (out.blocks.empty()) {
    throw Error(ErrorCode::bad_input, "holds no text", where, "a scan has to go through text recognition first");
  }
  return out;
}

}  // namespace ballast::ingest
