// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/risk/customers/complaint_cues.h"
#include "ballast/risk/customers_complaints.h"

namespace ballast::risk {
namespace {

using base::Json;

/// A text in the form of the cues: ASCII in lower case, white space as one space, typographic apostrophes as ASCII;
/// each byte remembers where it came from.
struct Plain {
  std::string text;
  std::vector<std::size_t> from;  // one a byte of text, and the end
};

Plain plain(std::string_view text) {
  Plain out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (!out.text.empty() && out.text.back() == ' ') continue;
      out.text += ' ';
    } else if (text.substr(i).starts_with("\u2019")) {
      out.text += '\'';
      out.from.push_back(i);
      i += 2;
      continue;
    } else {
      out.text += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out.from.push_back(i);
  }
  out.from.push_back(text.size());
  return out;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

struct Found {
  std::size_t begin = 0, end = 0;  // bytes of the plain text
};

std::optional<Found> find_phrase(const std::string& text, std::string_view phrase) {
  const bool open = phrase.ends_with('*');
  if (open) phrase.remove_suffix(1);
  for (std::size_t at = text.find(phrase); at != std::string::npos; at = text.find(phrase, at + 1)) {
    std::size_t end = at + phrase.size();
    if (is_word(phrase.front()) && at > 0 && is_word(text[at - 1])) continue;
    if (open) {
      while (end < text.size() && is_word(text[end])) ++end;
    } else if (is_word(phrase.back()) && end < text.size() && is_word(text[end])) {
      continue;
    }
    return Found{at, end};
  }
  return {};
}

/// The earliest cue of a group, the longest of those that begin there.
std::optional<Found> find_cue(const std::string& text, const CueGroup& group) {
  std::optional<Found> first;
  for (const std::string_view phrase : group.phrases) {
    const auto found = find_phrase(text, phrase);
    if (!found) continue;
    const bool longer = first && found->begin == first->begin && found->end > first->end;
    if (!first || found->begin < first->begin || longer) first = found;
  }
  return first;
}

std::optional<UrgencyReason> severity_reason(std::span<const double> severity) {
  if (severity.empty()) return {};
  BALLAST_CHECK(severity.size() == 4, severity.size());
  const double mean = severity[1] + 2 * severity[2] + 3 * severity[3];
  const int points = static_cast<int>(std::floor(mean + 0.5));
  if (points <= 0) return {};
  const std::string found = std::to_string(points);
  return UrgencyReason{"severity",
                       "the language model expects severity " + found + " of 3",
                       "语言模型估计严重程度为" + found + "（最高3）",
                       points,
                       0,
                       0,
                       ""};
}

}  // namespace

const char* urgency_name(Urgency urgency) {
  switch (urgency) {
    case Urgency::routine:
      return "routine";
    case Urgency::soon:
      return "soon";
    case Urgency::urgent:
      return "urgent";
  }
  return "routine";
}

ComplaintUrgency complaint_urgency(std::string_view text, std::span<const double> severity) {
  ComplaintUrgency out;
  const Plain words = plain(text);
  for (const CueGroup& group : complaint_cues()) {
    const auto cue = find_cue(words.text, group);
    if (!cue) continue;
    const std::size_t start = words.from[cue->begin], end = words.from[cue->end];
    out.reasons.push_back({std::string(group.code), std::string(group.en), std::string(group.zh), group.points, start,
                           end, std::string(text.substr(start, end - start))});
  }
  if (auto reason = severity_reason(severity)) out.reasons.push_back(std::move(*reason));
  for (const UrgencyReason& reason : out.reasons) out.points += reason.points;
  std::stable_sort(out.reasons.begin(), out.reasons.end(),
                   [](const UrgencyReason& a, const UrgencyReason& b) { return a.points > b.points; });
  out.level = out.points >= kUrgentPoints ? Urgency::urgent
              : out.points >= kSoonPoints ? Urgency::soon
                                          : Urgency::routine;
  return out;
}

Json to_json(const ComplaintUrgency& urgency, bool chinese) {
  Json json = {
      {"urgency", urgency_name(urgency.level)}, {"urgency_points", urgency.points}, {"reasons", Json::array()}};
  for (const UrgencyReason& r : urgency.reasons) {
    json["reasons"].push_back({{"code", r.code},
                               {"text", chinese ? r.zh : r.en},
                               {"points", r.points},
                               {"start", r.start},
                               {"end", r.end},
                               {"quote", r.quote}});
  }
  return json;
}

}  // namespace ballast::risk
