// SPDX-License-Identifier: Apache-2.0
// TOML files of rules and key risk indicators.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "ballast/base/error.h"
#include "ballast/risk/toml_fields.h"
#include "ballast/risk/operations_rules.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kLargest = std::numeric_limits<double>::max();

/// The tables of `[[name]]`, each with a name of its own.
std::vector<const toml::table*> tables_of(const toml::table& document, const std::string& name,
                                          const std::string& where) {
  const toml::array* list = document[name].as_array();
  if (list == nullptr || list->empty()) throw Error(ErrorCode::bad_input, fmt::format("has no [[{}]]", name), where);
  std::vector<const toml::table*> tables;
  std::set<std::string> names;
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    const std::string own = table != nullptr ? (*table)["name"].value_or(std::string()) : "";
    if (own.empty() || !names.insert(own).second) {
      throw Error(ErrorCode::bad_input, fmt::format("{} {} needs a name of its own", name, tables.size() + 1), where);
    }
    tables.push_back(table);
  }
  return tables;
}

std::string choice(const toml::table& table, const char* key, const std::string& otherwise,
                   std::initializer_list<const char*> known, const std::string& where) {
  const std::string value = table[key].value_or(otherwise);
  if (std::find(known.begin(), known.end(), value) != known.end()) return value;
  throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" must be one of {}", key, fmt::join(known, ", ")), where);
}

}  // namespace

std::vector<TransactionRule> parse_transaction_rules(std::string_view text, const std::string& where) {
  const toml::table document = parse_toml(text, where);
  refuse_unknown(document, {"rule"}, where, "");
  std::vector<TransactionRule> rules;
  for (const toml::table* table : tables_of(document, "rule", where)) {
    TransactionRule rule;
    rule.name = (*table)["name"].value_or(std::string());
    const std::string here = where + ", " + rule.name;
    refuse_unknown(*table, {"name", "when", "action", "points", "reason"}, where, rule.name);
    rule.condition = RuleCondition::parse((*table)["when"].value_or(std::string()), here);
    rule.action = choice(*table, "action", "review", {"review", "block"}, here);
    rule.reason = (*table)["reason"].value_or(rule.name);
    rule.points = number_field(*table, "points", 1, 0, 1e6, where, rule.name);
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::vector<KeyRiskIndicator> parse_indicators(std::string_view text, const std::string& where) {
  const toml::table document = parse_toml(text, where);
  refuse_unknown(document, {"indicator"}, where, "");
  std::vector<KeyRiskIndicator> all;
  for (const toml::table* table : tables_of(document, "indicator", where)) {
    KeyRiskIndicator k;
    k.name = (*table)["name"].value_or(std::string());
    const std::string here = where + ", " + k.name;
    refuse_unknown(*table, {"name", "column", "aggregate", "amber", "red", "owner"}, where, k.name);
    k.column = (*table)["column"].value_or(std::string());
    k.aggregate = choice(*table, "aggregate", "last", {"last", "mean", "sum", "max", "min", "count"}, here);
    k.owner = (*table)["owner"].value_or(std::string());
    if (k.column.empty() || !(*table)["amber"] || !(*table)["red"]) {
      throw Error(ErrorCode::bad_input, "needs column, amber and red", here);
    }
    k.amber = number_field(*table, "amber", 0, -kLargest, kLargest, where, k.name);
    k.red = number_field(*table, "red", 0, -kLargest, kLargest, where, k.name);
    if (k.amber == k.red) throw Error(ErrorCode::bad_input, "amber equals red", here);
    all.push_back(std::move(k));
  }
  return all;
}

IndicatorReading read_indicator(const KeyRiskIndicator& k, std::span<const double> values) {
  if (values.empty()) throw Error(ErrorCode::bad_input, "there is no value", "indicator " + k.name);
  double sum = 0;
  for (const double x : values) sum += x;
  IndicatorReading reading;
  const auto n = static_cast<double>(values.size());
  reading.value = k.aggregate == "last"   ? values.back()
                  : k.aggregate == "sum"  ? sum
                  : k.aggregate == "mean" ? sum / n
                  : k.aggregate == "max"  ? *std::max_element(values.begin(), values.end())
                  : k.aggregate == "min"  ? *std::min_element(values.begin(), values.end())
                                          : n;
  const auto reached = [&](double limit) { return k.red > k.amber ? reading.value >= limit : reading.value <= limit; };
  reading.level = reached(k.red) ? "red" : reached(k.amber) ? "amber" : "green";
  return reading;
}

}  // namespace ballast::risk
