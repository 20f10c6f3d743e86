// SPDX-License-Identifier: Apache-2.0
// Text in pictures of pages, by Tesseract with its English and simplified Chinese models.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::ingest {

/// Rows of grey values, one byte a pixel.
struct GreyPicture {
  const char* pixels = nullptr;
  int width = 0, height = 0, bytes_per_row = 0;
  int dpi = 0;
};

class TextRecognition {
 public:
  /// Throws unsupported where the models of neither language are installed.
  TextRecognition();
  ~TextRecognition();
  TextRecognition(const TextRecognition&) = delete;
  TextRecognition& operator=(const TextRecognition&) = delete;

  /// UTF-8; empty where there is nothing to read, or where it is so unclear that what was read means nothing (less than
  /// 40 % mean confidence). The same picture gives the same text.
  std::string read(const GreyPicture& picture);

  /// Pages of a PNG, JPEG or TIFF file. Throws bad_input naming `where`: no picture, damaged, larger than 100
  /// megapixels.
  std::vector<std::string> read_file(std::string_view bytes, const std::string& where);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace ballast::ingest
