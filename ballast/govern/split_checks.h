// SPDX-License-Identifier: Apache-2.0
// Is a split fit to compare models on? Rows with the side that they are on come in; what would make the figures too
// good to be true goes out, with the rows named: the same text on both sides (exactly or nearly), the same customer on
// both sides, training rows from the future, columns that were not known yet when the decision was made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::govern {

constexpr int kTrainOnly = -1;

/// The rows of a comparison, one entry a row in each list.
struct SplitRows {
  std::vector<std::string> sources;  // file
  std::vector<std::int64_t> lines;
  /// kTrainOnly, or the fold that a row is judged in: it is judged by models that learnt from the rows of other folds
  /// (with one fold: from the train-only rows).
  std::vector<int> folds;
  std::vector<std::string> contents;  // what the model reads: the text, or the input columns one after the other
  bool is_text = true;                // near duplicates are looked for among texts only
  std::vector<std::string> groups;    // customer, company, thread; empty list: not checked; "": not known
  std::vector<double> times;          // of the decision, seconds; empty list: not checked
  std::vector<double> available;      // when the last of the inputs was known; empty list: not checked; NaN: at once

  std::size_t size() const { return folds.size(); }
};

struct SplitCheckOptions {
  double jaccard = 0.8;              // texts at least so alike are near duplicates
  std::int64_t most_pairs = 20'000;  // texts compared with one text; bounds the time (what was left out is counted)
};

struct Violation {
  std::size_t row = 0;    // the one that has to go
  std::size_t other = 0;  // what it repeats, shares its group with, or comes after; `row` itself for late inputs
  double similarity = 1;  // near duplicates: Jaccard
};

struct SplitFinding {
  std::string check;  // "exact contamination", "near contamination", "group leakage", "look-ahead", "late inputs"
  std::vector<Violation> violations;  // by rising row, each row once
};

struct SplitReport {
  std::vector<std::string> checked;    // names of the checks that ran
  std::vector<SplitFinding> findings;  // only those that found something
  std::int64_t pairs_left_out = 0;     // near duplicates not looked for, see SplitCheckOptions::most_pairs

  bool clean() const { return findings.empty(); }
  /// 1 for each row that some finding names.
  std::vector<std::uint8_t> rows_to_drop(std::size_t rows) const;
};

/// Exact: the same letters and digits, case folded (tables: the same bytes). Near: Jaccard similarity of the sets of
/// character 5-grams of that form (2-grams where most characters are Chinese) at least `jaccard`. Pairs are found by
/// prefix filtering (Bayardo, Ma & Srikant 2007), which misses none, rare shingles first. Between a train-only row and
/// a judged one the former has to go, between two folds the later row. Look-ahead: a train-only row whose time is after
/// the earliest judged row.
SplitReport check_split(const SplitRows& rows, const SplitCheckOptions& options = {});

/// "3 training rows repeat evaluation rows exactly (train.csv:4 = dev.csv:2, …)".
std::string describe(const SplitFinding& finding, const SplitRows& rows, std::size_t shown = 3);
/// {"checked":[…],"findings":[{"check","rows","examples":[{"row","other","similarity"}]}],"pairs_left_out"}.
base::Json to_json(const SplitReport& report, const SplitRows& rows);

/// Letters and digits of a text, case folded.
std::string normal_form(std::string_view text);
/// |A ∩ B| / |A ∪ B| over the shingles that check_split() uses; 0 where either text is too short for one.
double text_similarity(std::string_view a, std::string_view b);

}  // namespace ballast::govern
