// SPDX-License-Identifier: Apache-2.0
// Texts as sets of short character runs, and the texts that share most of theirs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ballast::govern {

/// Hashes of a text's shingles, ascending, each once.
using Shingles = std::vector<std::uint64_t>;

/// Character 5-grams of a normal form; 2-grams where most characters are Chinese, of which each carries more. A form
/// shorter than that has none.
Shingles shingles_of(std::string_view normal_form);

double jaccard(const Shingles& a, const Shingles& b);

struct Match {
  std::size_t other = 0;
  double similarity = 0;
};

/// Finds sets that are at least `threshold` alike among those added so far. Two such sets share one of their first
/// |x| − ⌈threshold·|x|⌉ + 1 elements in any common order (Bayardo, Ma & Srikant 2007); the order is by rising
/// frequency, so that few others share them.
class SimilarityIndex {
 public:
  /// `all` must outlive the index.
  SimilarityIndex(std::span<const Shingles> all, double threshold);
  void add(std::size_t row);
  /// The first added row that `usable` accepts and that is alike enough. At most `most` rows are compared; those beyond
  /// are counted in `left_out`.
  std::optional<Match> first_match(std::size_t row, const std::function<bool(std::size_t)>& usable, std::int64_t most,
                                   std::int64_t& left_out) const;

 private:
  std::vector<std::uint64_t> prefix(std::size_t row) const;

  std::span<const Shingles> all_;
  double threshold_;
  std::unordered_map<std::uint64_t, std::uint32_t> frequency_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> rows_with_;
};

}  // namespace ballast::govern
