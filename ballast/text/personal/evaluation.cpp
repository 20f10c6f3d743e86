// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/personal_evaluation.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;

PersonalKind kind_tagged(std::string_view tag, const std::string& where) {
  for (std::size_t k = 0; k < kPersonalKinds; ++k) {
    if (tag == personal_kind_tag(static_cast<PersonalKind>(k))) return static_cast<PersonalKind>(k);
  }
  throw Error(ErrorCode::bad_input, "no kind of personal data is called \"" + std::string(tag) + "\"", where,
              "known: NAME, PHONE, EMAIL, ID, CARD, IBAN, PASSPORT, PLATE, ACCOUNT, ADDRESS");
}

bool overlap(const PersonalSpan& a, const PersonalSpan& b) {
  return a.begin < b.end && b.begin < a.end;
}

bool same(const PersonalSpan& a, const PersonalSpan& b) {
  return a.kind == b.kind && a.begin == b.begin && a.end == b.end;
}

/// Found spans are in order and do not overlap.
bool covered(const PersonalSpan& marked, const std::vector<PersonalSpan>& found) {
  std::size_t upto = marked.begin;
  for (const PersonalSpan& f : found) {
    if (f.begin <= upto && f.end > upto) upto = f.end;
  }
  return upto >= marked.end;
}

}  // namespace

MarkedSentence read_marked(std::string_view line, const std::string& where) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos || tab == 0) {
    throw Error(ErrorCode::bad_input, "has no language", where, "expected: language, tab, sentence");
  }
  MarkedSentence out;
  out.language = line.substr(0, tab);
  const std::string_view marked = line.substr(tab + 1);
  for (std::size_t at = 0; at < marked.size();) {
    const std::size_t open = marked.find('{', at);
    out.text += marked.substr(at, open == std::string_view::npos ? open : open - at);
    if (open == std::string_view::npos) break;
    const std::size_t colon = marked.find(':', open), close = marked.find('}', open);
    if (close == std::string_view::npos || colon == std::string_view::npos || colon > close) {
      throw Error(ErrorCode::bad_input, "a brace is not {KIND:text}", where);
    }
    const PersonalKind kind = kind_tagged(marked.substr(open + 1, colon - open - 1), where);
    const std::size_t begin = out.text.size();
    out.text += marked.substr(colon + 1, close - colon - 1);
    out.spans.push_back({kind, begin, out.text.size()});
    at = close + 1;
  }
  return out;
}

void PersonalScore::add(const PersonalScore& other) {
  marked += other.marked;
  found += other.found;
  exact += other.exact;
  covered += other.covered;
  overlapping += other.overlapping;
}

void PersonalEvaluation::add(const MarkedSentence& sentence, const std::vector<PersonalSpan>& found) {
  const auto count = [&](PersonalKind kind, const PersonalScore& one) {
    by_kind[{sentence.language, kind}].add(one);
    by_language[sentence.language].add(one);
    all.add(one);
  };
  for (const PersonalSpan& m : sentence.spans) {
    const bool exact = std::any_of(found.begin(), found.end(), [&](const auto& f) { return same(m, f); });
    count(m.kind, {1, 0, exact ? 1 : 0, text::covered(m, found) ? 1 : 0, 0});
  }
  for (const PersonalSpan& f : found) {
    const bool near =
        std::any_of(sentence.spans.begin(), sentence.spans.end(), [&](const auto& m) { return overlap(m, f); });
    count(f.kind, {0, 1, 0, 0, near ? 1 : 0});
  }
  ++sentences;
  clean += sentence.spans.empty();
  clean_touched += sentence.spans.empty() && !found.empty();
}

}  // namespace ballast::text
