// SPDX-License-Identifier: Apache-2.0
// Tags along a text and what is legal among them. With L labels there are 2L + 1 tags: 0 is outside, 2l + 1 begins a
// span of label l, 2l + 2 goes on with it (BIO: Ramshaw & Marcus 1995). Sums and best paths over a linear chain
// (Lafferty, McCallum & Pereira 2001) never leave what is legal: a span begins with its B tag.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace ballast::lm {

constexpr int tag_count(int labels) {
  return 2 * labels + 1;
}
constexpr int begin_tag(int label) {
  return 2 * label + 1;
}
constexpr int inside_tag(int label) {
  return 2 * label + 2;
}
constexpr bool is_begin(int tag) {
  return tag % 2 == 1;
}
constexpr int label_of_tag(int tag) {
  return (tag - 1) / 2;
}
/// `from` is -1 at the start of the text.
constexpr bool legal(int from, int to) {
  return to == 0 || is_begin(to) || (from > 0 && label_of_tag(from) == label_of_tag(to));
}

/// Units [begin, end) of a text and their label.
struct UnitSpan {
  std::size_t begin = 0, end = 0;
  int label = 0;
  bool operator==(const UnitSpan&) const = default;
};

/// Tags of `units` units from spans that do not overlap, and back (a stray inside tag opens no span).
std::vector<int> tags_of(std::span<const UnitSpan> spans, std::size_t units);
std::vector<UnitSpan> spans_of(std::span<const int> tags);

/// Scores of a chain: emission [units, tags], transition [tags, tags] (from, to).
struct Chain {
  std::span<const double> emission, transition;
  int tags = 0;
  std::size_t units() const { return emission.size() / static_cast<std::size_t>(tags); }
};

/// Log-sums over all legal paths: prefixes that end, and suffixes that start, at each (unit, tag).
struct ChainSums {
  std::vector<double> prefix, suffix;  // [units, tags]; a suffix leaves out its own unit's emission
  double total = 0;                    // log Z
};
ChainSums chain_sums(const Chain& chain);

/// log of the probability that exactly this span is tagged (and ends where it ends).
double span_log_probability(const Chain& chain, const ChainSums& sums, const UnitSpan& span);

/// The best legal path; with `some` the best of those that hold at least one span.
std::vector<int> best_path(const Chain& chain, bool some = false);

}  // namespace ballast::lm
