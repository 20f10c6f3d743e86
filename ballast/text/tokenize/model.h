// SPDX-License-Identifier: Apache-2.0
// The third stage: one word to the tokens of the vocabulary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ballast::text {

/// A token and the bytes of the (normalised) text that it covers.
struct Token {
  std::int32_t id = 0;
  std::size_t begin = 0, end = 0;
};

/// Token to id; keys are views of strings that outlive the table.
using TokenIds = std::unordered_map<std::string_view, std::int32_t>;

class Model {
 public:
  virtual ~Model() = default;
  /// Appends the tokens of `word`, which starts at byte `at` of its text. Thread-safe.
  virtual void tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const = 0;
};

}  // namespace ballast::text
