// SPDX-License-Identifier: Apache-2.0
// Rules for transactions and key risk indicators, both from TOML files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::risk {

/// The value of a column of one row; nothing where it is absent or empty.
using FieldOf = std::function<std::optional<std::string>(std::string_view column)>;

/// A condition on one row:
///   condition  = conjunction { "or" conjunction }
///   conjunction = negation { "and" negation }
///   negation   = [ "not" ] ( "(" condition ")" | comparison )
///   comparison = column ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) value | column "in" "[" value { "," value } "]"
///   value      = number | 'text' | column
/// Numbers compare as numbers, anything else as text. A comparison with a value that the row lacks is false.
class RuleCondition {
 public:
  /// Throws bad_input naming `where` and the character.
  static RuleCondition parse(std::string_view text, const std::string& where);
  bool holds(const FieldOf& row) const;
  /// Columns that the condition reads, each once, in order.
  const std::vector<std::string>& columns() const;
  struct Node;

 private:
  std::shared_ptr<const Node> root_;
  std::vector<std::string> columns_;
};

struct TransactionRule {
  std::string name, action, reason;  // action: review or block
  double points = 1;
  RuleCondition condition;
};
/// `[[rule]]` tables with name, when, action, points, reason. Throws bad_input naming the rule and the field.
std::vector<TransactionRule> parse_transaction_rules(std::string_view toml, const std::string& where);

struct RuleVerdict {
  double points = 0;
  std::string action = "pass";     // the strongest of those that hold
  std::vector<std::size_t> rules;  // which hold
};
RuleVerdict apply_rules(std::span<const TransactionRule> rules, const FieldOf& row);

/// A key risk indicator: one number of a table against two thresholds.
struct KeyRiskIndicator {
  std::string name, column, aggregate, owner;  // aggregate: last, mean, sum, max, min, count
  double amber = 0, red = 0;                   // red above amber: high is bad; below: low is bad
};
std::vector<KeyRiskIndicator> parse_indicators(std::string_view toml, const std::string& where);
struct IndicatorReading {
  double value = 0;
  std::string level;  // green, amber, red
};
/// Throws bad_input where there is no value.
IndicatorReading read_indicator(const KeyRiskIndicator& indicator, std::span<const double> values);

}  // namespace ballast::risk
