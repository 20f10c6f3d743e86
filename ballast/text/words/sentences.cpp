// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "ballast/text/preprocess.h"
#include "ballast/text/tokenize/unicode.h"
#include "ballast/text/words/breaks.h"

namespace ballast::text {
namespace {

// In lower case, without the last dot, sorted. Never the end of a sentence:
constexpr std::array<std::string_view, 37> kInner = {
    "adj", "approx", "apr", "aug", "ca",   "capt", "cf",   "dec", "dr",  "e.g",  "est",    "feb", "fig",
    "gen", "gov",    "hon", "i.e", "incl", "jan",  "jul",  "jun", "lt",  "mar",  "messrs", "mr",  "mrs",
    "ms",  "mt",     "no",  "nos", "nov",  "oct",  "prof", "rep", "sen", "sept", "vs"};
// The end only where a word follows that begins sentences:
constexpr std::array<std::string_view, 23> kTrailing = {"a.m", "bros", "co",    "corp", "d.c", "etc", "inc", "jr",
                                                        "l.p", "llc",  "ltd",   "n.a",  "n.v", "p.m", "plc", "pte",
                                                        "pty", "s.a",  "s.p.a", "sr",   "u.k", "u.n", "u.s"};
static_assert(std::is_sorted(kInner.begin(), kInner.end()) && std::is_sorted(kTrailing.begin(), kTrailing.end()));

template <std::size_t N>
bool is_listed(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::binary_search(list.begin(), list.end(), word);
}

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The word that ends at `end`, inner dots included.
std::string_view word_before(std::string_view text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && (is_ascii_letter(text[begin - 1]) || text[begin - 1] == '.')) --begin;
  return text.substr(begin, end - begin);
}

/// The ASCII word at `at`.
std::string_view word_after(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_ascii_letter(text[end])) ++end;
  return text.substr(at, end - at);
}

std::size_t trim_end(std::string_view text, std::size_t begin, std::size_t end) {
  while (end > begin) {
    std::size_t at = end - 1;
    while (at > begin && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    if (!is_space(decode_utf8(text, at).value)) break;
    end = at;
  }
  return end;
}

/// Whether the dot that ends text[…, end) only ends an abbreviation; `next` is where the next sentence would begin.
bool ends_in_abbreviation(std::string_view text, std::size_t end, std::size_t next) {
  if (end == 0 || text[end - 1] != '.') return false;
  const std::string_view word = word_before(text, end - 1);
  const std::string small = lower(word);
  if (word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z' && word != "I") return true;  // an initial
  if (is_listed(kInner, small)) {
    // "No." is an abbreviation before a number, otherwise an answer.
    if (small == "no" || small == "nos") return next < text.size() && text[next] >= '0' && text[next] <= '9';
    return true;
  }
  if (!is_listed(kTrailing, small)) return false;
  const std::string_view following = word_after(text, next);
  const bool capital = !following.empty() && following[0] >= 'A' && following[0] <= 'Z';
  return !(capital && is_stop_word(following));
}

/// An opening quote or bracket right after a full stop belongs to the next sentence; Unicode's rules, which cannot tell
/// opening from closing marks, leave it with the last one.
std::size_t before_opening_marks(std::string_view text, std::size_t begin, std::size_t end) {
  constexpr std::string_view kOpening[] = {"“", "‘", "「", "『", "《", "（", "【"};
  for (bool moved = true; moved;) {
    moved = false;
    for (const std::string_view mark : kOpening) {
      if (!text.substr(begin, end - begin).ends_with(mark)) continue;
      end -= mark.size();
      moved = true;
    }
  }
  return end;
}

void add_trimmed(std::string_view text, std::size_t begin, std::size_t end, std::vector<Span>& out) {
  while (begin < end) {
    const CodePoint c = decode_utf8(text, begin);
    if (!is_space(c.value)) break;
    begin += c.size;
  }
  end = trim_end(text, begin, end);
  if (begin < end) out.push_back({begin, end});
}

/// Adds text[begin, end), cut after each ； and newline as well.
void add_cut(std::string_view text, std::size_t begin, std::size_t end, std::vector<Span>& out) {
  std::size_t from = begin;
  for (std::size_t i = begin; i < end;) {
    const CodePoint c = decode_utf8(text, i);
    i += c.size;
    if (c.value != 0xFF1B && c.value != '\n') continue;
    add_trimmed(text, from, i, out);
    from = i;
  }
  add_trimmed(text, from, end, out);
}

}  // namespace

std::vector<Span> split_sentences(std::string_view text) {
  std::vector<Span> out;
  std::size_t begin = 0;
  for (const Break& b : sentence_breaks(text)) {
    if (b.at < text.size() && ends_in_abbreviation(text, trim_end(text, begin, b.at), b.at) &&
        text.substr(begin, b.at - begin).find('\n') == std::string_view::npos) {
      continue;
    }
    const std::size_t end = b.at < text.size() ? before_opening_marks(text, begin, b.at) : b.at;
    add_cut(text, begin, end, out);
    begin = end;
  }
  add_cut(text, begin, text.size(), out);
  return out;
}

}  // namespace ballast::text
