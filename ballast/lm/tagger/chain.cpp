// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/tagger/chain.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ballast::lm {
namespace {

using Size = std::size_t;
constexpr double kNever = -std::numeric_limits<double>::infinity();

double log_sum(const std::vector<double>& values) {
  const double top = *std::max_element(values.begin(), values.end());
  if (top == kNever) return kNever;
  double sum = 0;
  for (const double v : values) sum += std::exp(v - top);
  return top + std::log(sum);
}

double step(const Chain& c, int from, int to) {
  return legal(from, to) ? c.transition[static_cast<Size>(from * c.tags + to)] : kNever;
}

double emitted(const Chain& c, Size unit, int tag) {
  return c.emission[unit * static_cast<Size>(c.tags) + static_cast<Size>(tag)];
}

}  // namespace

std::vector<int> tags_of(std::span<const UnitSpan> spans, Size units) {
  std::vector<int> tags(units, 0);
  for (const UnitSpan& s : spans) {
    for (Size u = s.begin; u < s.end; ++u) tags[u] = u == s.begin ? begin_tag(s.label) : inside_tag(s.label);
  }
  return tags;
}

std::vector<UnitSpan> spans_of(std::span<const int> tags) {
  std::vector<UnitSpan> spans;
  for (Size u = 0; u < tags.size(); ++u) {
    if (tags[u] == 0) continue;
    if (is_begin(tags[u])) {
      spans.push_back({u, u + 1, label_of_tag(tags[u])});
    } else if (!spans.empty() && spans.back().end == u && spans.back().label == label_of_tag(tags[u])) {
      ++spans.back().end;
    }
  }
  return spans;
}

ChainSums chain_sums(const Chain& c) {
  const Size n = c.units(), k = static_cast<Size>(c.tags);
  ChainSums sums;
  sums.prefix.assign(n * k, kNever);
  sums.suffix.assign(n * k, 0.0);
  std::vector<double> terms(k);
  for (Size u = 0; u < n; ++u) {
    for (int to = 0; to < c.tags; ++to) {
      double before = legal(-1, to) ? 0 : kNever;
      if (u > 0) {
        for (int from = 0; from < c.tags; ++from) {
          terms[static_cast<Size>(from)] = sums.prefix[(u - 1) * k + static_cast<Size>(from)] + step(c, from, to);
        }
        before = log_sum(terms);
      }
      sums.prefix[u * k + static_cast<Size>(to)] = before + emitted(c, u, to);
    }
  }
  for (Size u = n - 1; u-- > 0;) {
    for (int from = 0; from < c.tags; ++from) {
      for (int to = 0; to < c.tags; ++to) {
        terms[static_cast<Size>(to)] =
            step(c, from, to) + emitted(c, u + 1, to) + sums.suffix[(u + 1) * k + static_cast<Size>(to)];
      }
      sums.suffix[u * k + static_cast<Size>(from)] = log_sum(terms);
    }
  }
  terms.assign(sums.prefix.end() - static_cast<std::ptrdiff_t>(k), sums.prefix.end());
  sums.total = log_sum(terms);
  return sums;
}

double span_log_probability(const Chain& c, const ChainSums& sums, const UnitSpan& span) {
  const Size k = static_cast<Size>(c.tags);
  const int begin = begin_tag(span.label), inside = inside_tag(span.label);
  double score = sums.prefix[span.begin * k + static_cast<Size>(begin)];
  int last = begin;
  for (Size u = span.begin + 1; u < span.end; ++u) {
    score += step(c, last, inside) + emitted(c, u, inside);
    last = inside;
  }
  if (span.end == c.units()) return score - sums.total;
  std::vector<double> after(k);  // whatever follows, but not the same span going on
  for (int to = 0; to < c.tags; ++to) {
    const double next = to == inside ? kNever : step(c, last, to);
    after[static_cast<Size>(to)] = next + emitted(c, span.end, to) + sums.suffix[span.end * k + static_cast<Size>(to)];
  }
  return score + log_sum(after) - sums.total;
}

std::vector<int> best_path(const Chain& c, bool some) {
  // States are (tag, whether a span has begun).
  const Size n = c.units(), states = 2 * static_cast<Size>(c.tags);
  std::vector<double> best(n * states, kNever);
  std::vector<Size> came(n * states, 0);
  const auto tag_of = [&](Size s) { return static_cast<int>(s / 2); };
  const auto reaches = [&](Size seen_before, Size to) { return to % 2 == (seen_before | (tag_of(to) != 0 ? 1u : 0u)); };
  for (Size u = 0; u < n; ++u) {
    for (Size to = 0; to < states; ++to) {
      double top = u == 0 && legal(-1, tag_of(to)) && reaches(0, to) ? 0 : kNever;
      for (Size from = 0; u > 0 && from < states; ++from) {
        if (!reaches(from % 2, to)) continue;
        const double score = best[(u - 1) * states + from] + step(c, tag_of(from), tag_of(to));
        if (score <= top) continue;
        top = score;
        came[u * states + to] = from;
      }
      best[u * states + to] = top + emitted(c, u, tag_of(to));
    }
  }
  std::vector<int> tags(n);
  if (n == 0) return tags;
  Size at = some ? 1 : 0;
  for (Size s = at; s < states; s += some ? 2 : 1) {
    if (best[(n - 1) * states + s] > best[(n - 1) * states + at]) at = s;
  }
  for (Size u = n; u-- > 0;) {
    tags[u] = tag_of(at);
    at = came[u * states + at];
  }
  return tags;
}

}  // namespace ballast::lm
