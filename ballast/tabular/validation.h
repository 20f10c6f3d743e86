// SPDX-License-Identifier: Apache-2.0
// Which rows learn and which judge: stratified folds and splits, chronological ones, and predictions made out of fold.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ballast::tabular {

/// Rows (numbers from 0, ascending) on either side.
struct Split {
  std::vector<std::int64_t> train, test;
};

/// The items at `rows`; nothing for nothing (weights may be absent).
template <class T>
std::vector<T> take(std::span<const T> items, std::span<const std::int64_t> rows) {
  std::vector<T> out;
  if (items.empty()) return out;
  out.reserve(rows.size());
  for (const std::int64_t r : rows) out.push_back(items[static_cast<std::size_t>(r)]);
  return out;
}

/// The fold of each row in [0, folds), classes spread evenly. It is the assignment that scikit-learn's
/// StratifiedKFold(folds, shuffle=True, random_state=seed) makes (seed below 2^32), row for row, so that figures
/// compare on the same folds. Throws bad_input when a class has fewer rows than there are folds.
std::vector<int> stratified_folds(std::span<const std::uint8_t> truth, int folds, std::uint64_t seed);

/// Folds made elsewhere: a CSV or JSONL file with the columns "row" (the line of a row in its own file, from 1, the
/// header counting, as everywhere) and "fold" (whole numbers from 0 without a gap). Gives the fold of the rows that
/// stand on `lines`; further lines in the file are not used. Throws bad_input with the place for a line that has no
/// fold or two, and for folds that are no such numbers.
std::vector<int> read_folds(const std::string& file, std::span<const std::int64_t> lines);

/// Rows of fold `test` against all others.
Split split_at(std::span<const int> fold, int test);

/// A stratified hold-out of about `share` of each class.
Split stratified_split(std::span<const std::uint8_t> truth, double share, std::uint64_t seed);

/// The last `share` of the rows by time is the test side; rows of one time stay on one side, and training rows later
/// than (first test time − embargo) are left out. Throws bad_input when a side is empty.
Split chronological_split(std::span<const double> times, double share, double embargo = 0);

/// Walk-forward: the rows in order of time are cut into folds + 1 pieces; split k learns from pieces 0..k and judges
/// piece k + 1, with the same embargo. Throws bad_input when a side is empty.
std::vector<Split> chronological_folds(std::span<const double> times, int folds, double embargo = 0);

}  // namespace ballast::tabular
