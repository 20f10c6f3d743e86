// SPDX-License-Identifier: Apache-2.0
// The words that make a complaint urgent, by group.
#pragma once

#include <span>
#include <string_view>

namespace ballast::risk {

struct CueGroup {
  std::string_view code, en, zh;
  int points;
  /// Lower case. A phrase of Latin letters has to stand as whole words; a "*" at its end lets the last word go on.
  std::span<const std::string_view> phrases;
};

std::span<const CueGroup> complaint_cues();

}  // namespace ballast::risk
