// SPDX-License-Identifier: Apache-2.0
// The word rule of Qwen, Llama 3 and their kin, by hand; they differ in how many digits go together. Alternatives are
// tried in the order of the regex, each as long as it can be:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)
//   [^\r\n\p{L}\p{N}]?\p{L}+
//   \p{N}{1,digits}
//    ?[^\s\p{L}\p{N}]+[\r\n]*
//   \s*[\r\n]+
//   \s+(?!\S)
//   \s+
#include "ballast/text/tokenize/split.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

bool is_line_break(std::string_view text, std::size_t at) {
  return text[at] == '\r' || text[at] == '\n';
}

char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Length of a contraction at `at` in any case, 0 where there is none. The long s (U+017F) folds to s.
std::size_t any_case_contraction(std::string_view text, std::size_t at) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  if (text.substr(at + 1).starts_with("\xc5\xbf")) return 3;
  const char a = small_letter(text[at + 1]);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if (at + 2 >= text.size()) return 0;
  const char b = small_letter(text[at + 2]);
  return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/// End of the run of `kind` from `at`, of at most `most` characters.
std::size_t run_of(std::string_view text, std::size_t at, CharClass kind, std::size_t most = std::string_view::npos) {
  for (std::size_t n = 0; at < text.size() && n < most; ++n) {
    const CodePoint c = decode_utf8(text, at);
    if (char_class(c.value) != kind) break;
    at += c.size;
  }
  return at;
}

/// End of what white space from `at` gives: to its last line break, else all but its last character before a word.
std::size_t space_end(std::string_view text, std::size_t at) {
  std::size_t end = at, last = at, behind_break = 0;
  while (end < text.size()) {
    const CodePoint c = decode_utf8(text, end);
    if (char_class(c.value) != CharClass::space) break;
    last = end;
    end += c.size;
    if (is_line_break(text, last)) behind_break = end;
  }
  if (behind_break > 0) return behind_break;
  return end < text.size() && last > at ? last : end;
}

std::size_t chat_word_end(std::string_view text, std::size_t at, std::size_t digits) {
  if (const std::size_t n = any_case_contraction(text, at)) return at + n;
  const CodePoint first = decode_utf8(text, at);
  const CharClass kind = char_class(first.value);
  if (kind == CharClass::letter) return run_of(text, at, CharClass::letter);
  if (kind == CharClass::number) return run_of(text, at, CharClass::number, digits);
  const std::size_t next = at + first.size;
  if (!is_line_break(text, at) && next < text.size() &&
      char_class(decode_utf8(text, next).value) == CharClass::letter) {
    return run_of(text, next, CharClass::letter);
  }
  const std::size_t from = text[at] == ' ' ? next : at;
  const std::size_t end = run_of(text, from, CharClass::other);
  if (end > from) {
    std::size_t stop = end;
    while (stop < text.size() && is_line_break(text, stop)) ++stop;
    return stop;
  }
  return space_end(text, at);
}

}  // namespace

void split_chat(std::string_view text, WordSpan within, std::size_t digits, std::vector<WordSpan>& out) {
  const std::string_view seen = text.substr(0, within.end);  // a look-ahead must not see past the piece
  for (std::size_t at = within.begin; at < within.end;) {
    const std::size_t end = chat_word_end(seen, at, digits);
    out.push_back({at, end});
    at = end;
  }
}

}  // namespace ballast::text
