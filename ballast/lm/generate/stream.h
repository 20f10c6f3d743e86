// SPDX-License-Identifier: Apache-2.0
// From growing token ids to a stream of text: whole characters only, and nothing that might become a stop string.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/text/tokenizer.h"

namespace ballast::lm {

class TextStream {
 public:
  TextStream(const text::Tokenizer& tokenizer, std::vector<std::string> stop,
             std::function<void(std::string_view)> sink)
      : tokenizer_(tokenizer), stop_(std::move(stop)), sink_(std::move(sink)) {}

  /// All new ids so far. False once a stop string has appeared.
  bool update(std::span<const std::int32_t> ids);
  /// No more ids will come: hands over what was held back. Returns the whole text.
  std::string finish();

 private:
  void emit(std::string_view text);

  const text::Tokenizer& tokenizer_;
  std::vector<std::string> stop_;
  std::function<void(std::string_view)> sink_;
  std::vector<std::int32_t> ids_;
  std::string sent_, rest_;  // given to the sink; cut text that ends at a stop string
  bool stopped_ = false;
};

/// Bytes at the end of `text` that begin a UTF-8 character without ending it: 0 … 3.
std::size_t unfinished_bytes(std::string_view text);

/// Bytes at the end of `text` that begin one of the strings: the longest such tail.
std::size_t begun_bytes(std::string_view text, std::span<const std::string> strings);

}  // namespace ballast::lm
