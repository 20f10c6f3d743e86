// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/tagger/features.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "ballast/base/hash.h"
#include "ballast/base/random.h"
#include "ballast/text/words/breaks.h"

namespace ballast::lm {
namespace {

using Size = std::size_t;

constexpr int kAround = 3;                 // characters of the window to either side
constexpr int kNear = 6, kNearby = 20;     // how far the bags to the left and right reach
constexpr int kBracketAhead = 10;          // characters to a bracket that may hold a stock code
constexpr std::uint32_t kEdge = 0x110000;  // before the first and after the last character

/// Kinds of feature; part of the key, so the numbers are part of every trained model.
enum FeatureKind : std::uint64_t {
  kOne = 1,
  kTwo,
  kThree,
  kShape,
  kWord,
  kWordPlace,
  kNextWord,
  kLastWord,
  kRight,
  kLeft,
  kName,
  kBracket
};

std::uint32_t shape_of(std::uint32_t c) {
  if (c == kEdge) return 0;
  const auto u = static_cast<UChar32>(c);
  if (u_isdigit(u)) return 1;
  if (u_isalpha(u)) return c < 0x2e80 ? 2 : 3;
  return u_isspace(u) ? 4 : c == '(' || c == ')' || c == 0xff08 || c == 0xff09 ? 5 : 6;
}

/// For each character the hash of its word and its place there (0 inside, 1 first, 2 last, 3 both).
struct Words {
  std::vector<std::uint64_t> word;
  std::vector<std::uint32_t> place;
  std::vector<std::uint64_t> before, after;  // the neighbouring words
};

Words words_of(std::string_view text, const Characters& c) {
  Words w;
  const Size n = c.size();
  w.word.resize(n);
  w.place.resize(n);
  w.before.resize(n);
  w.after.resize(n);
  std::uint64_t before = 0;
  Size first = 0, last_first = 0;
  for (const text::Break& b : text::word_breaks(text)) {
    Size end = first;
    while (end < n && c.offset[end] < b.at) ++end;
    if (end == first) continue;
    const std::uint64_t hash = base::hash64(text.substr(c.offset[first], c.offset[end] - c.offset[first]));
    for (Size i = first; i < end; ++i) {
      w.word[i] = hash;
      w.place[i] = (i == first ? 1u : 0u) | (i + 1 == end ? 2u : 0u);
      w.before[i] = before;
    }
    for (Size i = last_first; i < first; ++i) w.after[i] = hash;
    last_first = first;
    before = hash;
    first = end;
  }
  return w;
}

class Collector {
 public:
  Collector(std::string_view condition, TagFeatures& out)
      : condition_(condition.empty() ? 0 : base::hash64(condition, 1)), out_(out) {}

  void add(FeatureKind kind, std::uint64_t place, std::uint64_t what) {
    const std::uint64_t key = base::random_bits(what, kind * 64 + place);
    out_.keys.push_back(static_cast<std::uint32_t>(key >> (64 - kTagKeyBits)));
    if (condition_ == 0) return;
    out_.keys.push_back(static_cast<std::uint32_t>(base::random_bits(key, condition_) >> (64 - kTagKeyBits)));
  }

 private:
  std::uint64_t condition_;
  TagFeatures& out_;
};

}  // namespace

Size Characters::at(Size byte) const {
  const auto end = offset.end() - 1;
  const auto found = std::lower_bound(offset.begin(), end, byte);
  return found != end && *found == byte ? static_cast<Size>(found - offset.begin()) : size();
}

Characters characters_of(std::string_view text) {
  Characters c;
  const auto* s = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    c.offset.push_back(static_cast<Size>(i));
    UChar32 u = 0;
    U8_NEXT_OR_FFFD(s, i, size, u);
    c.code.push_back(static_cast<std::uint32_t>(u_foldCase(u, U_FOLD_CASE_DEFAULT)));
  }
  c.offset.push_back(text.size());
  return c;
}

void NameList::add(std::string_view name) {
  if (characters_of(name).size() < 2 || name.find('\n') != std::string_view::npos) return;
  ++names_[std::string(name)];
  longest_ = std::max(longest_, name.size());
}

std::vector<std::uint8_t> NameList::find(std::string_view text, const Characters& c,
                                         std::span<const std::string> own) const {
  std::vector<std::uint8_t> place(c.size(), 0);
  const auto known = [&](const std::string& name) {
    const auto found = names_.find(name);
    if (found == names_.end()) return false;
    return found->second > (std::find(own.begin(), own.end(), name) != own.end() ? 1u : 0u);
  };
  for (Size i = 0; i < c.size(); ++i) {
    Size end = i;
    while (end < c.size() && c.offset[end] - c.offset[i] < longest_) ++end;
    while (end > i + 1 && !known(std::string(text.substr(c.offset[i], c.offset[end] - c.offset[i])))) --end;
    if (end <= i + 1) continue;
    std::fill(place.begin() + static_cast<std::ptrdiff_t>(i), place.begin() + static_cast<std::ptrdiff_t>(end), 2);
    place[i] = 1;
    place[end - 1] = 3;
    i = end - 1;
  }
  return place;
}

std::string NameList::lines() const {
  std::vector<std::string_view> sorted;
  for (const auto& [name, texts] : names_) sorted.push_back(name);
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const std::string_view name : sorted) out.append(name).push_back('\n');
  return out;
}

NameList NameList::from_lines(std::string_view lines) {
  NameList list;
  for (Size begin = 0; begin < lines.size();) {
    const Size end = std::min(lines.find('\n', begin), lines.size());
    list.add(lines.substr(begin, end - begin));
    begin = end + 1;
  }
  return list;
}

TagFeatures tag_features(std::string_view text, const Characters& c, std::string_view condition,
                         std::span<const std::uint8_t> names) {
  TagFeatures out;
  Collector collect(condition, out);
  const auto n = static_cast<int>(c.size());
  const Words words = words_of(text, c);
  const auto at = [&](int i) -> std::uint64_t { return i < 0 || i >= n ? kEdge : c.code[static_cast<Size>(i)]; };
  const auto two = [&](int i) { return at(i) << 21 | at(i + 1); };
  for (int i = 0; i < n; ++i) {
    out.start.push_back(out.keys.size());
    std::uint64_t shapes = 0;
    for (int d = -kAround; d <= kAround; ++d) {
      const auto place = static_cast<std::uint64_t>(d + kAround);
      collect.add(kOne, place, at(i + d));
      if (d < kAround) collect.add(kTwo, place, two(i + d));
      if (d + 1 < kAround) collect.add(kThree, place, two(i + d) << 21 | at(i + d + 2));
      shapes = shapes * 8 + shape_of(static_cast<std::uint32_t>(at(i + d)));
    }
    const auto u = static_cast<Size>(i);
    collect.add(kShape, 0, shapes);
    collect.add(kWord, words.place[u], words.word[u]);
    collect.add(kWordPlace, words.place[u], 0);
    collect.add(kNextWord, words.place[u], words.after[u]);
    collect.add(kLastWord, words.place[u], words.before[u]);
    const auto name = [&](int j) -> std::uint64_t { return j < 0 || j >= n ? 0 : names[static_cast<Size>(j)]; };
    collect.add(kName, 0, name(i - 1) * 16 + name(i) * 4 + name(i + 1));
    int bracket = 0;
    while (bracket < kBracketAhead && shape_of(static_cast<std::uint32_t>(at(i + bracket))) != 5) ++bracket;
    const bool code = bracket < kBracketAhead && shape_of(static_cast<std::uint32_t>(at(i + bracket + 1))) == 1;
    collect.add(kBracket, code, static_cast<std::uint64_t>(bracket));
    for (int d = 1; d < kNearby; ++d) {
      const std::uint64_t far = d > kNear;
      if (i + d + 1 < n) collect.add(kRight, far, two(i + d));
      if (i - d - 1 >= 0) collect.add(kLeft, far, two(i - d - 1));
    }
  }
  out.start.push_back(out.keys.size());
  return out;
}

}  // namespace ballast::lm
