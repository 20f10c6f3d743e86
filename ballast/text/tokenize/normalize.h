// SPDX-License-Identifier: Apache-2.0
// The first stage: text to normalised text, with the way back to the bytes it came from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::text {

/// Normalised text; for each of its bytes the half-open range [begin, end) of the original that it stands for.
struct NormalizedText {
  std::string text;
  std::vector<std::uint32_t> begin, end;

  /// Appends bytes that stand for [from, to).
  void append(std::string_view bytes, std::size_t from, std::size_t to) {
    text += bytes;
    begin.insert(begin.end(), bytes.size(), static_cast<std::uint32_t>(from));
    end.insert(end.end(), bytes.size(), static_cast<std::uint32_t>(to));
  }
};

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual NormalizedText apply(std::string_view text) const = 0;
};

/// NFC, NFD, NFKC or NFKD; null for another name.
std::unique_ptr<Normalizer> make_unicode_form(const std::string& name);

/// The simple steps: Replace, Prepend, Strip, Lowercase, StripAccents; null for another type.
std::unique_ptr<Normalizer> make_text_step(const std::string& type, const base::Json& json, const std::string& where);

/// SentencePiece's map from character sequences to what stands for them, the longest match first. Characters that are
/// no UTF-8 become U+FFFD, one a byte. `charsmap` as in the model file. Throws bad_input for a damaged one.
std::unique_ptr<Normalizer> make_precompiled(std::string charsmap, const std::string& where);

/// Base64 with or without padding; throws bad_input naming `where`.
std::string decode_base64(std::string_view text, const std::string& where);
std::string encode_base64(std::string_view bytes);

/// From tokenizer.json; null for a null component. Throws unsupported for a type that this build does not know.
std::unique_ptr<Normalizer> make_normalizer(const base::Json& json, const std::string& where);

}  // namespace ballast::text
