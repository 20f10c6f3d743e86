// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/truncate.h"

#include <algorithm>
#include <utility>

#include "ballast/base/error.h"

namespace ballast::text {
namespace {

/// The shorter text keeps what it has if it can; else both get half, the longer one the odd token.
std::pair<std::size_t, std::size_t> share(std::size_t first, std::size_t second, std::size_t room) {
  const bool swapped = first > second;
  std::size_t shorter = std::min(first, second);
  std::size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return swapped ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

}  // namespace

std::size_t truncate(std::vector<Token>& first, std::vector<Token>* second, std::size_t room, Truncation strategy) {
  const std::size_t total = first.size() + (second == nullptr ? 0 : second->size());
  if (total <= room) return 0;
  const std::size_t excess = total - room;
  if (second == nullptr) {
    first.resize(room);
  } else if (strategy == Truncation::longest_first) {
    const auto [a, b] = share(first.size(), second->size(), room);
    first.resize(std::min(a, first.size()));
    second->resize(std::min(b, second->size()));
  } else {
    std::vector<Token>& target = strategy == Truncation::only_first ? first : *second;
    if (target.size() <= excess) {
      throw base::Error(base::ErrorCode::bad_input, std::string("cutting ") + std::to_string(excess) +
                                                        " tokens would leave nothing of the " +
                                                        (strategy == Truncation::only_first ? "first" : "second") +
                                                        " text, which has " + std::to_string(target.size()));
    }
    target.resize(target.size() - excess);
  }
  return excess;
}

}  // namespace ballast::text
