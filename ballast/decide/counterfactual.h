// SPDX-License-Identifier: Apache-2.0
// What would have changed the outcome of an application: the fewest and smallest changes, only of what a person can
// change and only in the direction they can change it, each found by scoring the changed application.
//
// A rule file names what can be changed:
//   [change.credit_amount]
//   direction = "down"     # or "up"
//   limit = 500            # no farther than this
//   step = 250
//   [change.savings]
//   to = ["500 <= ... < 1000 DM", ">= 1000 DM"]   # values that it may become, the easiest first
// A column that no rule names never changes: neither age nor sex nor what lies in the past.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ballast/decide/credit_desk.h"

namespace ballast::decide {

struct ChangeRule {
  std::string column;
  bool up = false;              // numbers: the direction
  double limit = 0, step = 0;   // numbers
  std::vector<std::string> to;  // categories; empty: a number
};

/// Throws bad_input naming `where` and the field.
std::vector<ChangeRule> parse_change_rules(const std::string& toml, const std::string& where);

struct ColumnChange {
  std::string column, from, to;
};

struct Counterfactual {
  std::vector<ColumnChange> changes;
  double effort = 0;  // of each change the share of the way to its limit, added up
  double pd = 0;      // of the changed application
  std::string outcome;
};

struct CounterfactualSearch {
  std::string outcome;  // as it is: the policy's, or without one "approve" where PD <= the model's cut-off
  double pd = 0;
  bool approved = false;              // nothing to look for
  std::vector<Counterfactual> found;  // fewest changes first, then least effort
  std::int64_t scored = 0;            // changed applications that were scored
};

struct CounterfactualOptions {
  std::size_t shown = 3;
  std::size_t most_changes = 3;
};

/// Looks for changes after which `application` is approved: all single ones; where there is none all pairs, on a
/// coarser grid; then all triples. Throws bad_input where the application cannot be scored, or a rule names a column
/// that is no input, or is protected.
CounterfactualSearch find_counterfactuals(const CreditDesk& desk, const ingest::Record& application,
                                          const std::vector<ChangeRule>& rules,
                                          const CounterfactualOptions& options = {});

/// "with a credit amount of 2500 instead of 5951 …" in English or Chinese.
std::string describe(const Counterfactual& counterfactual, const risk::WordsOfColumns& words,
                     risk::ReasonLanguage language);

/// A training case near an application: near is what the model sees alike, so the distance is between the two lists of
/// contributions (log-odds of each column), Euclidean.
struct NearCase {
  std::int64_t line = 0;
  double distance = 0, pd = 0;
  std::string label;                   // how it ended
  std::vector<std::string> different;  // columns whose contributions differ most, at most three
};

/// The `count` nearest of `cases`. Rows that cannot be scored are left out.
std::vector<NearCase> nearest_cases(const CreditDesk& desk, const ingest::Record& application,
                                    std::vector<ingest::Record> cases, std::size_t count);

}  // namespace ballast::decide
