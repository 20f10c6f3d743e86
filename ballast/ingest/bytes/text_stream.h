// SPDX-License-Identifier: Apache-2.0
// Decoded text, character by character and line by line, with line numbers from 1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ballast/ingest/bytes/encoding.h"
#include "ballast/ingest/bytes/raw_bytes.h"

namespace ballast::ingest {

class TextStream {
 public:
  /// `encoding`: "auto" or a name. Throws as RawBytes and make_decoder do, and bad_input for an empty file.
  TextStream(const std::string& source, const std::string& encoding);

  const std::string& source() const { return source_; }
  /// The next byte, or -1 at the end.
  int peek() { return at_ < buffer_.size() || fill() ? static_cast<unsigned char>(buffer_[at_]) : -1; }
  int get() {
    const int c = peek();
    if (c >= 0) ++at_, line_ += c == '\n';
    return c;
  }
  /// At least `count` bytes that follow, fewer only at the end. Valid until the next call.
  std::string_view ahead(std::size_t count);
  /// The next line without its line break; false at the end. `complete` tells whether all of it fitted in `limit`
  /// bytes; the rest of a longer line is skipped.
  bool read_line(std::string& line, std::size_t limit, bool& complete);

  std::int64_t line() const { return line_; }
  std::uint64_t position() const { return start_ + at_; }
  std::uint64_t source_offset(std::uint64_t position) const { return decoder_->source_offset(position); }
  /// Puts text back in front of what follows; `line` is the number of its first line.
  void push_back(std::string_view text, std::int64_t line);

 private:
  bool fill();

  std::string source_;
  RawBytes bytes_;
  std::unique_ptr<Decoder> decoder_;
  std::string raw_;     // read, not yet decoded
  std::string buffer_;  // decoded, consumed up to at_
  std::size_t at_ = 0;
  std::uint64_t start_ = 0;  // position of buffer_[0]
  std::int64_t line_ = 1;
  bool ended_ = false;
};

}  // namespace ballast::ingest
