// SPDX-License-Identifier: Apache-2.0
// A hash table from a pair of token ids to a number, by open addressing: the hot look-up of merging and of training.
#pragma once

#include <cstdint>
#include <vector>

namespace ballast::text {

using IdPair = std::uint64_t;  // left << 32 | right

constexpr IdPair make_pair_key(std::uint32_t left, std::uint32_t right) {
  return static_cast<IdPair>(left) << 32 | right;
}

class PairTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

  explicit PairTable(std::size_t expected = 16) {
    std::size_t size = 16;
    while (size * 2 < expected * 3) size *= 2;
    slots_.resize(size);
  }

  /// The number stored for the pair, or kNone.
  std::uint32_t find(IdPair key) const {
    for (std::size_t i = place(key);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].value == kNone || slots_[i].key == key) return slots_[i].value;
    }
  }

  /// Asks for what insert() of this pair will need.
  void prefetch(IdPair key) const { __builtin_prefetch(&slots_[place(key)]); }

  /// Stores `value` (not kNone) unless the pair is there; returns what is stored.
  std::uint32_t insert(IdPair key, std::uint32_t value) {
    if ((count_ + 1) * 3 > slots_.size() * 2) grow();
    std::size_t i = place(key);
    while (slots_[i].value != kNone && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
    if (slots_[i].value == kNone) {
      slots_[i] = {key, value};
      ++count_;
    }
    return slots_[i].value;
  }

 private:
  struct Slot {
    IdPair key = 0;
    std::uint32_t value = kNone;
  };

  std::size_t place(IdPair key) const {
    key = (key ^ (key >> 31)) * 0x9e3779b97f4a7c15ull;
    return static_cast<std::size_t>(key ^ (key >> 32)) & (slots_.size() - 1);
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    count_ = 0;
    for (const Slot& s : old) {
      if (s.value != kNone) insert(s.key, s.value);
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace ballast::text
