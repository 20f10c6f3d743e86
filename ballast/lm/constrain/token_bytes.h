// SPDX-License-Identifier: Apache-2.0
// What each token of a vocabulary adds to a text, in bytes, as a tree of common beginnings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/text/tokenizer.h"

namespace ballast::lm {

class TokenBytes {
 public:
  /// Special tokens add nothing and are left out. Throws unsupported for a tokenizer whose tokens change with what
  /// stands beside them (WordPiece).
  explicit TokenBytes(const text::Tokenizer& tokenizer);

  const std::string& of(std::int32_t id) const { return bytes_[static_cast<std::size_t>(id)]; }
  std::size_t size() const { return bytes_.size(); }

  struct Node {
    unsigned char byte = 0;
    std::vector<std::int32_t> ids;  // tokens that end here
    std::vector<std::uint32_t> children;
  };
  /// Node 0 is the empty beginning.
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  std::vector<std::string> bytes_;
  std::vector<Node> nodes_;
};

}  // namespace ballast::lm
