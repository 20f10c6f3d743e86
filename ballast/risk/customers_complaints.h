// SPDX-License-Identifier: Apache-2.0
// Which complaint to read first. Urgency is an open rule: points for what the text says (threat of court, regulator or
// press, contact in vain, a customer at risk, home or living at stake, money taken, a date that passes) and for the
// severity that a language model sees, as plain numbers. The points add up, and every one is shown with the words that
// gave it. English and Chinese. There is no data with urgency labels behind it: it orders work, it measures nothing.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::risk {

enum class Urgency { routine, soon, urgent };
const char* urgency_name(Urgency urgency);

/// From these points on.
inline constexpr int kSoonPoints = 2, kUrgentPoints = 5;

/// One group of cues, or the model's severity. Each counts once, however often it is found.
struct UrgencyReason {
  std::string code;    // "legal_threat", "regulator", "repeated_contact", "vulnerable", "livelihood", "money_taken",
                       // "deadline", "severity"
  std::string en, zh;  // what it means
  int points = 0;
  std::size_t start = 0, end = 0;  // bytes of the first cue in the text; both 0 for "severity"
  std::string quote;               // those bytes
};

struct ComplaintUrgency {
  Urgency level = Urgency::routine;
  int points = 0;                      // the sum of the reasons'
  std::vector<UrgencyReason> reasons;  // most points first
};

/// `severity` holds the probabilities of 0 none, 1 watch, 2 material, 3 critical; its points are their mean rounded
/// half up. Empty: no model was asked.
ComplaintUrgency complaint_urgency(std::string_view text, std::span<const double> severity = {});

/// {"urgency","urgency_points","reasons":[{"code","text","points","start","end","quote"}]}.
base::Json to_json(const ComplaintUrgency& urgency, bool chinese);

}  // namespace ballast::risk
