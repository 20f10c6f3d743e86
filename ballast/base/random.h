// SPDX-License-Identifier: Apache-2.0
// Seeded random numbers that are the same on every machine (no std:: distributions, whose output is not specified).
#pragma once

#include <cstdint>
#include <span>
#include <utility>

namespace ballast::base {

/// Counter-based generator (SplitMix64 of Steele, Lea & Flood 2014): the n-th number of a stream is a pure function of
/// seed, stream and n.
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t z = seed + (counter + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(random_bits(seed, stream)) {}

  std::uint64_t bits() { return random_bits(seed_, counter_++); }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  /// Uniform integer in [0, bound), bound > 0, without modulo bias.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box & Muller 1958).
  double normal();

  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t seed_, counter_ = 0;
};

}  // namespace ballast::base
