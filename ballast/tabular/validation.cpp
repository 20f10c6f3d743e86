// SPDX-License-Identifier: Apache-2.0
// Folds and splits.
#include "ballast/tabular/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/ingest/record.h"
#include "ballast/tabular/table.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kMostFolds = 100;

/// An even number in [0, bound], as NumPy's RandomState draws it: masked bits of the Mersenne Twister, drawn again when
/// above the bound.
std::uint32_t numpy_interval(std::mt19937& bits, std::uint32_t bound) {
  if (bound == 0) return 0;
  const std::uint32_t mask = std::bit_ceil(static_cast<std::uint64_t>(bound) + 1) - 1;
  std::uint32_t value = 0;
  do {
    value = static_cast<std::uint32_t>(bits()) & mask;
  } while (value > bound);
  return value;
}

std::vector<std::int64_t> by_time(std::span<const double> times) {
  std::vector<std::int64_t> order(times.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return times[static_cast<std::size_t>(a)] < times[static_cast<std::size_t>(b)];
  });
  return order;
}

/// Test rows are those with first <= time < last, training rows those with time < first − embargo (or <= it without).
Split split_between(std::span<const double> times, double first, double last, double embargo) {
  Split split;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (times[i] >= first && times[i] < last)
      split.test.push_back(row);
    else if (times[i] < first && times[i] <= first - embargo)
      split.train.push_back(row);
  }
  if (split.train.empty() || split.test.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("a chronological split at {} leaves {} training and {} test rows",
                                                  first, split.train.size(), split.test.size()));
  }
  return split;
}

}  // namespace

std::vector<int> stratified_folds(std::span<const std::uint8_t> truth, int folds, std::uint64_t seed) {
  BALLAST_CHECK(folds >= 2, folds);
  const auto n = truth.size();
  const auto k = static_cast<std::size_t>(folds);
  if (n == 0) throw Error(ErrorCode::bad_input, "there are no rows to split");
  // Classes are numbered by first appearance; the rows sorted by class are dealt out in turn, which fixes how many
  // rows of a class each fold gets.
  const std::uint8_t first = truth[0] != 0 ? 1 : 0;
  std::size_t of_first = 0;
  for (const std::uint8_t t : truth) of_first += (t != 0 ? 1 : 0) == first ? 1 : 0;
  const std::array<std::size_t, 2> sizes = {of_first, n - of_first};
  for (const std::size_t size : sizes) {
    if (size < k) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("a class has {} row(s), too few for {} folds with both classes in each", size, folds));
    }
  }
  std::mt19937 bits(static_cast<std::uint32_t>(seed));
  std::vector<int> fold(n);
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<int> dealt;
    for (std::size_t f = 0; f < k; ++f) {
      std::size_t count = 0;
      for (std::size_t i = f; i < n; i += k) count += (i < of_first) == (c == 0) ? 1 : 0;
      dealt.insert(dealt.end(), count, static_cast<int>(f));
    }
    for (std::size_t i = dealt.size() - 1; i > 0; --i) {
      std::swap(dealt[i], dealt[numpy_interval(bits, static_cast<std::uint32_t>(i))]);
    }
    std::size_t next = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (((truth[i] != 0 ? 1 : 0) == first) == (c == 0)) fold[i] = dealt[next++];
    }
  }
  return fold;
}

std::vector<int> read_folds(const std::string& file, std::span<const std::int64_t> lines) {
  std::map<std::int64_t, int> fold_of;
  auto reader = ingest::RecordReader::open(file);
  for (const char* column : {"row", "fold"}) reader.require_column(column, "");
  for (ingest::Record record; reader.next(record);) {
    const auto whole = [&](const char* column, double low, double high) {
      bool finite = true;
      const std::string text = record.text(column).value_or("");
      const double value = number_in(text, finite);
      if (!(value >= low && value <= high) || value != std::floor(value)) {
        throw Error(ErrorCode::bad_input, fmt::format("{} is \"{}\"", column, text.substr(0, 40)),
                    fmt::format("{}:{}", file, record.line), fmt::format("a whole number of at least {}", low));
      }
      return value;
    };
    const auto row = static_cast<std::int64_t>(whole("row", 1, 1e15));
    if (!fold_of.emplace(row, static_cast<int>(whole("fold", 0, kMostFolds - 1))).second) {
      throw Error(ErrorCode::bad_input, fmt::format("row {} has two folds", row),
                  fmt::format("{}:{}", file, record.line));
    }
  }
  std::vector<int> fold;
  std::vector<std::uint8_t> used(kMostFolds, 0);
  int last = 0;
  for (const std::int64_t line : lines) {
    const auto it = fold_of.find(line);
    if (it == fold_of.end()) {
      throw Error(ErrorCode::bad_input, fmt::format("has no fold for row {}", line), file,
                  "rows are lines of the data file, its header being line 1");
    }
    fold.push_back(it->second);
    used[static_cast<std::size_t>(it->second)] = 1;
    last = std::max(last, it->second);
  }
  for (int f = 0; f <= std::max(last, 1); ++f) {
    if (used[static_cast<std::size_t>(f)] == 0) {
      throw Error(ErrorCode::bad_input, fmt::format("no row is in fold {}", f), file,
                  "folds count from 0, at least two");
    }
  }
  return fold;
}

Split split_at(std::span<const int> fold, int test) {
  Split split;
  for (std::size_t i = 0; i < fold.size(); ++i) {
    (fold[i] == test ? split.test : split.train).push_back(static_cast<std::int64_t>(i));
  }
  return split;
}

Split stratified_split(std::span<const std::uint8_t> truth, double share, std::uint64_t seed) {
  BALLAST_CHECK(share > 0 && share < 1, share);
  Split split;
  for (const bool wanted : {false, true}) {
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if ((truth[i] != 0) == wanted) rows.push_back(static_cast<std::int64_t>(i));
    }
    if (rows.size() < 2) throw Error(ErrorCode::bad_input, "a class has fewer than two rows to split");
    base::Random(seed, wanted ? 1 : 0).shuffle(std::span(rows));
    const auto test = std::clamp<std::size_t>(
        static_cast<std::size_t>(std::llround(share * static_cast<double>(rows.size()))), 1, rows.size() - 1);
    const auto cut = rows.begin() + static_cast<std::ptrdiff_t>(test);
    split.test.insert(split.test.end(), rows.begin(), cut);
    split.train.insert(split.train.end(), cut, rows.end());
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.test.begin(), split.test.end());
  return split;
}

Split chronological_split(std::span<const double> times, double share, double embargo) {
  BALLAST_CHECK(share > 0 && share < 1 && embargo >= 0, share);
  if (times.empty()) throw Error(ErrorCode::bad_input, "there are no rows to split");
  const auto order = by_time(times);
  const auto at = std::min(times.size() - 1, static_cast<std::size_t>(static_cast<double>(times.size()) * (1 - share)));
  return split_between(times, times[static_cast<std::size_t>(order[at])], INFINITY, embargo);
}

std::vector<Split> chronological_folds(std::span<const double> times, int folds, double embargo) {
  BALLAST_CHECK(folds >= 1 && embargo >= 0, folds);
  const auto pieces = static_cast<std::size_t>(folds) + 1;
  if (times.size() < pieces) throw Error(ErrorCode::bad_input, "there are fewer rows than chronological folds");
  const auto order = by_time(times);
  const auto cut = [&](std::size_t piece) {
    return piece == pieces ? INFINITY : times[static_cast<std::size_t>(order[piece * times.size() / pieces])];
  };
  std::vector<Split> splits;
  for (std::size_t k = 1; k < pieces; ++k) splits.push_back(split_between(times, cut(k), cut(k + 1), embargo));
  return splits;
}

}  // namespace ballast::tabular
