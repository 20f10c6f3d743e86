// SPDX-License-Identifier: Apache-2.0
// The merges of byte-pair encoding, by rank, in one text: 150,000 pairs of strings would be 10 MB of new memory at
// every start of a model.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/error.h"

namespace ballast::text {

class MergeList {
 public:
  struct Merge {
    std::string_view left, right;
    /// What it makes; the two lie side by side.
    std::string_view made() const { return {left.data(), left.size() + right.size()}; }
  };

  std::size_t size() const { return ends_.size(); }
  /// Valid until the next merge is added.
  Merge operator[](std::size_t i) const {
    const std::string_view text = text_;
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1].right;
    return {text.substr(begin, ends_[i].left - begin), text.substr(ends_[i].left, ends_[i].right - ends_[i].left)};
  }

  /// Throws bad_input above 4 GiB in all.
  void push_back(std::string_view left, std::string_view right) {
    if (left.size() + right.size() > std::numeric_limits<std::uint32_t>::max() - text_.size()) {
      throw base::Error(base::ErrorCode::bad_input, "the merges have more than 4 GiB");
    }
    text_ += left;
    const auto middle = static_cast<std::uint32_t>(text_.size());
    text_ += right;
    ends_.push_back({middle, static_cast<std::uint32_t>(text_.size())});
  }

 private:
  struct Ends {
    std::uint32_t left, right;
  };
  std::string text_;
  std::vector<Ends> ends_;
};

}  // namespace ballast::text
