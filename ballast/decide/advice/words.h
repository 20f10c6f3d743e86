// SPDX-License-Identifier: Apache-2.0
// Names and numbers of an advice as people read them, for the text and the report.
#pragma once

#include <string>

#include "ballast/decide/advice.h"

namespace ballast::decide {

/// "12.3" for 0.123; never "-0.0".
std::string shown_percent(double share, int digits);
/// "1,234,567.89" for "1234567.89".
std::string grouped(const std::string& decimal);

std::string objective_word(risk::Objective objective, Language language);
/// "the weight of XOM", "the fall in the crisis of 2008" …
std::string limit_name(const Breach& breach, Language language);
/// A sentence for a code of Advice::why.
std::string why_text(const std::string& code, Language language);
/// A word for a code of Position::why, and for a verdict.
std::string position_why(const std::string& code, Language language);
std::string verdict_word(const std::string& verdict, Language language);

}  // namespace ballast::decide
