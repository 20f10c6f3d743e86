// SPDX-License-Identifier: Apache-2.0
// What of a passage is quoted, and whether a text says no more than its quotes.
#include <algorithm>
#include <set>

#include "ballast/assist/dialog/parts.h"

namespace ballast::assist {
namespace {

constexpr std::size_t kQuotedSentences = 3;
constexpr std::size_t kShortPassage = 420;  // bytes: quoted whole

bool has_number(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Numbers as they are written: "1,000", "0.3", "5".
std::set<std::string> numbers_of(std::string_view text) {
  std::set<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] < '0' || text[at] > '9') {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') ||
                                 ((text[end] == '.' || text[end] == ',' || text[end] == ':') && end + 1 < text.size() &&
                                  text[end + 1] >= '0' && text[end + 1] <= '9')))
      ++end;
    out.emplace(text.substr(at, end - at));
    at = end;
  }
  return out;
}

/// "[2]" marks of a sentence, taken out of it.
std::vector<std::size_t> take_marks(std::string& sentence) {
  std::vector<std::size_t> marks;
  for (std::size_t at = sentence.find('['); at != std::string::npos;) {
    const std::size_t close = sentence.find(']', at);
    if (close == std::string::npos) break;
    const std::string inside = sentence.substr(at + 1, close - at - 1);
    if (!inside.empty() && inside.size() <= 2 &&
        std::all_of(inside.begin(), inside.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      marks.push_back(static_cast<std::size_t>(std::stoi(inside)));
      sentence.erase(at, close - at + 1);
      at = sentence.find('[', at);
    } else {
      at = sentence.find('[', close);
    }
  }
  return marks;
}

/// Sentences with the marks that follow their full stop: "It is free. [1] Call us." are two.
std::vector<std::string> cited_sentences(std::string_view text) {
  std::vector<std::string> out;
  for (const text::Span& s : text::split_sentences(text)) {
    std::string sentence(s.of(text));
    while (!out.empty() && sentence.starts_with('[')) {
      const std::size_t close = sentence.find(']');
      if (close == std::string::npos || close > 3) break;
      out.back() += sentence.substr(0, close + 1);
      sentence.erase(0, close + 1);
      sentence.erase(0, std::min(sentence.find_first_not_of(' '), sentence.size()));
    }
    if (!sentence.empty()) out.push_back(std::move(sentence));
  }
  return out;
}

}  // namespace

text::Span best_stretch(const Passage& passage, const Query& query, const SearchIndex& index) {
  const auto& sentences = passage.sentences;
  if (sentences.back().end - sentences.front().begin <= kShortPassage)
    return {sentences.front().begin, sentences.back().end};
  std::vector<double> scores;
  for (const text::Span& s : sentences) {
    scores.push_back(matched_weight(query, terms_of(s.of(passage.text)), index));
  }
  const std::size_t width = std::min(kQuotedSentences, sentences.size());
  std::size_t best = 0;
  double best_score = -1;
  for (std::size_t i = 0; i + width <= sentences.size(); ++i) {
    double score = 0;
    for (std::size_t k = 0; k < width; ++k) score += scores[i + k];
    if (score > best_score) {
      best_score = score;
      best = i;
    }
  }
  return {sentences[best].begin, sentences[best + width - 1].end};
}

double grounding(std::string_view text, const std::vector<Citation>& citations) {
  double least = 1;
  bool any = false;
  for (std::string sentence : cited_sentences(text)) {
    const std::vector<std::size_t> marks = take_marks(sentence);
    const std::vector<std::string> terms = terms_of(sentence).words;
    if (terms.empty() && numbers_of(sentence).empty()) continue;
    any = true;
    std::set<std::string> held, numbers;
    for (const std::size_t mark : marks) {
      if (mark < 1 || mark > citations.size()) return 0;
      for (const std::string& term : terms_of(citations[mark - 1].heading + "\n" + citations[mark - 1].quote).words)
        held.insert(term);
      for (const std::string& n : numbers_of(citations[mark - 1].quote)) numbers.insert(n);
    }
    for (const std::string& n : numbers_of(sentence)) {
      if (!numbers.contains(n)) return 0;
    }
    const auto covered = std::count_if(terms.begin(), terms.end(),
                                       [&](const std::string& t) { return held.contains(t) || has_number(t); });
    least = std::min(least, terms.empty() ? 1 : static_cast<double>(covered) / static_cast<double>(terms.size()));
  }
  return any ? least : 0;
}

}  // namespace ballast::assist
