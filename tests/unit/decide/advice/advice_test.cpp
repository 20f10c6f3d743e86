// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/advice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "ballast/decide/decision.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"
#include "tests/unit/decide/advice/case.h"

namespace ballast::decide {
namespace {

const Position& position(const Advice& a, const std::string& name) {
  for (const Position& p : a.positions)
    if (p.instrument == name) return p;
  throw std::runtime_error("no position " + name);
}

bool breached(const std::vector<Breach>& all, const std::string& limit, const std::string& subject = "") {
  return std::any_of(all.begin(), all.end(), [&](const Breach& b) { return b.limit == limit && b.subject == subject; });
}

TEST(Advise, BringsAWildPortfolioInsideTheLimits) {
  for (const auto objective : {risk::Objective::minimum_variance, risk::Objective::minimum_cvar,
                               risk::Objective::risk_parity, risk::Objective::mean_variance}) {
    AdviceInputs in = test_case::inputs();
    in.settings.objective = objective;
    const Advice a = advise(in);
    EXPECT_EQ(a.outcome, "rebalance");
    EXPECT_TRUE(breached(a.breaches, "position", "WILD"));
    EXPECT_TRUE(breached(a.breaches, "volatility"));
    EXPECT_TRUE(breached(a.breaches, "cash"));
    EXPECT_TRUE(a.breaches_after.empty()) << risk::objective_name(objective) << " " << a.breaches_after.front().limit;
    EXPECT_EQ(position(a, "WILD").verdict, "sell");
    EXPECT_EQ(position(a, "WILD").why, "above_position_limit");
    EXPECT_LT(a.after.volatility, a.before.volatility);
    // What is bought is paid from what is sold and from cash, costs included.
    double after = a.after.cash, traded = 0, cost = 0;
    for (const Position& p : a.positions) {
      after += p.target;
      traded += std::abs(p.trade_value);
      cost += p.cost;
      EXPECT_NEAR(p.trade_value, p.trade_quantity * p.price, 1e-6);
      EXPECT_GE(p.quantity + p.trade_quantity, 0);
    }
    EXPECT_NEAR(after, 1, 1e-12);
    EXPECT_NEAR(cost, traded * 0.001, 1e-9);
    EXPECT_NEAR(a.cost, cost, 1e-9);
    // The parts of the risk add up.
    double parts = 0;
    for (const Position& p : a.positions) parts += p.contribution_after;
    EXPECT_NEAR(parts, a.after.volatility, 1e-12);
  }
}

TEST(Advise, ValuesForeignHoldingsInTheCurrencyOfTheAdvice) {
  const AdviceInputs in = test_case::inputs();
  const Advice a = advise(in);
  const risk::PricePanel p = test_case::panel();
  const std::size_t last = p.days.size() - 1;
  EXPECT_NEAR(position(a, "EURO").value, position(a, "EURO").quantity * p.price(last, 4) * p.price(last, 6), 1e-9);
  EXPECT_NEAR(position(a, "BOND").value, 7000, 1e-9);
  double value = 3000;
  for (const Position& one : a.positions) value += one.value;
  EXPECT_NEAR(a.value, value, 1e-9);
  EXPECT_EQ(a.as_of, "2020-12-31");
  EXPECT_NEAR(a.before.duration, 6 * 7000 / a.value, 1e-12);
  EXPECT_NEAR(a.before.shocks[1], -0.015 * 6 * 7000 / a.value, 1e-12);
}

TEST(Advise, HonoursExclusionsClassesAndTurnover) {
  AdviceInputs in = test_case::inputs();
  in.profile += "[limits]\nexcluded = [\"MILD\"]\n[limits.classes]\nshares = 0.3\n";
  const Advice a = advise(in);
  EXPECT_TRUE(breached(a.breaches, "excluded", "MILD"));
  EXPECT_TRUE(breached(a.breaches, "class", "shares"));
  EXPECT_EQ(position(a, "MILD").target, 0);
  EXPECT_EQ(position(a, "MILD").why, "excluded");
  EXPECT_LE(position(a, "WILD").target + position(a, "EURO").target, 0.303);
  in = test_case::inputs();
  in.settings.turnover = 0.5;
  EXPECT_LE(advise(in).turnover, 0.5 + 0.005);
  in.settings.turnover = 0.05;  // the limit for one position cannot be reached that way
  const std::string problem = test::problem_of([&] { advise(in); });
  EXPECT_NE(problem.find("meets the limits"), std::string::npos) << problem;
  EXPECT_NE(problem.find("turnover at most 0.05"), std::string::npos) << problem;
  in.settings.turnover = std::numeric_limits<double>::infinity();
  in.settings.held_only = true;
  for (const Position& p : advise(in).positions) EXPECT_GT(p.quantity, 0) << p.instrument;
}

TEST(Advise, HoldsWhatIsNearTheTarget) {
  AdviceInputs in = test_case::inputs();
  const Advice first = advise(in);
  std::vector<HoldingLine> after;
  for (const Position& p : first.positions) {
    if (p.target > 0)
      after.push_back({p.instrument,
                       p.instrument == "EURO" ? "EUR" : "USD",
                       p.group,
                       p.quantity + p.trade_quantity,
                       {},
                       {},
                       {},
                       2});
  }
  after.push_back({"money", "USD", "cash", {}, first.after.cash * (first.value - first.cost), {}, {}, 9});
  in.holdings = after;
  in.settings.currency = "USD";
  const Advice second = advise(in);
  EXPECT_EQ(second.outcome, "hold");
  EXPECT_EQ(second.turnover, 0);
  EXPECT_NEAR(second.before.volatility, first.after.volatility, 1e-9);
  for (const Position& p : second.positions) EXPECT_EQ(p.verdict, "hold");
}

TEST(Advise, AbstainsAndSaysWhy) {
  AdviceInputs in = test_case::inputs();
  in.profile.replace(in.profile.find("\"ten\""), 5, "\"year\"");
  const Advice forbidden = advise(in);
  EXPECT_EQ(forbidden.outcome, "abstain");
  EXPECT_EQ(forbidden.why, std::vector<std::string>{"profile_forbids"});
  EXPECT_GT(forbidden.before.volatility, 0);
  for (const Position& p : forbidden.positions) EXPECT_EQ(p.verdict, "abstain");

  in = test_case::inputs();
  const risk::PricePanel p = test_case::panel();
  std::vector<std::size_t> all(p.width());
  std::iota(all.begin(), all.end(), std::size_t{0});
  take_prices(in, p.part(p.days.size() - 200, p.days.size(), all));
  const Advice thin = advise(in);
  EXPECT_EQ(thin.outcome, "abstain");
  EXPECT_EQ(thin.why, std::vector<std::string>{"too_few_prices"});
  EXPECT_EQ(thin.sessions, 0u);
  EXPECT_FALSE(advice_text(thin, Language::en).paragraphs.empty());
}

TEST(Advise, LeavesAPositionWithTooFewPricesAlone) {
  AdviceInputs in = test_case::inputs();
  const auto column = static_cast<std::size_t>(in.recent.find("EURO"));
  for (std::size_t r = 0; r + 100 < in.recent.days.size(); ++r)
    in.recent.prices[r * in.recent.width() + column] = std::numeric_limits<double>::quiet_NaN();
  const Advice a = advise(in);
  EXPECT_EQ(a.outcome, "rebalance");
  EXPECT_EQ(a.thin, std::vector<std::string>{"EURO"});
  EXPECT_EQ(position(a, "EURO").verdict, "abstain");
  EXPECT_EQ(position(a, "EURO").trade_quantity, 0);
  // Stale: the last price is older than any closure.
  in = test_case::inputs();
  for (std::size_t r = in.recent.days.size() - 15; r < in.recent.days.size(); ++r)
    in.recent.prices[r * in.recent.width() + column] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(advise(in).thin, std::vector<std::string>{"EURO"});
  // Too large a part of the value.
  in.holdings[0].quantity = 1;
  in.holdings[2].quantity = 1000;
  EXPECT_EQ(advise(in).why, std::vector<std::string>{"too_much_without_prices"});
}

TEST(Advise, SameInputsFromJsonGiveTheSameBytes) {
  const AdviceInputs in = test_case::inputs();
  const base::Json json = inputs_json(in);
  const AdviceInputs again = inputs_from_json(base::parse_json(base::dump_json(json), "test"), "test");
  EXPECT_EQ(canonical_json(inputs_json(again)), canonical_json(json));
  EXPECT_EQ(base::dump_json(advice_json(advise(again))), base::dump_json(advice_json(advise(in))));
}

TEST(Advise, NamesInstrumentsAndCurrenciesThatItCannotPrice) {
  AdviceInputs in = test_case::inputs();
  in.holdings[0].instrument = "WILT";
  EXPECT_EQ(test::problem_of([&] { advise(in); }),
            "made_up.csv: no column for \"WILT\" of the portfolio's line 2 (the nearest is WILD)");
  in = test_case::inputs();
  in.holdings[2].currency = "CHF";
  EXPECT_EQ(test::problem_of([&] { advise(in); }),
            "made up: no rate to turn CHF into USD (a column CHFUSD with the price of one CHF)");
}

TEST(Advise, RatesAndTheIndexAreNotBought) {
  EXPECT_TRUE(is_currency_rate("EURUSD", "USD"));
  EXPECT_TRUE(is_currency_rate("USDJPY", "USD"));
  EXPECT_FALSE(is_currency_rate("GOOGLE", "USD"));
  EXPECT_FALSE(is_currency_rate("USD", "USD"));
  AdviceInputs in = test_case::inputs();
  in.holdings.erase(in.holdings.begin() + 2);  // the only one in euros
  for (const Position& p : advise(in).positions) {
    EXPECT_NE(p.instrument, "EURUSD");
    EXPECT_NE(p.instrument, "INDEX");
  }
}

TEST(Holdings, AreReadOrRefusedWithLineAndColumn) {
  const test::ScratchFolder folder;
  const auto read = [&](const std::string& text) {
    std::ofstream(folder / "p.csv") << text;
    return read_holdings((folder / "p.csv").string());
  };
  const auto problem = [&](const std::string& text) {
    const std::string all = test::problem_of([&] { read(text); });
    return all.substr(all.find("p.csv"));
  };
  const auto lines =
      read("instrument,quantity,value,currency,class,duration\nA,10.5,,USD,x,\nB,,20.25,EUR,,7\ncash,3,,USD,cash,\n");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(*lines[0].quantity, 10.5);
  EXPECT_EQ(*lines[1].value, 20.25);
  EXPECT_EQ(*lines[1].duration, 7);
  EXPECT_EQ(*lines[2].value, 3);
  EXPECT_EQ(problem("instrument,quantity,currency\nA,-1,USD\n"),
            "p.csv:2, column \"quantity\": \"-1\" is negative (the desk advises long-only portfolios)");
  EXPECT_EQ(problem("instrument,quantity,currency\nA,1,USD\nA,2,USD\n"),
            "p.csv:3, column \"instrument\": \"A\" occurred before, in line 2");
  EXPECT_EQ(problem("instrument,quantity,currency\nA,1e5,USD\n"),
            "p.csv:2, column \"quantity\": \"1e5\" is no decimal number (digits and one point, as 1250.50)");
  EXPECT_EQ(problem("instrument,quantity,currency\nA,nan,USD\n"),
            "p.csv:2, column \"quantity\": \"nan\" is no decimal number (digits and one point, as 1250.50)");
  EXPECT_EQ(problem("instrument,quantity,currency\nA,1,usd\n"),
            "p.csv:2, column \"currency\": \"usd\" is no currency (an ISO 4217 code, as USD)");
  EXPECT_EQ(problem("instrument,quantity,currency\nA,,USD\n"),
            "p.csv:2, column \"quantity\": is empty, and so is value (one of the two)");
  EXPECT_EQ(problem("instrument,quantity,value,currency\nA,1,2,USD\n"),
            "p.csv:2, column \"value\": is given beside quantity (one of the two)");
  EXPECT_EQ(problem("instrument,quantity,currency\nA,0,USD\n"), "p.csv: holds nothing of value");
  EXPECT_NE(problem("name,quantity,currency\nA,1,USD\n").find("instrument"), std::string::npos);
}

TEST(Money, IsRoundedHalfEvenInMinorUnits) {
  EXPECT_EQ(money_text(1.125, "USD"), "1.12");  // exact in binary
  EXPECT_EQ(money_text(1.375, "USD"), "1.38");
  EXPECT_EQ(money_text(2.5, "JPY"), "2");
  EXPECT_EQ(money_text(3.5, "JPY"), "4");
  EXPECT_EQ(money_text(-0.001, "EUR"), "0.00");
  EXPECT_EQ(money_text(1.0625, "KWD"), "1.062");
}

}  // namespace
}  // namespace ballast::decide
