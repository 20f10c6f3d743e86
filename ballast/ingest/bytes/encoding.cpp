// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/bytes/encoding.h"

#include <uchardet.h>
#include <unicode/ucnv.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/ingest/bytes/utf8.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;

struct Utf8Counts {
  std::int64_t wide = 0, invalid = 0;
};

Utf8Counts count_utf8(std::string_view sample) {
  Utf8Counts counts;
  for (std::size_t i = 0; i < sample.size();) {
    const std::size_t n = utf8_length(sample, i);
    if (n == 0 && sample.size() - i < 4) break;  // the sample may end inside a character
    counts.wide += n > 1;
    counts.invalid += n == 0;
    i += std::max<std::size_t>(n, 1);
  }
  return counts;
}

bool uchardet_says_chinese(std::string_view sample) {
  uchardet_t detector = uchardet_new();
  uchardet_handle_data(detector, sample.data(), sample.size());
  uchardet_data_end(detector);
  const std::string name = uchardet_get_charset(detector);
  uchardet_delete(detector);
  return name == "GB18030" || name == "GBK" || name == "GB2312" || name == "HZ-GB-2312";
}

// Short texts are too little for uchardet. Nearly all Chinese text is pairs of GB 2312: Chinese characters
// (B0-F7, A1-FE) and punctuation (A1-A3, A1-FE).
bool mostly_gb2312_pairs(std::string_view sample) {
  std::int64_t high = 0, paired = 0, characters = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const auto a = static_cast<unsigned char>(sample[i]);
    if (a < 0x80) continue;
    ++high;
    const unsigned b = i + 1 < sample.size() ? static_cast<unsigned char>(sample[i + 1]) : 0;
    const bool character = a >= 0xB0 && a <= 0xF7;
    if ((character || (a >= 0xA1 && a <= 0xA3)) && b >= 0xA1 && b != 0xFF) {
      ++high, paired += 2, characters += character, ++i;
    }
  }
  return characters >= 2 && paired * 10 >= high * 9;
}

class Utf8Decoder : public Decoder {
 public:
  explicit Utf8Decoder(std::size_t bom) : bom_(bom) {}
  void decode(std::string_view bytes, bool, std::string& out) override { out.append(bytes); }
  std::uint64_t source_offset(std::uint64_t decoded) const override { return decoded + bom_; }

 private:
  std::size_t bom_;
};

class IcuDecoder : public Decoder {
 public:
  IcuDecoder(const std::string& name, std::size_t bom) : consumed_(bom) {
    UErrorCode status = U_ZERO_ERROR;
    converter_.reset(ucnv_open(name.c_str(), &status));
    if (U_FAILURE(status)) {
      throw Error(ErrorCode::usage, "unknown encoding \"" + name + "\"", "--encoding",
                  "use auto, utf-8, utf-16, gb18030 or another name that ICU knows");
    }
    ucnv_setToUCallBack(converter_.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
  }

  void decode(std::string_view bytes, bool last, std::string& out) override {
    const char* from = bytes.data();
    const char* const end = from + bytes.size();
    const std::size_t start = out.size();
    for (;;) {
      std::array<UChar, 4096> units;
      UChar* to = units.data();
      const char* const before = from;
      UErrorCode status = U_ZERO_ERROR;
      ucnv_toUnicode(converter_.get(), &to, units.data() + units.size(), &from, end, nullptr, last, &status);
      consumed_ += static_cast<std::uint64_t>(from - before);
      for (const UChar* u = units.data(); u != to; ++u) append_unit(*u, out);
      if (status == U_BUFFER_OVERFLOW_ERROR) continue;
      if (U_SUCCESS(status)) break;
      char invalid[32];
      std::int8_t length = sizeof invalid;
      UErrorCode ignored = U_ZERO_ERROR;
      ucnv_getInvalidChars(converter_.get(), invalid, &length, &ignored);
      // With a half character at the very end ICU reports it once and keeps it: reset, or it would be reported for
      // ever.
      if (status == U_TRUNCATED_CHAR_FOUND) ucnv_resetToUnicode(converter_.get());
      if (bad_.size() < kRemembered) {
        bad_.emplace_back(decoded_ + (out.size() - start), consumed_ - static_cast<std::uint64_t>(length));
      }
      out += '\xFF';
      if (from == end) break;
    }
    decoded_ += out.size() - start;
  }

  std::uint64_t source_offset(std::uint64_t decoded) const override {
    const auto at = std::lower_bound(bad_.begin(), bad_.end(), std::pair{decoded, std::uint64_t{0}});
    return at == bad_.end() ? consumed_ : at->second;
  }

 private:
  static constexpr std::size_t kRemembered = 1 << 20;  // a file with more bad bytes is not text
  struct Close {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
  };

  void append_unit(UChar unit, std::string& out) {
    if ((unit & 0xFC00) == 0xD800) {
      high_ = unit;  // ICU only gives well-formed pairs, but may cut one at the end of its buffer
    } else if ((unit & 0xFC00) == 0xDC00) {
      append_utf8(out, 0x10000 + ((static_cast<char32_t>(high_) - 0xD800) << 10) + (unit - 0xDC00));
    } else {
      append_utf8(out, unit);
    }
  }

  std::unique_ptr<UConverter, Close> converter_;
  UChar high_ = 0;
  std::uint64_t consumed_ = 0, decoded_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> bad_;  // decoded offset, source offset
};

}  // namespace

Detected detect_encoding(std::string_view sample) {
  if (sample.starts_with("\xEF\xBB\xBF")) return {"UTF-8", 3};
  if (sample.starts_with("\xFF\xFE")) return {"UTF-16LE", 2};
  if (sample.starts_with("\xFE\xFF")) return {"UTF-16BE", 2};
  std::int64_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0';
  // Text has no NUL characters, but UTF-16 has a NUL byte in every line feed, space and digit: all at one parity.
  const std::int64_t some = std::max(zeros[0], zeros[1]), others = std::min(zeros[0], zeros[1]);
  if (some >= 2 && others * 20 <= some) return {zeros[1] > zeros[0] ? "UTF-16LE" : "UTF-16BE", 0};
  const Utf8Counts counts = count_utf8(sample);
  if (counts.invalid == 0 || counts.wide > counts.invalid) return {"UTF-8", 0};
  if (mostly_gb2312_pairs(sample) || (counts.invalid >= 8 && uchardet_says_chinese(sample))) return {"GB18030", 0};
  return {"UTF-8", 0};
}

std::unique_ptr<Decoder> make_decoder(const std::string& name, std::size_t bom) {
  std::string lower = name;
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (lower == "utf-8" || lower == "utf8") return std::make_unique<Utf8Decoder>(bom);
  return std::make_unique<IcuDecoder>(name, bom);
}

}  // namespace ballast::ingest
