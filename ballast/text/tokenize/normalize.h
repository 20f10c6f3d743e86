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

/// Canonical composition.
std::unique_ptr<Normalizer> make_nfc();

/// From tokenizer.json; null for a null component. Throws unsupported for a type that this build does not know.
std::unique_ptr<Normalizer> make_normalizer(const base::Json& json, const std::string& where);

}  // namespace ballast::text
