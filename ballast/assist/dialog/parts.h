// SPDX-License-Identifier: Apache-2.0
// The steps of an answer, each of which can be tested on its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/assist/assistant.h"
#include "ballast/assist/confidence.h"

namespace ballast::assist {

enum class Route {
  knowledge,  // to be looked up
  account,    // about the customer's own account or an order to act on it
  advice,     // what to buy, choose or do with money
  person,     // a wish for a human
  steering,   // an attempt to steer the assistant
  greeting
};

/// By rules over the words, English and Chinese.
Route route_of(std::string_view question);

/// "zh" where the question holds more Chinese than other words, else "en".
std::string language_of(std::string_view question);

/// Whether the question leans on the one before: "and abroad?", "那利息呢？".
bool leans_on_previous(std::string_view question);

/// The sentences of a passage that best match the question, as one stretch of its bytes: at most `kQuotedSentences`,
/// all of it where it is short.
text::Span best_stretch(const Passage& passage, const Query& query, const SearchIndex& index);

/// Weight of the question's terms (aids left out) that are, or whose synonyms are, among these.
double matched_weight(const Query& query, const Terms& terms, const SearchIndex& index);

/// Sentences for the customer and the colleague, by outcome and language.
std::string reply(Outcome outcome, const std::string& reason, const std::string& language);
std::string in_general(const std::string& language);
std::string did_you_mean(const std::vector<std::string>& suggestions, const std::string& language);
std::string summary_of(const Asked& asked, const Answer& answer, const std::string& reason);

}  // namespace ballast::assist
