// SPDX-License-Identifier: Apache-2.0
// Postal addresses down to a house number, by the form that English and Chinese ones have.
#include <string>

#include "ballast/text/personal/view.h"

namespace ballast::text {
namespace {

/// What may follow a street or a box: a flat, a town, a state with its code. A town counts only where a code follows,
/// or the comma of the next part.
const std::string kPlace = R"([A-Z][\p{L}.'’-]*[\p{L}](?: [A-Z][\p{L}.'’-]*[\p{L}]){0,2})";
const std::string kCode =
    R"((?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z0-9]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d|[A-Z]{2,3} (?:\d{4,5}(?:-\d{4})?|[A-Z]\d[A-Z] \d[A-Z]\d))\b)";

void find_english(const View& view, std::vector<Candidate>& found) {
  static const Pattern kStreet(
      (R"(\b(?:(?:Flat|Unit|Apt\.?|Apartment|Suite|Room) \w{1,5},? )?\d{1,5}[A-Z]?(?:[-/]\d{1,4})?,? )"
       R"((?:(?:[A-Z][\p{L}'’.-]{0,20}|\d{1,3}(?:st|nd|rd|th)|of|the) ){1,4})"
       R"((?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Close|Crescent|Grove|Gardens|Parkway|Highway|Row|Mews|Walk|Hill|Quay|Broadway)\b)"
       R"((?:,? (?:Apt|Apartment|Suite|Flat|Unit|Floor|Room)\.? ?\w{1,5}\b)?)"
       R"((?:,? )" +
       kPlace + "(?:, " + kPlace + ")?,? " + kCode + ")?")
          .c_str());
  static const Pattern kBox((R"(\bP\.? ?O\.? ?Box \d{1,6}(?:, )" + kPlace + ")?(?:,? " + kCode + ")?").c_str());
  const auto add = [&](const icu::RegexMatcher& m) {
    found.push_back({PersonalKind::address, start_of(m), end_of(m)});
  };
  kStreet.each(view, add);
  kBox.each(view, add);
}

/// "家住在北京市…" begins at 北: what leads to an address is no part of it.
std::int32_t after_lead(const View& view, std::int32_t begin, std::int32_t end) {
  static const std::u16string_view kLeads = u"在住到至于是为址寄往给我的";
  for (std::int32_t i = end - 2; i >= begin; --i) {
    if (kLeads.find(view.at(i)) != std::u16string_view::npos) return i + 1;
  }
  return begin;
}

void find_chinese(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(
      R"((\p{Han}{2,30}?(?:大道|大街|胡同|[路街巷弄道里])(?:[东南西北中一二三四五六七八九十]{1,2}段)?) ?\d{1,5}(?:[-之]\d{1,3})?(?:号院|[号弄])(?:\d{1,4}(?:号楼|[栋幢座院]))?(?:(?:(?!的)\p{Han}){2,14}?(?:大学|学院|医院|中心|大厦|广场|小区|花园|公寓|家园|新村|苑|城)(?![\p{Han}]{0,1}(?:的|里)))?(?:[A-Za-z]?\d{1,4}(?:号楼|单元|[栋幢座楼室层户])){0,4})");
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    found.push_back({PersonalKind::address, after_lead(view, start_of(m, 1), end_of(m, 1)), end_of(m)});
  });
}

}  // namespace

void find_addresses(const View& view, std::vector<Candidate>& found) {
  find_english(view, found);
  find_chinese(view, found);
}

}  // namespace ballast::text
