// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/rich/recognition.h"

#include <leptonica/allheaders.h>
#include <tesseract/baseapi.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kLeastConfidence = 40, kSure = 85;  // percent
constexpr std::int64_t kMostPixels = 100'000'000;

struct PixDeleter {
  void operator()(Pix* pix) const { pixDestroy(&pix); }
};
using PixHandle = std::unique_ptr<Pix, PixDeleter>;

bool is_wide(UChar32 c) {
  return (c >= 0x2e80 && c <= 0x9fff) || (c >= 0xff00 && c <= 0xffef);
}

/// Tesseract puts spaces between Chinese characters.
std::string without_spaces_in_chinese(std::string_view text) {
  std::string out;
  const auto length = static_cast<std::int32_t>(text.size());
  bool wide_before = false;
  for (std::int32_t at = 0; at < length;) {
    const std::int32_t begin = at;
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(text.data(), at, length, c);
    if (c == ' ' && wide_before) {
      std::int32_t next = at;
      UChar32 after = 0;
      if (next < length) U8_NEXT_OR_FFFD(text.data(), next, length, after);
      if (is_wide(after)) continue;
    }
    wide_before = is_wide(c);
    out += text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin));
  }
  return out;
}

void check_size(const Pix* pix, const std::string& where) {
  const std::int64_t pixels = std::int64_t{pixGetWidth(pix)} * pixGetHeight(pix);
  if (pixels > kMostPixels) throw Error(ErrorCode::bad_input, "is a picture of more than 100 megapixels", where);
}

}  // namespace

/// One engine a language: a page is read in English first and, where that is unsure, in Chinese as well; the surer
/// reading counts. (Both languages in one engine misread words of either.)
struct TextRecognition::Engine {
  std::vector<std::unique_ptr<tesseract::TessBaseAPI>> languages;

  template <class SetImage>
  std::string read(const SetImage& set_image) {
    std::string best;
    int surest = kLeastConfidence - 1;
    for (const auto& api : languages) {
      if (surest >= kSure) break;
      set_image(*api);
      const std::unique_ptr<char[]> text(api->GetUTF8Text());
      if (text == nullptr || api->MeanTextConf() <= surest) continue;
      surest = api->MeanTextConf();
      best = without_spaces_in_chinese(text.get());
    }
    return best;
  }
};

TextRecognition::TextRecognition() : engine_(std::make_unique<Engine>()) {
  // Both libraries tell standard error about oddities of a picture; nothing below apps/ prints.
  setMsgSeverity(L_SEVERITY_NONE);
  for (const char* language : {"eng", "chi_sim"}) {
    auto api = std::make_unique<tesseract::TessBaseAPI>();
    api->SetVariable("debug_file", "/dev/null");
    if (api->Init(nullptr, language) == 0) engine_->languages.push_back(std::move(api));
  }
  if (engine_->languages.empty()) {
    throw Error(ErrorCode::unsupported, "Tesseract has no language models", "text recognition",
                "install tesseract-ocr-eng and tesseract-ocr-chi-sim");
  }
}

TextRecognition::~TextRecognition() = default;

std::string TextRecognition::read(const GreyPicture& picture) {
  return engine_->read([&](tesseract::TessBaseAPI& api) {
    api.SetImage(reinterpret_cast<const unsigned char*>(picture.pixels), picture.width, picture.height, 1,
                 picture.bytes_per_row);
    api.SetSourceResolution(picture.dpi);
  });
}

std::vector<std::string> TextRecognition::read_file(std::string_view bytes, const std::string& where) {
  const auto* data = reinterpret_cast<const l_uint8*>(bytes.data());
  l_int32 format = 0;
  if (findFileFormatBuffer(data, &format) != 0 || format == IFF_UNKNOWN) {
    throw Error(ErrorCode::bad_input, "is no picture that can be read", where, "PNG, JPEG or TIFF");
  }
  const bool tiff = L_FORMAT_IS_TIFF(format);
  std::vector<std::string> pages;
  std::size_t offset = 0;
  do {
    const PixHandle pix(tiff ? pixReadMemFromMultipageTiff(data, bytes.size(), &offset)
                             : pixReadMem(data, bytes.size()));
    if (pix == nullptr) throw Error(ErrorCode::bad_input, "is a damaged picture", where);
    check_size(pix.get(), where);
    pages.push_back(engine_->read([&](tesseract::TessBaseAPI& api) { api.SetImage(pix.get()); }));
  } while (tiff && offset != 0);
  return pages;
}

}  // namespace ballast::ingest
