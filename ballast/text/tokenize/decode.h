// SPDX-License-Identifier: Apache-2.0
// The way back: tokens to text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::text {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// May return bytes that are not UTF-8, where a character was cut.
  virtual std::string decode(const std::vector<std::string_view>& tokens) const = 0;
  /// Whether each byte of a cut character becomes a U+FFFD of its own (SentencePiece), not the character one.
  virtual bool mends_each_byte() const { return false; }
};

/// From tokenizer.json (null: tokens joined by spaces). Throws unsupported for a type that this build does not know.
std::unique_ptr<Decoder> make_decoder(const base::Json& json, const std::string& where);

}  // namespace ballast::text
