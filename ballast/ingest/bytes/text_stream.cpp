// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/bytes/text_stream.h"

#include <strings.h>

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::ingest {
namespace {
constexpr std::size_t kSample = 256 << 10;  // enough for a table whose first page is plain ASCII
constexpr std::size_t kReadAtOnce = 128 << 10;
}  // namespace

TextStream::TextStream(const std::string& source, const std::string& encoding) : source_(source), bytes_(source) {
  bytes_.read(raw_, kSample);
  if (raw_.empty()) throw base::Error(base::ErrorCode::bad_input, "the file is empty", source);
  const Detected detected = detect_encoding(raw_);
  const bool named = encoding != "auto" && !encoding.empty();
  // A mark of another encoding than the named one is left to its decoder; the mark of UTF-8 is never text.
  const bool own_mark = !named || detected.name == "UTF-8" || strcasecmp(encoding.c_str(), detected.name.c_str()) == 0;
  const std::size_t bom = own_mark ? detected.bom : 0;
  decoder_ = make_decoder(named ? encoding : detected.name, bom);
  raw_.erase(0, bom);
}

bool TextStream::fill() {
  while (!ended_) {
    start_ += at_;
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t before = buffer_.size();
    ended_ = raw_.empty() && bytes_.read(raw_, kReadAtOnce) == 0;
    decoder_->decode(raw_, ended_, buffer_);
    raw_.clear();
    if (buffer_.size() > before) return true;
  }
  return false;
}

std::string_view TextStream::ahead(std::size_t count) {
  while (buffer_.size() - at_ < count && fill()) {
  }
  return std::string_view(buffer_).substr(at_, std::min(count, buffer_.size() - at_));
}

bool TextStream::read_line(std::string& line, std::size_t limit, bool& complete) {
  line.clear();
  complete = true;
  if (peek() < 0) return false;
  for (;;) {
    const auto rest = std::string_view(buffer_).substr(at_);
    const std::size_t end = rest.find('\n');
    const auto part = rest.substr(0, end);
    if (line.size() + part.size() > limit) complete = false;
    line.append(part.substr(0, limit - std::min(limit, line.size())));
    at_ += part.size();
    if (end != std::string_view::npos) {
      ++at_, ++line_;
      break;
    }
    if (peek() < 0) break;
  }
  if (complete && line.ends_with('\r')) line.pop_back();
  return true;
}

void TextStream::push_back(std::string_view text, std::int64_t line) {
  start_ = position() - text.size();
  buffer_.replace(0, at_, text);
  at_ = 0;
  line_ = line;
}

}  // namespace ballast::ingest
