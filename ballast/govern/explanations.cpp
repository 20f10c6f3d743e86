// SPDX-License-Identifier: Apache-2.0
// Words taken out, scores again: whether explanations are true to the model.
#include "ballast/govern/explanations.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/random.h"

namespace ballast::govern {
namespace {

constexpr std::uint64_t kDeletionStream = 0xde1;
constexpr std::uint64_t kRangeStream = 0x5a7;

std::vector<double> midranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) ranks[order[k]] = (static_cast<double>(i + end) - 1) / 2;
    i = end;
  }
  return ranks;
}

std::size_t units_of_share(double share, std::size_t units) {
  const auto count = static_cast<std::size_t>(std::llround(share * static_cast<double>(units)));
  return std::clamp<std::size_t>(count, 1, units);
}

bool lies_in(const risk::TextUnit& unit, std::span<const ByteRange> ranges) {
  std::size_t covered = 0;
  for (const ByteRange& r : ranges) {
    const std::size_t start = std::max(unit.start, r.start), end = std::min(unit.end, r.end);
    covered += start < end ? end - start : 0;
  }
  return 2 * covered >= unit.end - unit.start;
}

}  // namespace

std::vector<risk::TextUnit> weighted_units(std::string_view text, const ExplainedLabel& label) {
  std::vector<risk::TextUnit> units = risk::text_units(text);
  risk::spread_weights(label.attribute(text), units);
  return units;
}

std::string text_without(std::string_view text, std::span<const risk::TextUnit> units,
                         std::span<const std::size_t> left_out) {
  std::vector<std::uint8_t> gone(units.size(), 0);
  for (const std::size_t u : left_out) gone[u] = 1;
  std::string rest;
  std::size_t at = 0;
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (gone[u] == 0) continue;
    rest += text.substr(at, units[u].start - at);
    at = units[u].end;
    if (at < text.size() && text[at] == ' ' && (rest.empty() || rest.back() == ' ')) ++at;
  }
  rest += text.substr(at);
  return rest;
}

LeaveOut leave_out(std::string_view text, std::span<const risk::TextUnit> units, const ExplainedLabel& label) {
  std::vector<std::string> variants = {std::string(text)};
  for (std::size_t u = 0; u < units.size(); ++u) variants.push_back(text_without(text, units, std::span(&u, 1)));
  const std::vector<double> scores = label.score(variants);
  LeaveOut out;
  std::vector<double> weights;
  for (std::size_t u = 0; u < units.size(); ++u) {
    out.drops.push_back(scores[0] - scores[u + 1]);
    weights.push_back(units[u].weight);
  }
  out.correlation = rank_correlation(out.drops, weights);
  out.same_heaviest = !units.empty() && std::max_element(out.drops.begin(), out.drops.end()) - out.drops.begin() ==
                                            std::max_element(weights.begin(), weights.end()) - weights.begin();
  return out;
}

std::optional<double> rank_correlation(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2) return {};
  const std::vector<double> x = midranks(a), y = midranks(b);
  const double middle = (static_cast<double>(a.size()) - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
  }
  if (xx == 0 || yy == 0) return {};
  return xy / std::sqrt(xx * yy);
}

DeletionCurve deletion_curve(std::string_view text, std::span<const risk::TextUnit> units, const ExplainedLabel& label,
                             std::span<const double> shares, int draws, std::uint64_t seed) {
  DeletionCurve curve;
  curve.heaviest.assign(shares.size(), 0);
  curve.random.assign(shares.size(), 0);
  if (units.empty()) return curve;
  std::vector<std::vector<std::size_t>> orders(static_cast<std::size_t>(draws) + 1);
  for (auto& order : orders) {
    order.resize(units.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
  }
  std::stable_sort(orders[0].begin(), orders[0].end(),
                   [&](std::size_t a, std::size_t b) { return units[a].weight > units[b].weight; });
  base::Random random(seed, kDeletionStream);
  for (std::size_t o = 1; o < orders.size(); ++o) random.shuffle(std::span(orders[o]));
  std::vector<std::string> variants = {std::string(text)};
  for (const double share : shares) {
    const std::size_t count = units_of_share(share, units.size());
    for (const auto& order : orders) variants.push_back(text_without(text, units, std::span(order).first(count)));
  }
  const std::vector<double> scores = label.score(variants);
  std::size_t next = 1;
  for (std::size_t s = 0; s < shares.size(); ++s) {
    curve.heaviest[s] = scores[0] - scores[next++];
    for (int d = 0; d < draws; ++d) curve.random[s] += (scores[0] - scores[next++]) / draws;
  }
  return curve;
}

std::vector<std::string> evidence_words(std::string_view text, const std::vector<risk::Evidence>& evidence) {
  std::vector<std::string> words;
  for (const risk::TextUnit& unit : risk::text_units(text)) {
    const bool inside = std::any_of(evidence.begin(), evidence.end(), [&](const risk::Evidence& e) {
      return unit.start >= e.start && unit.end <= e.end;
    });
    if (!inside || unit.stop) continue;
    std::string word(text.substr(unit.start, unit.end - unit.start));
    for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    words.push_back(std::move(word));
  }
  return words;
}

double bag_f1(std::vector<std::string> a, std::vector<std::string> b) {
  if (a.empty() && b.empty()) return 1;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return 2 * static_cast<double>(both.size()) / static_cast<double>(a.size() + b.size());
}

SpanAgreement span_agreement(std::string_view text, std::span<const ByteRange> found,
                             std::span<const ByteRange> marked) {
  double in_found = 0, in_marked = 0, in_both = 0;
  for (const risk::TextUnit& unit : risk::text_units(text)) {
    const bool f = lies_in(unit, found), m = lies_in(unit, marked);
    in_found += f ? 1 : 0;
    in_marked += m ? 1 : 0;
    in_both += f && m ? 1 : 0;
  }
  SpanAgreement agreement;
  if (in_both == 0) return agreement;
  agreement.precision = in_both / in_found;
  agreement.recall = in_both / in_marked;
  agreement.f1 = 2 * in_both / (in_found + in_marked);
  agreement.iou = in_both / (in_found + in_marked - in_both);
  return agreement;
}

std::vector<ByteRange> random_ranges(std::string_view text, std::span<const ByteRange> found, std::uint64_t seed) {
  const std::vector<risk::TextUnit> units = risk::text_units(text);
  base::Random random(seed, kRangeStream);
  std::vector<ByteRange> drawn;
  for (const ByteRange& range : found) {
    std::size_t length = 0;
    for (const risk::TextUnit& unit : units) length += lies_in(unit, std::span(&range, 1)) ? 1 : 0;
    if (length == 0 || length > units.size()) continue;
    const auto first = static_cast<std::size_t>(random.below(units.size() - length + 1));
    drawn.push_back({units[first].start, units[first + length - 1].end});
  }
  return drawn;
}

}  // namespace ballast::govern
