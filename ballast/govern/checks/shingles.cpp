// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/checks/shingles.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "ballast/base/hash.h"
#include "ballast/govern/split_checks.h"

namespace ballast::govern {
namespace {

constexpr std::size_t kLetters = 5, kHanCharacters = 2;

bool is_han(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(c, &status) == USCRIPT_HAN;
}

std::size_t set_size_needed(std::size_t size, double threshold) {
  // A hair less than the product, so that rounding never asks for one element too many.
  return static_cast<std::size_t>(std::ceil(threshold * static_cast<double>(size) - 1e-9));
}

}  // namespace

std::string normal_form(std::string_view text) {
  std::string out;
  const auto* s = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(s, i, size, c);
    if (c < 0 || !u_isalnum(c)) continue;
    c = u_foldCase(c, U_FOLD_CASE_DEFAULT);
    char buffer[U8_MAX_LENGTH];
    std::int32_t n = 0;
    U8_APPEND_UNSAFE(reinterpret_cast<std::uint8_t*>(buffer), n, c);
    out.append(buffer, static_cast<std::size_t>(n));
  }
  return out;
}

Shingles shingles_of(std::string_view form) {
  std::vector<std::size_t> starts;
  std::size_t han = 0;
  const auto* s = reinterpret_cast<const std::uint8_t*>(form.data());
  const auto size = static_cast<std::int32_t>(form.size());
  for (std::int32_t i = 0; i < size;) {
    starts.push_back(static_cast<std::size_t>(i));
    UChar32 c = 0;
    U8_NEXT(s, i, size, c);
    han += c > 0 && is_han(c);
  }
  const std::size_t length = 2 * han > starts.size() ? kHanCharacters : kLetters;
  starts.push_back(form.size());
  Shingles out;
  for (std::size_t i = 0; i + length < starts.size(); ++i) {
    out.push_back(base::hash64(form.substr(starts[i], starts[i + length] - starts[i])));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

double jaccard(const Shingles& a, const Shingles& b) {
  if (a.empty() || b.empty()) return 0;
  std::size_t shared = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++shared, ++i, ++j;
    } else {
      ++(a[i] < b[j] ? i : j);
    }
  }
  return static_cast<double>(shared) / static_cast<double>(a.size() + b.size() - shared);
}

double text_similarity(std::string_view a, std::string_view b) {
  return jaccard(shingles_of(normal_form(a)), shingles_of(normal_form(b)));
}

SimilarityIndex::SimilarityIndex(std::span<const Shingles> all, double threshold) : all_(all), threshold_(threshold) {
  for (const Shingles& shingles : all) {
    for (const std::uint64_t shingle : shingles) ++frequency_[shingle];
  }
}

std::vector<std::uint64_t> SimilarityIndex::prefix(std::size_t row) const {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> order;
  for (const std::uint64_t shingle : all_[row]) order.emplace_back(frequency_.at(shingle), shingle);
  const std::size_t keep = order.size() - std::min(order.size(), set_size_needed(order.size(), threshold_)) + 1;
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(keep, order.size()));
  std::partial_sort(order.begin(), end, order.end());
  std::vector<std::uint64_t> out;
  for (auto i = order.begin(); i != end; ++i) out.push_back(i->second);
  return out;
}

void SimilarityIndex::add(std::size_t row) {
  for (const std::uint64_t shingle : prefix(row)) rows_with_[shingle].push_back(row);
}

std::optional<Match> SimilarityIndex::first_match(std::size_t row, const std::function<bool(std::size_t)>& usable,
                                                  std::int64_t most, std::int64_t& left_out) const {
  std::vector<std::size_t> candidates;
  for (const std::uint64_t shingle : prefix(row)) {
    const auto found = rows_with_.find(shingle);
    if (found != rows_with_.end()) candidates.insert(candidates.end(), found->second.begin(), found->second.end());
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  const std::size_t own = all_[row].size();
  std::int64_t compared = 0;
  for (const std::size_t other : candidates) {
    const std::size_t theirs = all_[other].size();
    if (std::min(own, theirs) < set_size_needed(std::max(own, theirs), threshold_) || !usable(other)) continue;
    if (compared++ >= most) {
      ++left_out;
      continue;
    }
    const double similarity = jaccard(all_[row], all_[other]);
    if (similarity >= threshold_) return Match{other, similarity};
  }
  return {};
}

}  // namespace ballast::govern
