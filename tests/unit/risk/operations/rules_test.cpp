// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_rules.h"

#include <gmock/gmock.h>

#include <map>

#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FieldOf row_of(const std::map<std::string, std::string>& row) {
  return [row](std::string_view column) -> std::optional<std::string> {
    const auto found = row.find(std::string(column));
    return found == row.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(RuleCondition, TruthTables) {
  const FieldOf row = row_of({{"amount", "1200.5"}, {"hour", "3"}, {"country", "DE"}, {"home", "FR"}, {"empty", ""}});
  const std::pair<const char*, bool> cases[] = {
      {"amount > 1000", true},
      {"amount > 1200.5", false},
      {"amount >= 1.2005e3", true},
      {"amount > 1000 and hour < 2", false},
      {"amount > 1000 and hour < 2 or hour == 3", true},
      {"amount > 1000 and (hour < 2 or hour == 3)", true},
      {"not hour < 2 and country != home", true},
      {"not (hour < 5)", false},
      {"country in ['FR', 'DE']", true},
      {"country in ['FR', 'IT']", false},
      {"country == 'de'", false},
      {"absent > 1", false},
      {"not absent > 1", true},
      {"empty == ''", false},
      {"amount > -5", true},
      {"hour < 10", true},  // as numbers: as text "3" would be above "10"
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(RuleCondition::parse(text, "r").holds(row), expected) << text;
  EXPECT_THAT(RuleCondition::parse("a > b or a < 2", "r").columns(), ElementsAre("a", "b"));
}

TEST(RuleCondition, ErrorsSayWhere) {
  const auto problem = [](const char* text) {
    return test::problem_of([&] { RuleCondition::parse(text, "r.toml, big"); });
  };
  EXPECT_THAT(problem("amount >"), HasSubstr("expected a column at character 9 of \"amount >\""));
  EXPECT_THAT(problem("amount > 1 hour"), HasSubstr("expected the end at character 12"));
  EXPECT_THAT(problem("(amount > 1"), HasSubstr("expected \")\""));
  EXPECT_THAT(problem("amount = 1"), HasSubstr("expected a comparison at character 8"));
  EXPECT_THAT(problem("a == 'x"), HasSubstr("expected a closing quote"));
  EXPECT_THAT(problem(""), HasSubstr("r.toml, big"));
  EXPECT_THAT(problem((std::string(200, '(') + "a > 1").c_str()), HasSubstr("expected fewer parentheses"));
}

TEST(TransactionRules, StrongestActionWins) {
  const auto rules = parse_transaction_rules(
      "[[rule]]\nname='big'\nwhen='amount > 1000'\npoints=2\n"
      "[[rule]]\nname='night'\nwhen='hour < 6'\naction='block'\nreason='at night'\n",
      "r.toml");
  const RuleVerdict both = apply_rules(rules, row_of({{"amount", "2000"}, {"hour", "2"}}));
  EXPECT_EQ(both.action, "block");
  EXPECT_DOUBLE_EQ(both.points, 3);
  EXPECT_THAT(both.rules, ElementsAre(0u, 1u));
  EXPECT_EQ(apply_rules(rules, row_of({{"amount", "2000"}})).action, "review");
  EXPECT_EQ(apply_rules(rules, row_of({})).action, "pass");
  EXPECT_THAT(
      test::problem_of([] { parse_transaction_rules("[[rule]]\nname='a'\nwhen='x>1'\naction='stop'", "r.toml"); }),
      HasSubstr("field \"action\" must be one of review, block"));
  EXPECT_THAT(test::problem_of([] { parse_transaction_rules("[[rule]]\nname='a'\nwhem='x>1'", "r.toml"); }),
              HasSubstr("the nearest is when"));
  EXPECT_THAT(test::problem_of([] { parse_transaction_rules("", "r.toml"); }), HasSubstr("has no [[rule]]"));
}

TEST(KeyRiskIndicators, BothDirections) {
  const auto all = parse_indicators(
      "[[indicator]]\nname='failed'\ncolumn='f'\naggregate='mean'\namber=2\nred=4\n"
      "[[indicator]]\nname='uptime'\ncolumn='u'\naggregate='min'\namber=99.9\nred=99\n",
      "k.toml");
  EXPECT_EQ(read_indicator(all[0], std::vector<double>{1, 2, 3}).level, "amber");
  EXPECT_EQ(read_indicator(all[0], std::vector<double>{1, 1}).level, "green");
  EXPECT_EQ(read_indicator(all[1], std::vector<double>{100, 98.5}).level, "red");
  EXPECT_EQ(read_indicator(all[1], std::vector<double>{100, 99.5}).level, "amber");
  EXPECT_THAT(test::problem_of([&] { read_indicator(all[0], {}); }), HasSubstr("there is no value"));
  EXPECT_THAT(test::problem_of([] { parse_indicators("[[indicator]]\nname='a'\ncolumn='c'\namber=1", "k.toml"); }),
              HasSubstr("needs column, amber and red"));
}

}  // namespace
}  // namespace ballast::risk
