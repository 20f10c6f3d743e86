// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/stream.h"

#include <algorithm>

namespace ballast::lm {

std::size_t unfinished_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0u) == 0x80u) continue;
    const std::size_t length = byte >= 0xf0u ? 4 : byte >= 0xe0u ? 3 : byte >= 0xc0u ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

std::size_t begun_bytes(std::string_view text, std::span<const std::string> strings) {
  std::size_t longest = 0;
  for (const std::string& s : strings) {
    for (std::size_t n = std::min(s.size() - 1, text.size()); n > longest; --n) {
      if (text.ends_with(std::string_view(s).substr(0, n))) longest = n;
    }
  }
  return longest;
}

void TextStream::emit(std::string_view text) {
  if (text.size() <= sent_.size()) return;
  if (sink_) sink_(text.substr(sent_.size()));
  sent_ = text;
}

bool TextStream::update(std::span<const std::int32_t> ids) {
  if (stopped_) return false;
  ids_.assign(ids.begin(), ids.end());
  // Cut characters at the end wait for their other bytes; those in the middle are mended as the final text will be.
  const std::size_t waiting = unfinished_bytes(tokenizer_.decode_bytes(ids_));
  std::string text = tokenizer_.decode(ids_);
  std::size_t first = std::string::npos;
  for (const std::string& stop : stop_) first = std::min(first, text.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    rest_ = text.substr(0, first);
    emit(rest_);
    return false;
  }
  constexpr std::string_view kMended = "\xef\xbf\xbd";  // U+FFFD, one for every run of cut bytes or one for each
  if (waiting > 0) {
    while (text.ends_with(kMended)) text.resize(text.size() - kMended.size());
  }
  emit(std::string_view(text).substr(0, text.size() - begun_bytes(text, stop_)));
  return true;
}

std::string TextStream::finish() {
  const std::string text = stopped_ ? rest_ : tokenizer_.decode(ids_);
  emit(text);
  return text;
}

}  // namespace ballast::lm
