// SPDX-License-Identifier: Apache-2.0
// PDF through poppler: a block a page, the lines of a paragraph joined again. A page without text is drawn and read as
// a picture.
#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-page-renderer.h>
#include <poppler-page.h>

#include <algorithm>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/ingest/rich/parts.h"
#include "ballast/ingest/rich/recognition.h"
#include "ballast/ingest/rich_text.h"

namespace ballast::ingest {
namespace {

constexpr int kMostPages = 5000;
constexpr int kDpi = 300;           // what Tesseract's models were trained for
constexpr double kMostInches = 30;  // of a page's side that is drawn
constexpr double kPointsAnInch = 72;

/// What stands on a page that is a picture. The models are loaded with the first such page.
std::string text_in_picture(poppler::page& page, std::unique_ptr<TextRecognition>& recognition) {
  const poppler::rectf box = page.page_rect();
  if (std::max(box.width(), box.height()) > kMostInches * kPointsAnInch) return {};
  poppler::page_renderer renderer;
  renderer.set_image_format(poppler::image::format_gray8);
  renderer.set_render_hint(poppler::page_renderer::antialiasing);
  renderer.set_render_hint(poppler::page_renderer::text_antialiasing);
  const poppler::image image = renderer.render_page(&page, kDpi, kDpi);
  if (!image.is_valid()) return {};
  if (recognition == nullptr) recognition = std::make_unique<TextRecognition>();
  return recognition->read({image.const_data(), image.width(), image.height(), image.bytes_per_row(), kDpi});
}

bool is_blank_page(const std::string& text) {
  return text.find_first_not_of(" \n\f") == std::string::npos;
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
  std::unique_ptr<TextRecognition> recognition;
  const auto title = document->get_title().to_utf8();
  out.title.assign(title.begin(), title.end());
  for (int number = 0; number < document->pages(); ++number) {
    const std::unique_ptr<poppler::page> page(document->create_page(number));
    if (page == nullptr) continue;
    const auto raw = page->text().to_utf8();
    std::string text = joined_lines(visible_utf8(std::string_view(raw.data(), raw.size()), out.hidden));
    if (is_blank_page(text)) {
      text = joined_lines(text_in_picture(*page, recognition));
      out.recognised += !is_blank_page(text);
    }
    if (is_blank_page(text)) continue;
    const std::size_t begin = out.text.size();
    out.text += text;
    if (out.text.back() != '\n') out.text += '\n';
    out.blocks.push_back({"", "page " + std::to_string(number + 1), begin, out.text.size()});
  }
  if (out.blocks.empty()) {
    throw Error(ErrorCode::bad_input, "holds no text, nor pictures that can be read", where);
  }
  return out;
}

}  // namespace ballast::ingest
