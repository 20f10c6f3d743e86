// SPDX-License-Identifier: Apache-2.0
// How well personal data is found: sentences in which it is marked against what find_personal_data() says.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/text/personal_data.h"

namespace ballast::text {

struct MarkedSentence {
  std::string language, text;  // without the marks
  std::vector<PersonalSpan> spans;
};

/// "en<tab>Call {NAME:Ann} at {PHONE:07700 900123}.", as in data/personal_data. Throws bad_input naming `where` for an
/// unknown kind, an open brace, or no language.
MarkedSentence read_marked(std::string_view line, const std::string& where);

struct PersonalScore {
  std::int64_t marked = 0, found = 0;
  std::int64_t exact = 0;        // found with kind and both ends right
  std::int64_t covered = 0;      // marked, every byte within some found span: nothing of it would be shown
  std::int64_t overlapping = 0;  // found, sharing a byte with a marked one of any kind

  double precision() const { return found == 0 ? 1 : static_cast<double>(exact) / static_cast<double>(found); }
  double recall() const { return marked == 0 ? 1 : static_cast<double>(exact) / static_cast<double>(marked); }
  void add(const PersonalScore& other);
};

struct PersonalEvaluation {
  std::map<std::pair<std::string, PersonalKind>, PersonalScore> by_kind;  // language and kind
  std::map<std::string, PersonalScore> by_language;
  PersonalScore all;
  std::int64_t sentences = 0;
  std::int64_t clean = 0, clean_touched = 0;  // sentences that hold nothing; those in which something was found

  void add(const MarkedSentence& sentence, const std::vector<PersonalSpan>& found);
};

}  // namespace ballast::text
