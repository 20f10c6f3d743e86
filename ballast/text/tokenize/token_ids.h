// SPDX-License-Identifier: Apache-2.0
// A hash table from a token to its id, by open addressing: a vocabulary of 150,000 fills it in a few milliseconds,
// where a node of its own for each token took a fifth of a model's start.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ballast::text {

/// Keys are views of strings that outlive the table.
class TokenIds {
 public:
  explicit TokenIds(std::size_t expected = 0) {
    std::size_t size = 16;
    while (size * 2 < expected * 3) size *= 2;
    slots_.resize(size);
  }

  std::optional<std::int32_t> find(std::string_view token) const { return find_from(start(token), token); }

  /// ids[i] = find(tokens[i]). The table is larger than the caches: the look-ups wait for memory together.
  void find_all(std::span<const std::string_view> tokens, std::span<std::optional<std::int32_t>> ids) const {
    constexpr std::size_t kTogether = 32;
    std::array<std::size_t, kTogether> starts;
    for (std::size_t first = 0; first < tokens.size(); first += kTogether) {
      const std::size_t count = std::min(kTogether, tokens.size() - first);
      for (std::size_t i = 0; i < count; ++i) {
        starts[i] = start(tokens[first + i]);
        __builtin_prefetch(&slots_[starts[i]]);
      }
      for (std::size_t i = 0; i < count; ++i) __builtin_prefetch(slots_[starts[i]].data);
      for (std::size_t i = 0; i < count; ++i) ids[first + i] = find_from(starts[i], tokens[first + i]);
    }
  }
  bool contains(std::string_view token) const { return find(token).has_value(); }

  /// Stores a token's id (0 or more) unless it has one; false then.
  bool insert(std::string_view token, std::int32_t id) {
    if ((count_ + 1) * 3 > slots_.size() * 2) grow();
    Slot& slot = slots_[place(token)];
    if (slot.id != kFree) return false;
    slot = {token.data(), static_cast<std::uint32_t>(token.size()), id};
    ++count_;
    return true;
  }

 private:
  static constexpr std::int32_t kFree = -1;
  struct Slot {
    const char* data = nullptr;
    std::uint32_t size = 0;
    std::int32_t id = kFree;
  };

  std::size_t start(std::string_view token) const { return std::hash<std::string_view>()(token) & (slots_.size() - 1); }
  /// Where the token is, or where it would stand.
  std::size_t place_from(std::size_t i, std::string_view token) const {
    for (;; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.id == kFree || std::string_view(slot.data, slot.size) == token) return i;
    }
  }
  std::size_t place(std::string_view token) const { return place_from(start(token), token); }
  std::optional<std::int32_t> find_from(std::size_t i, std::string_view token) const {
    const std::int32_t id = slots_[place_from(i, token)].id;
    return id == kFree ? std::nullopt : std::optional(id);
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id != kFree) slots_[place({slot.data, slot.size})] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace ballast::text
