// SPDX-License-Identifier: Apache-2.0
// The third stage: one word to the tokens of the vocabulary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/text/tokenize/token_ids.h"

namespace ballast::text {

/// A token and the bytes of the (normalised) text that it covers.
struct Token {
  std::int32_t id = 0;
  std::size_t begin = 0, end = 0;
};

class Model {
 public:
  virtual ~Model() = default;
  /// Appends the tokens of `word`, which starts at byte `at` of its text. Thread-safe.
  virtual void tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const = 0;
};

}  // namespace ballast::text
