// SPDX-License-Identifier: Apache-2.0
// Tokens that are found in the text as they stand, before any other stage sees it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/text/tokenize/normalize.h"
#include "ballast/text/tokenize/parts.h"

namespace ballast::text {

/// A stretch of text: an added token, or text between them (id absent).
struct Stretch {
  std::optional<std::int32_t> id;
  std::size_t begin = 0, end = 0;
};

/// Finds one group of added tokens: leftmost first, the longest of those that start together.
class AddedTokenFinder {
 public:
  AddedTokenFinder() { by_first_byte_.fill(-1); }

  /// `content`: what to look for, the token's content or its normalised form.
  void add(const AddedToken& token, std::string content);

  /// Cuts the text up, in order and without gaps; empty stretches are left out.
  void split(std::string_view text, std::vector<Stretch>& out) const;

  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    AddedToken token;
    std::string content;
    std::int32_t next = -1;  // the next shorter entry with the same first byte
  };
  const Entry* match(std::string_view text, std::size_t at) const;

  std::vector<Entry> entries_;
  std::array<std::int32_t, 256> by_first_byte_;
};

}  // namespace ballast::text
