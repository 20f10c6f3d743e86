// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ballast/assist/search.h"

namespace ballast::assist {
namespace {

bool is_han_at(std::string_view text, std::size_t at) {
  // U+4E00 … U+9FFF are E4 B8 80 … E9 BF BF.
  const auto lead = static_cast<unsigned char>(text[at]);
  return at + 3 <= text.size() && lead >= 0xe4 && lead <= 0xe9;
}

/// Asking words and particles that ICU cuts out and the stop list leaves.
bool is_asking(const std::string& term) {
  static const std::vector<std::string> kWords = {
      "吗",   "呢",   "吧",   "啊",   "呀",   "怎么", "怎样", "如何", "什么", "为什么", "哪里",  "哪", "哪些",
      "请问", "多少", "几",   "能",   "可以", "能否", "可否", "是否", "要",   "想",     "需要",  "办", "有",
      "没有", "我",   "你",   "你们", "我们", "您",   "多久", "时候", "会",   "怎么样", "得",    "往", "就",
      "一直", "long", "much", "mani", "take", "get",  "know", "tell", "need", "want",   "happen"};
  return std::find(kWords.begin(), kWords.end(), term) != kWords.end();
}

/// Without "[NAME_1]" and its like: a placeholder says nothing that could be looked up.
std::string without_placeholders(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t close = text[at] == '[' ? text.find(']', at) : std::string_view::npos;
    const bool placeholder = close != std::string_view::npos && close - at <= 20 && close - at > 3 &&
                             text[close - 1] >= '0' && text[close - 1] <= '9' &&
                             text.substr(at, close - at).find('_') != std::string_view::npos;
    if (placeholder) {
      out += ' ';
      at = close;
    } else {
      out += text[at];
    }
  }
  return out;
}

constexpr double kPairWeight = 0.5, kCharacterWeight = 0.25;

void add_terms(const std::vector<std::string>& terms, double weight, bool aid, Query& query) {
  for (const std::string& term : terms) {
    const bool there =
        std::any_of(query.terms.begin(), query.terms.end(), [&](const auto& t) { return t.term == term; });
    if (!there) query.terms.push_back({term, weight, aid, aid ? std::vector<std::string>() : synonyms_of(term)});
  }
}

}  // namespace

Terms terms_of(std::string_view text) {
  const text::Preprocessed p = text::preprocess(text);
  Terms out;
  for (const std::string& term : p.terms) {
    if (!is_asking(term)) out.words.push_back(term);
  }
  // They find what the dictionary cuts in another way, and a word by a part of it (丢 in 丢失).
  const std::string_view han = p.text;
  for (std::size_t at = 0; at + 3 <= han.size();) {
    if (!is_han_at(han, at)) {
      ++at;
      continue;
    }
    const std::string one(han.substr(at, 3));
    if (!is_asking(one) && !text::is_stop_word(one)) out.characters.push_back(one);
    if (at + 6 <= han.size() && is_han_at(han, at + 3)) {
      const std::string pair(han.substr(at, 6));
      if (!is_asking(pair)) out.pairs.push_back(pair);
    }
    at += 3;
  }
  return out;
}

Query query_of(std::string_view question) {
  Query query;
  query.text = without_placeholders(question);
  const Terms terms = terms_of(query.text);
  add_terms(terms.words, 1, false, query);
  add_terms(terms.pairs, kPairWeight, true, query);
  add_terms(terms.characters, kCharacterWeight, true, query);
  return query;
}

}  // namespace ballast::assist
