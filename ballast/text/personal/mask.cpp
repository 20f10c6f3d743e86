// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "ballast/base/error.h"
#include "ballast/text/personal/view.h"

namespace ballast::text {
namespace {

/// What makes two writings the same thing: e-mails and names in any case, everything else without its separators.
std::string key_of(PersonalKind kind, std::string_view text) {
  const View view(text);
  icu::UnicodeString normal;
  for (std::int32_t i = 0; i < view.size(); ++i) {
    const char16_t c = view.at(i);
    const bool separator = std::u16string_view(u" -.()·•").find(c) != std::u16string_view::npos;
    if (!separator || kind == PersonalKind::email || kind == PersonalKind::literal) normal.append(c);
  }
  std::string out(personal_kind_tag(kind));
  out += ':';
  normal.foldCase().toUTF8String(out);
  return out;
}

constexpr std::size_t kLongName = 6;  // bytes: two Chinese characters; shorter ones stand inside ordinary words

struct Place {
  std::size_t begin = 0, end = 0;
};

/// The next "[TAG_n]" at or after `from`.
bool next_placeholder(std::string_view text, std::size_t from, Place& place) {
  for (std::size_t at = text.find('[', from); at != std::string_view::npos; at = text.find('[', at + 1)) {
    const std::size_t close = text.find(']', at);
    if (close == std::string_view::npos) return false;
    if (close - at <= 24) {
      place = {at, close + 1};
      return true;
    }
  }
  return false;
}

}  // namespace

std::size_t Masked::to_original(std::size_t offset) const {
  std::size_t masked = 0, original = 0;  // ends of the last span at or before the offset
  for (const MaskedSpan& s : spans) {
    if (offset < s.begin) break;
    if (offset < s.end) return s.original_begin;
    masked = s.end;
    original = s.original_end;
  }
  return original + (offset - masked);
}

Masker::Masker(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    const std::string& p = entry.placeholder;
    const std::string start = std::string("[") + personal_kind_tag(entry.kind) + "_";
    std::int64_t number = 0;
    const char* const begin = p.data() + start.size();
    const bool formed = p.size() > start.size() + 1 && p.starts_with(start) && p.back() == ']' &&
                        std::from_chars(begin, p.data() + p.size() - 1, number).ptr == p.data() + p.size() - 1 &&
                        number > 0;
    if (!formed || by_placeholder_.contains(p)) {
      throw base::Error(base::ErrorCode::bad_input, "\"" + p + "\" is no placeholder of its kind, or there twice",
                        "masked entries");
    }
    last_[entry.kind] = std::max(last_[entry.kind], number);
    remember(entry);
  }
}

void Masker::remember(const Entry& entry) {
  by_key_.emplace(key_of(entry.kind, entry.text), entries_.size());
  by_placeholder_.emplace(entry.placeholder, entries_.size());
  entries_.push_back(entry);
  if (entry.kind == PersonalKind::name && entry.text.size() >= kLongName) names_.add(entry.text);
}

const std::string& Masker::placeholder(PersonalKind kind, std::string_view text) {
  const auto known = by_key_.find(key_of(kind, text));
  if (known == by_key_.end()) {
    const std::string name = std::string("[") + personal_kind_tag(kind) + "_" + std::to_string(++last_[kind]) + "]";
    remember({kind, name, std::string(text)});
    return entries_.back().placeholder;
  }
  return entries_[known->second].placeholder;
}

Masked Masker::mask(std::string_view text) {
  std::vector<PersonalSpan> spans = find_personal_data(text, &names_);
  // A name that one place gave away may stand in another that does not.
  bool named = false;
  for (const PersonalSpan& s : spans) {
    if (s.kind != PersonalKind::name || s.end - s.begin < kLongName) continue;
    names_.add(std::string(text.substr(s.begin, s.end - s.begin)));
    named = true;
  }
  if (named) spans = find_personal_data(text, &names_);
  Masked out;
  std::size_t from = 0;
  for (const PersonalSpan& s : spans) {
    out.text += text.substr(from, s.begin - from);
    const std::string& p = placeholder(s.kind, text.substr(s.begin, s.end - s.begin));
    out.spans.push_back({s.kind, p, out.text.size(), out.text.size() + p.size(), s.begin, s.end});
    out.text += p;
    from = s.end;
  }
  out.text += text.substr(from);
  return out;
}

std::string Masker::unmask(std::string_view masked) const {
  std::string out;
  std::size_t from = 0;
  for (Place place; next_placeholder(masked, from, place);) {
    const auto known = by_placeholder_.find(std::string(masked.substr(place.begin, place.end - place.begin)));
    const std::size_t end = known == by_placeholder_.end() ? place.begin + 1 : place.end;
    out += masked.substr(from, place.begin - from);
    out += known == by_placeholder_.end() ? "[" : entries_[known->second].text;
    from = end;
  }
  out += masked.substr(from);
  return out;
}

}  // namespace ballast::text
