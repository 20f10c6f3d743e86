// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "ballast/risk/entities/characters.h"
#include "ballast/risk/entities/scanners.h"

namespace ballast::risk {
namespace {

constexpr std::string_view kSuffixes[] = {"inc",
                                          "incorporated",
                                          "corp",
                                          "corporation",
                                          "plc",
                                          "ltd",
                                          "limited",
                                          "llc",
                                          "llp",
                                          "ag",
                                          "se",
                                          "sa",
                                          "nv",
                                          "oyj",
                                          "oy",
                                          "ab",
                                          "asa",
                                          "gmbh",
                                          "kgaa",
                                          "spa",
                                          "group",
                                          "holdings",
                                          "holding",
                                          "bank",
                                          "bancorp",
                                          "bancshares",
                                          "partners",
                                          "capital",
                                          "industries",
                                          "technologies",
                                          "pharmaceuticals",
                                          "therapeutics",
                                          "airlines",
                                          "motors",
                                          "energy",
                                          "insurance",
                                          "securities",
                                          "co"};
// A capitalised word that is not part of a name; it ends the walk to the left.
constexpr std::string_view kNotNames[] = {
    "the",      "a",      "an",   "in",     "on",      "at",     "as",     "by",     "for",     "from",
    "why",      "how",    "when", "will",   "is",      "are",    "and",    "or",     "but",     "with",
    "after",    "before", "says", "our",    "its",     "this",   "that",   "shares", "analyst", "investors",
    "ceo",      "did",    "does", "do",     "what",    "can",    "should", "could",  "update",  "exclusive",
    "breaking", "buy",    "sell", "buying", "selling", "dumping"};
// "plc" closes a name of up to five words; "Technologies" is less sure, and in a headline every word has a capital.
constexpr std::string_view kLegalForms[] = {"inc", "incorporated", "corp", "corporation", "plc",  "ltd", "limited",
                                            "llc", "llp",          "ag",   "se",          "sa",   "nv",  "oyj",
                                            "oy",  "ab",           "asa",  "gmbh",        "kgaa", "spa"};
constexpr std::size_t kMaxWordsLegal = 5, kMaxWords = 3;

struct Word {
  std::size_t start, end;
};

bool holds(const auto& words, std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return std::find(std::begin(words), std::end(words), lower) != std::end(words);
}

std::vector<Word> split_words(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    const Character c = character_at(text, i);
    if (!is_word(c.code) && c.code != '&') {
      i += c.size;
      continue;
    }
    std::size_t end = i;
    while (end < text.size()) {
      const Character next = character_at(text, end);
      const bool joins = (next.code == '-' || next.code == '&' || next.code == '\'') && end > i &&
                         end + 1 < text.size() && is_alnum(text[end + 1]) && !has_at(text, end, "'s");
      if (!is_word(next.code) && !joins && !(next.code == '&' && end == i)) break;
      end += next.size;
    }
    words.push_back({i, end});
    i = std::max(end, i + 1);
  }
  return words;
}

void find_english(std::string_view text, std::vector<Entity>& found) {
  const std::vector<Word> words = split_words(text);
  const auto view = [&](std::size_t w) { return text.substr(words[w].start, words[w].end - words[w].start); };
  for (std::size_t w = 1; w < words.size(); ++w) {
    if (!holds(kSuffixes, view(w)) || !(is_upper(view(w)[0]) || view(w) == "plc")) continue;
    const std::size_t most = holds(kLegalForms, view(w)) ? kMaxWordsLegal : kMaxWords;
    std::size_t first = w;
    while (first > 0 && w - first < most) {
      const std::string_view before = view(first - 1);
      const std::string_view gap = text.substr(words[first - 1].end, words[first].start - words[first - 1].end);
      const bool name = is_upper(before[0]) || before == "&" || (is_digit(before[0]) && is_alpha(before.back()));
      const bool near = gap == " " || (gap == ", " && first == w && view(w).size() <= 4);  // "Acme, Inc."
      if (!name || !near || holds(kNotNames, before)) break;
      --first;
    }
    while (first < w && view(first) == "&") ++first;
    if (first == w) continue;
    std::size_t end = words[w].end;
    const bool point =
        end < text.size() && text[end] == '.' && (holds(std::array{"inc", "corp", "ltd", "co"}, view(w)));
    if (point) ++end;
    add_entity(text, words[first].start, end, "company", "", found);
  }
}

constexpr std::string_view kChineseSuffixes[] = {
    "股份有限公司", "有限责任公司", "集团公司", "有限公司", "股份", "集团", "银行", "证券",
    "科技",         "保险",         "信托",     "控股",     "药业", "汽车", "地产", "置业",
    "航空",         "期货",         "人寿",     "医药",     "电子", "能源", "重工", "生物"};
// Characters that end the walk to the left: particles, and the ends of verbs such as 减持, 回购, 质押.
constexpr std::string_view kStops[] = {
    "的", "在", "与", "和", "对", "向", "将", "被", "由", "从", "据", "了", "是", "为", "及", "或", "因", "称", "等",
    "让", "使", "把", "给", "而", "但", "就", "也", "并", "到", "于", "以", "其", "该", "某", "各", "这", "那", "不",
    "已", "拟", "家", "位", "持", "购", "让", "押", "售", "押", "通", "总", "结", "发", "行", "用", "只", "个"};
// What stands before a suffix in plain nouns: 商业银行, 金融科技.
constexpr std::string_view kGeneric[] = {
    "商业", "中央", "地方", "国有", "投资", "农村", "城市", "网上",   "手机", "多家", "股份", "公司", "金融",
    "信息", "上市", "大型", "中小", "民营", "外资", "开户", "新能源", "全球", "国内", "有价", "社会", "人身",
    "财产", "医疗", "养老", "部分", "限售", "存款", "房地", "高新",   "绿色", "清洁", "传统", "消费", "光通"};
constexpr std::size_t kMaxCharacters = 8;

void find_chinese(std::string_view text, std::vector<Entity>& found) {
  for (std::size_t i = 0; i + 6 <= text.size();) {
    const auto suffix = std::find_if(std::begin(kChineseSuffixes), std::end(kChineseSuffixes),
                                     [&](std::string_view s) { return text.substr(i).starts_with(s); });
    if (suffix == std::end(kChineseSuffixes)) {
      i += character_at(text, i).size;
      continue;
    }
    std::size_t start = i, characters = 0;
    while (start > 0 && characters < kMaxCharacters) {
      const std::size_t before = previous(text, start);
      const Character c = character_at(text, before);
      const auto piece = text.substr(before, c.size);
      if (!is_han(c.code) || std::find(std::begin(kStops), std::end(kStops), piece) != std::end(kStops)) break;
      start = before;
      ++characters;
    }
    const auto name = text.substr(start, i - start);
    const bool generic = std::any_of(std::begin(kGeneric), std::end(kGeneric), [&](auto g) { return name == g; });
    i += suffix->size();
    if (characters >= 2 && !generic) add_entity(text, start, i, "company", "", found);
  }
}

}  // namespace

void find_companies(std::string_view text, std::vector<Entity>& found) {
  find_english(text, found);
  find_chinese(text, found);
}

}  // namespace ballast::risk
