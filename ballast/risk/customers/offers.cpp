// SPDX-License-Identifier: Apache-2.0
// The catalogue of offers, suitability, and ranking by expected value.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/customers_offers.h"
#include "ballast/risk/toml_fields.h"
#include "ballast/tabular/table.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::array<const char*, 8> kTests = {"=", "!=", "<", "<=", ">", ">=", "in", "not in"};

[[noreturn]] void refuse(const std::string& file, const toml::node& node, const std::string& why) {
  throw Error(ErrorCode::bad_input, why, fmt::format("{}:{}", file, node.source().begin.line));
}

std::string text_of(const std::string& file, const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto whole = node.value_exact<std::int64_t>()) return fmt::format("{}", *whole);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  refuse(file, node, "a rule's value must be a text or a number");
}

double number_of(const std::string& value) {
  bool finite = true;
  const double number = tabular::number_in(value, finite);
  return finite ? number : std::nan("");
}

bool is_order(const std::string& test) {
  return test[0] == '<' || test[0] == '>';
}

SuitabilityRule read_rule(const std::string& file, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr) refuse(file, node, "a rule must be {column, test, value}");
  SuitabilityRule rule;
  rule.column = (*table)["column"].value_or(std::string());
  rule.test = (*table)["test"].value_or(std::string());
  if (rule.column.empty()) refuse(file, node, "a rule needs a column");
  if (std::find(kTests.begin(), kTests.end(), rule.test) == kTests.end()) {
    refuse(file, node, fmt::format("test \"{}\" is none of {}", rule.test, fmt::join(kTests, ", ")));
  }
  const toml::node* value = table->get("value");
  if (value == nullptr) refuse(file, node, "a rule needs a value");
  const bool list = rule.test == "in" || rule.test == "not in";
  if (list != value->is_array()) refuse(file, *value, "tests \"in\" and \"not in\" need a list, others one value");
  if (list) {
    for (const toml::node& item : *value->as_array()) rule.values.push_back(text_of(file, item));
  } else {
    rule.values.push_back(text_of(file, *value));
  }
  if (is_order(rule.test) && std::isnan(number_of(rule.values[0]))) {
    refuse(file, *value, "\"" + rule.test + "\" needs a number");
  }
  return rule;
}

Offer read_offer(const std::string& file, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr) refuse(file, node, "an offer must be a table");
  for (const auto& [key, unused] : *table) {
    static constexpr std::array<std::string_view, 5> kKeys = {"product", "value", "cost", "model", "suitability"};
    if (std::find(kKeys.begin(), kKeys.end(), key.str()) == kKeys.end()) {
      refuse(file, unused, "unknown key \"" + std::string(key.str()) + "\"");
    }
  }
  Offer offer;
  offer.product = (*table)["product"].value_or(std::string());
  offer.model = (*table)["model"].value_or(std::string());
  const auto value = (*table)["value"].value<double>();
  const auto cost = table->contains("cost") ? (*table)["cost"].value<double>() : std::optional<double>(0);
  if (offer.product.empty()) refuse(file, node, "an offer needs a product");
  if (!value || !std::isfinite(*value)) refuse(file, node, offer.product + " needs a value, a number");
  if (!cost || !(*cost >= 0) || !std::isfinite(*cost)) refuse(file, node, offer.product + ": cost must be 0 or more");
  offer.value = *value;
  offer.cost = *cost;
  if (const toml::node* rules = table->get("suitability")) {
    if (!rules->is_array()) refuse(file, *rules, "suitability must be a list of rules");
    for (const toml::node& rule : *rules->as_array()) offer.suitability.push_back(read_rule(file, rule));
  }
  return offer;
}

/// Numbers compare by value where both sides are numbers, so that "01" = "1"; else bytes.
bool same(const std::string& a, const std::string& b) {
  const double x = number_of(a), y = number_of(b);
  return std::isnan(x) || std::isnan(y) ? a == b : x == y;
}

bool holds(const SuitabilityRule& rule, const std::string& value) {
  const bool listed =
      std::any_of(rule.values.begin(), rule.values.end(), [&](const std::string& v) { return same(value, v); });
  if (rule.test == "=" || rule.test == "in") return listed;
  if (rule.test == "!=" || rule.test == "not in") return !listed;
  const double x = number_of(value), bound = number_of(rule.values[0]);  // comparisons with NaN are false
  if (rule.test == "<") return x < bound;
  if (rule.test == "<=") return x <= bound;
  return rule.test == ">" ? x > bound : x >= bound;
}

LeftOut unsuitable(std::size_t offer, const SuitabilityRule& rule, const std::optional<std::string>& value) {
  const bool known = value && !tabular::is_missing_text(*value);
  const std::string needed = fmt::format("{} {} {}", rule.column, rule.test, fmt::join(rule.values, ", "));
  return {offer, LeftOutKind::unsuitable,
          known ? fmt::format("{} is {}, and the offer needs {}", rule.column, *value, needed)
                : fmt::format("{} is not known, and the offer needs {}", rule.column, needed),
          known ? fmt::format("{}为{}，而该产品要求{}", rule.column, *value, needed)
                : fmt::format("{}未知，而该产品要求{}", rule.column, needed)};
}

}  // namespace

std::vector<Offer> parse_offers(const std::string& text, const std::string& where) {
  std::vector<Offer> offers;
  const toml::table root = parse_toml(text, where);
  refuse_unknown(root, {"offer"}, where, "");
  const toml::array* list = root["offer"].as_array();
  if (list == nullptr || list->empty()) throw Error(ErrorCode::bad_input, "holds no [[offer]]", where);
  for (const toml::node& node : *list) {
    offers.push_back(read_offer(where, node));
    const auto twin = std::find_if(offers.begin(), offers.end() - 1,
                                   [&](const Offer& o) { return o.product == offers.back().product; });
    if (twin != offers.end() - 1) refuse(where, node, offers.back().product + " is offered twice");
  }
  return offers;
}

const SuitabilityRule* failed_rule(const Offer& offer, const CustomerColumn& customer) {
  const auto failed = std::find_if_not(offer.suitability.begin(), offer.suitability.end(), [&](const auto& rule) {
    const auto value = customer(rule.column);
    return value && !tabular::is_missing_text(*value) && holds(rule, *value);
  });
  return failed == offer.suitability.end() ? nullptr : &*failed;
}

const char* left_out_name(LeftOutKind kind) {
  switch (kind) {
    case LeftOutKind::unsuitable:
      return "unsuitable";
    case LeftOutKind::not_worth_it:
      return "not_worth_it";
    case LeftOutKind::beyond_the_limit:
      return "beyond_the_limit";
  }
  return "unsuitable";
}

Recommendations recommend(std::span<const Offer> offers, std::span<const double> probabilities,
                          const CustomerColumn& customer, std::size_t most) {
  BALLAST_CHECK(offers.size() == probabilities.size(), probabilities.size());
  Recommendations out;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (const SuitabilityRule* rule = failed_rule(offers[i], customer)) {
      out.left_out.push_back(unsuitable(i, *rule, customer(rule->column)));
      continue;
    }
    const double expected = probabilities[i] * offers[i].value - offers[i].cost;
    if (expected > 0) {
      out.offers.push_back({i, probabilities[i], expected});
    } else {
      out.left_out.push_back({i, LeftOutKind::not_worth_it,
                              fmt::format("the expected value is {:.2f}, not above 0", expected),
                              fmt::format("期望价值为{:.2f}，不大于0", expected)});
    }
  }
  std::stable_sort(out.offers.begin(), out.offers.end(), [](const Recommendation& a, const Recommendation& b) {
    return a.expected_value > b.expected_value;
  });
  for (std::size_t i = most; most > 0 && i < out.offers.size(); ++i) {
    out.left_out.push_back({out.offers[i].offer, LeftOutKind::beyond_the_limit,
                            fmt::format("{} better offer(s) are made already", most),
                            fmt::format("已有{}个更好的推荐", most)});
  }
  if (most > 0 && out.offers.size() > most) out.offers.resize(most);
  std::stable_sort(out.left_out.begin(), out.left_out.end(),
                   [](const LeftOut& a, const LeftOut& b) { return a.offer < b.offer; });
  return out;
}

}  // namespace ballast::risk
