// SPDX-License-Identifier: Apache-2.0
// Token weights to evidence spans. Tokens may be parts of words or of characters; the unit here is the word, or the
// single Chinese character, whose weight is that of the bytes it covers.
#include <algorithm>
#include <array>

#include "ballast/risk/evidence.h"

#include "ballast/risk/entities/characters.h"

namespace ballast::risk {
namespace {

constexpr double kHeavy = 0.35;                // of the heaviest unit: what makes a span
constexpr double kSecondSpan = 0.35;           // of the first span's weight: what is worth showing beside it
constexpr std::size_t kMaxUnits[] = {10, 18};  // longest span, in words and in Chinese characters
constexpr std::size_t kMaxGap[] = {1, 2};      // light units that a span may bridge

constexpr std::array<std::string_view, 58> kStopWords = {
    "a",     "an",    "the",  "of",    "in",    "on",    "at",   "to",    "for",  "by",   "from",  "with",
    "and",   "or",    "as",   "is",    "are",   "was",   "were", "be",    "been", "its",  "it",    "his",
    "her",   "their", "this", "that",  "these", "those", "has",  "have",  "had",  "will", "would", "can",
    "could", "may",   "said", "says",  "say",   "i",     "we",   "you",   "he",   "she",  "they",  "my",
    "our",   "your",  "but",  "which", "who",   "than",  "into", "about", "s",    "also"};
constexpr std::string_view kStopCharacters[] = {"的", "了", "在", "是", "和", "与", "及", "将", "对", "为",
                                                "也", "被", "其", "就", "都", "而", "等", "于", "该", "此"};

bool is_stop_word(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return std::find(kStopWords.begin(), kStopWords.end(), lower) != kStopWords.end();
}

/// A mark inside a word or number: co-op, it's, 3.5, A&B.
bool joins(std::string_view text, std::size_t at) {
  const char c = text[at];
  return (c == '-' || c == '\'' || c == '.' || c == ',' || c == '&') && at + 1 < text.size() &&
         is_alnum(text[at + 1]) && (c == '-' || c == '\'' || c == '&' || is_digit(text[at + 1]));
}

struct Span {
  std::size_t first = 0, last = 0;  // units
  double weight = 0;
};

/// Punctuation that ends a phrase between two units.
bool broken(std::string_view text, const TextUnit& a, const TextUnit& b) {
  const auto gap = text.substr(a.end, b.start - a.end);
  for (const std::string_view mark : {".", ";", ":", "!", "?", "\n", "。", "；", "！", "？", "：", "|"}) {
    if (gap.find(mark) != std::string_view::npos) return true;
  }
  return gap.size() > 8;
}

std::vector<Span> merge(std::string_view text, const std::vector<TextUnit>& units) {
  double heaviest = 0;
  for (const TextUnit& u : units) heaviest = std::max(heaviest, u.stop ? 0 : u.weight);
  std::vector<Span> spans;
  for (std::size_t u = 0; heaviest > 0 && u < units.size(); ++u) {
    if (units[u].stop || units[u].weight < kHeavy * heaviest) continue;
    bool join = !spans.empty() && u - spans.back().last - 1 <= kMaxGap[units[u].han] &&
                u - spans.back().first < kMaxUnits[units[u].han];
    for (std::size_t k = join ? spans.back().last : u; join && k < u; ++k) join = !broken(text, units[k], units[k + 1]);
    if (!join) spans.push_back({u, u, 0});
    spans.back().last = u;
  }
  for (Span& span : spans) {
    for (std::size_t u = span.first; u <= span.last; ++u) span.weight += std::max(units[u].weight, 0.0);
  }
  return spans;
}

}  // namespace

std::vector<TextUnit> text_units(std::string_view text) {
  std::vector<TextUnit> units;
  for (std::size_t i = 0; i < text.size();) {
    const Character c = character_at(text, i);
    if (is_han(c.code)) {
      const auto piece = text.substr(i, c.size);
      const bool stop =
          std::find(std::begin(kStopCharacters), std::end(kStopCharacters), piece) != std::end(kStopCharacters);
      units.push_back({i, i + c.size, true, stop, 0});
      i += c.size;
    } else if (is_word(c.code) || c.code == '$') {
      std::size_t end = i + c.size;
      while (end < text.size()) {
        const Character next = character_at(text, end);
        if (!is_word(next.code) && !joins(text, end)) break;
        end += next.size;
      }
      if (end < text.size() && text[end] == '%') ++end;
      units.push_back({i, end, false, is_stop_word(text.substr(i, end - i)), 0});
      i = end;
    } else {
      i += c.size;  // punctuation and spaces carry no evidence
    }
  }
  return units;
}

void spread_weights(const std::vector<TokenWeight>& weights, std::vector<TextUnit>& units) {
  std::size_t first = 0;
  for (const TokenWeight& token : weights) {
    if (token.end <= token.start) continue;
    // Tokens come in text order, but n-grams may overlap earlier ones.
    while (first > 0 && units[first - 1].end > token.start) --first;
    while (first < units.size() && units[first].end <= token.start) ++first;
    double covered = 0;
    const auto overlap = [&](const TextUnit& u) {
      return static_cast<double>(std::min(u.end, token.end)) - static_cast<double>(std::max(u.start, token.start));
    };
    for (std::size_t u = first; u < units.size() && units[u].start < token.end; ++u) covered += overlap(units[u]);
    for (std::size_t u = first; u < units.size() && units[u].start < token.end; ++u) {
      units[u].weight += token.weight * overlap(units[u]) / covered;
    }
  }
}

std::vector<Evidence> find_evidence(std::string_view text, const std::vector<TokenWeight>& weights) {
  std::vector<TextUnit> units = text_units(text);
  spread_weights(weights, units);
  double positive = 0;
  for (const TextUnit& u : units) positive += std::max(u.weight, 0.0);
  std::vector<Span> spans = merge(text, units);
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.weight > b.weight; });
  std::vector<Evidence> evidence;
  for (const Span& span : spans) {
    if (evidence.size() == 2 || span.weight < kSecondSpan * spans.front().weight) break;
    const std::size_t start = units[span.first].start, end = units[span.last].end;
    evidence.push_back({start, end, std::string(text.substr(start, end - start)), span.weight / positive});
  }
  return evidence;
}

}  // namespace ballast::risk
