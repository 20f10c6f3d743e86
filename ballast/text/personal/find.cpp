// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "ballast/text/personal/view.h"

namespace ballast::text {
namespace {

/// Candidates that overlap: the more certain kind wins, then the first, then the longer.
int rank(PersonalKind kind) {
  switch (kind) {
    case PersonalKind::literal:
      return 0;
    case PersonalKind::email:
      return 1;
    case PersonalKind::iban:
      return 2;
    case PersonalKind::id_number:
      return 3;
    case PersonalKind::bank_card:
      return 4;
    case PersonalKind::passport:
      return 5;
    case PersonalKind::licence_plate:
      return 6;
    case PersonalKind::account:
      return 7;
    case PersonalKind::phone:
      return 8;
    case PersonalKind::address:
      return 9;
    case PersonalKind::name:
      return 10;
  }
  return 11;
}

constexpr std::size_t kStart = 3;  // bytes that names are indexed by: one Chinese character

bool is_word_byte(std::string_view text, std::size_t at) {
  return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0);
}

void find_placeholders(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(R"(\[(?:NAME|PHONE|EMAIL|ID|CARD|IBAN|PASSPORT|PLATE|ACCOUNT|ADDRESS|TEXT)_\d{1,9}\])");
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    found.push_back({PersonalKind::literal, start_of(m), end_of(m)});
  });
}

}  // namespace

void KnownNames::add(const std::string& name) {
  if (name.size() < kStart) return;
  std::vector<std::string>& names = by_start_[name.substr(0, kStart)];
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void KnownNames::find(std::string_view text, std::vector<PersonalSpan>& found) const {
  if (by_start_.empty()) return;
  for (std::size_t at = 0; at + kStart <= text.size(); ++at) {
    const auto names = by_start_.find(std::string(text.substr(at, kStart)));
    if (names == by_start_.end()) continue;
    for (const std::string& name : names->second) {
      if (!text.substr(at).starts_with(name)) continue;
      const bool inside = (at > 0 && is_word_byte(text, at - 1) && is_word_byte(name, 0)) ||
                          (is_word_byte(text, at + name.size()) && is_word_byte(name, name.size() - 1));
      if (!inside) found.push_back({PersonalKind::name, at, at + name.size()});
    }
  }
}

const char* personal_kind_name(PersonalKind kind) {
  constexpr const char* kNames[kPersonalKinds] = {"name",      "phone",   "email",    "id_number",
                                                  "bank_card", "iban",    "passport", "licence_plate",
                                                  "account",   "address", "literal"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* personal_kind_tag(PersonalKind kind) {
  constexpr const char* kTags[kPersonalKinds] = {"NAME",     "PHONE", "EMAIL",   "ID",      "CARD", "IBAN",
                                                 "PASSPORT", "PLATE", "ACCOUNT", "ADDRESS", "TEXT"};
  return kTags[static_cast<std::size_t>(kind)];
}

std::vector<PersonalSpan> find_personal_data(std::string_view text, const KnownNames* known_names) {
  const View view(text);
  std::vector<Candidate> candidates;
  find_placeholders(view, candidates);
  find_numbers(view, candidates);
  find_addresses(view, candidates);
  find_names_en(view, candidates);
  find_names_zh(view, text, candidates);
  std::vector<PersonalSpan> spans;
  if (known_names != nullptr) known_names->find(text, spans);
  for (const Candidate& c : candidates) spans.push_back({c.kind, view.byte(c.begin), view.byte(c.end)});
  std::stable_sort(spans.begin(), spans.end(), [](const PersonalSpan& a, const PersonalSpan& b) {
    if (rank(a.kind) != rank(b.kind)) return rank(a.kind) < rank(b.kind);
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  std::map<std::size_t, PersonalSpan> kept;  // by begin
  for (const PersonalSpan& s : spans) {
    const auto next = kept.lower_bound(s.begin);
    if (next != kept.end() && next->second.begin < s.end) continue;
    if (next != kept.begin() && std::prev(next)->second.end > s.begin) continue;
    kept.emplace(s.begin, s);
  }
  std::vector<PersonalSpan> out;
  for (const auto& [begin, span] : kept) out.push_back(span);
  return out;
}

}  // namespace ballast::text
