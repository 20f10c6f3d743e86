// SPDX-License-Identifier: Apache-2.0
// Are a model's explanations of texts true to the model? Checks that need nothing but its scores: words are taken out
// and the text is read again; the text is edited so that nothing changes in meaning; evidence is held against what
// people marked.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/risk/evidence.h"

namespace ballast::govern {

/// A model and one label of it as plain numbers.
struct ExplainedLabel {
  /// The label's score of each text, in log-odds.
  std::function<std::vector<double>(std::span<const std::string> texts)> score;
  /// How much each token speaks for the label, in text order.
  std::function<std::vector<risk::TokenWeight>(std::string_view text)> attribute;
};

/// Units with the weights that the model's attribution gives them.
std::vector<risk::TextUnit> weighted_units(std::string_view text, const ExplainedLabel& label);

/// The text without some of its units (their numbers in any order): their bytes go, and of two spaces that meet one.
std::string text_without(std::string_view text, std::span<const risk::TextUnit> units,
                         std::span<const std::size_t> left_out);

/// What the score loses when each unit is left out by itself: exact, since the text is read again each time.
struct LeaveOut {
  std::vector<double> drops;          // one a unit
  std::optional<double> correlation;  // Spearman's, of drops and weights; nothing where one of them is constant
  bool same_heaviest = false;         // the heaviest unit by attribution is the one that costs most
};
LeaveOut leave_out(std::string_view text, std::span<const risk::TextUnit> units, const ExplainedLabel& label);

/// Spearman's rank correlation with midranks; nothing below two values or where one side is constant.
std::optional<double> rank_correlation(std::span<const double> a, std::span<const double> b);

/// Mean loss of score when the given shares of a text's units are taken out: the heaviest first, or `draws` times at
/// random. Shares are of the number of units, at least one unit.
struct DeletionCurve {
  std::vector<double> heaviest, random;  // one a share
};
DeletionCurve deletion_curve(std::string_view text, std::span<const risk::TextUnit> units, const ExplainedLabel& label,
                             std::span<const double> shares, int draws, std::uint64_t seed);

/// Edits that leave the meaning as it was.
enum class HarmlessEdit {
  lower_case,   // A to Z
  punctuation,  // the last full stop goes or comes, quotation marks go, full-width commas become commas
  stop_words    // the first word of a list that is there: but to yet, said to stated, 和 to 与 …
};
inline constexpr HarmlessEdit kHarmlessEdits[] = {HarmlessEdit::lower_case, HarmlessEdit::punctuation,
                                                  HarmlessEdit::stop_words};
const char* harmless_edit_name(HarmlessEdit edit);
/// Nothing where the edit finds nothing to change.
std::optional<std::string> edited(std::string_view text, HarmlessEdit edit);

/// The words of evidence that are no stop words, in lower case: what stays the same under a harmless edit.
std::vector<std::string> evidence_words(std::string_view text, const std::vector<risk::Evidence>& evidence);
/// F1 of two bags of words; 1 where both are empty.
double bag_f1(std::vector<std::string> a, std::vector<std::string> b);

/// Half-open bytes of a text.
struct ByteRange {
  std::size_t start = 0, end = 0;
};

/// Units in the found ranges against units in the marked ones. A unit lies in a range when half of it does.
struct SpanAgreement {
  double precision = 0, recall = 0, f1 = 0;
  double iou = 0;  // intersection over union
};
/// `marked` holds at least one unit, or precision and recall are 0.
SpanAgreement span_agreement(std::string_view text, std::span<const ByteRange> found,
                             std::span<const ByteRange> marked);

/// Ranges of as many and as long runs of units as `found` has, somewhere in the text: what chance would agree on.
std::vector<ByteRange> random_ranges(std::string_view text, std::span<const ByteRange> found, std::uint64_t seed);

}  // namespace ballast::govern
