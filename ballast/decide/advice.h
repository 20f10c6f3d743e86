// SPDX-License-Identifier: Apache-2.0
// The advice desk: holdings, a risk profile and prices come in; measures against the profile, trades, hedges and the
// words that say so go out. advise() is a pure function of its inputs, which a Decision keeps whole: prices of the
// window and of the crises included. All figures are computed; the words are templates over them.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/profile.h"
#include "ballast/risk/portfolio.h"
#include "ballast/risk/portfolio_stress.h"

namespace ballast::decide {

/// One line of the portfolio file.
struct HoldingLine {
  std::string instrument, currency, group;  // group: the column "class"; "cash" is money
  std::optional<double> quantity, value;    // value in the line's currency; one of the two
  std::optional<double> duration, beta;
  std::int64_t line = 0;
};
/// CSV or JSONL with instrument, currency (ISO 4217), and quantity or value (decimal; commas are no part of numbers);
/// optional class, duration, beta. A portfolio that lacks a line is another portfolio: a bad row throws bad_input with
/// line and column. Also thrown: negative amounts, an instrument twice, nothing of value.
std::vector<HoldingLine> read_holdings(const std::string& source);

struct AdviceSettings {
  risk::Objective objective = risk::Objective::minimum_variance;
  std::string currency;      // of the advice; empty: that of the first line
  std::string index;         // column of the market index, which is not bought; empty: none
  std::size_t window = 750;  // returns that moments come from
  double cost = 0.001;       // of the traded value, one way
  double turnover = std::numeric_limits<double>::infinity();  // most that may be bought or sold
  double band = 0.005;                                        // smaller changes of weight are not traded
  double least_turnover = 0.05;                               // within all limits, less than this is not worth a trade
  bool held_only = false;                                     // other instruments of the price file are not bought
};

struct AdviceInputs {
  std::vector<HoldingLine> holdings;
  std::string profile, shocks, hedges;  // TOML; shocks and hedges may be empty
  AdviceSettings settings;
  std::string prices_file, prices_hash;
  risk::PricePanel recent;               // the last rows, all columns
  std::vector<risk::PricePanel> crises;  // one for each of risk::crisis_windows()
};
/// Takes from the panel the rows that advice needs: six fifths of the window, and the crises.
void take_prices(AdviceInputs& inputs, const risk::PricePanel& panel);
/// A column such as EURUSD or USDJPY, six capitals of which three are `currency`: a rate, which is not bought.
bool is_currency_rate(const std::string& column, const std::string& currency);
base::Json inputs_json(const AdviceInputs& inputs);
AdviceInputs inputs_from_json(const base::Json& json, const std::string& where);

struct RiskMeasures {
  double volatility = 0, cvar = 0;  // a year; one day at 95 %
  double cash = 0;                  // share
  double duration = 0;              // years
  std::vector<risk::CrisisLoss> crises;
  std::vector<double> shocks;  // returns, one a shock
};

struct Breach {
  std::string limit;    // volatility, cvar, crisis_loss, position, class, cash, excluded
  std::string subject;  // instrument, class or crisis
  double value = 0, bound = 0;
};

struct Position {
  std::string instrument, group, currency;
  double quantity = 0, price = 0, value = 0;  // price and value in the advice's currency
  double weight = 0, target = 0;              // now and after the trades
  double trade_quantity = 0, trade_value = 0, cost = 0;
  double contribution_before = 0, contribution_after = 0;  // to the volatility
  double expected = 0, sample_expected = 0;                // mean return a year, shrunk and as it was
  double beta = 0, duration = 0;
  std::string verdict;  // buy, hold, sell, abstain
  std::string why;      // code: excluded, above_position_limit, objective, small_change, too_few_prices …
};

struct Advice {
  ClientProfile profile;
  AdviceSettings settings;
  std::string outcome;           // rebalance, hold, abstain
  std::vector<std::string> why;  // codes where the outcome is hold or abstain
  std::string as_of, from;       // trading days: of the valuation, of the first return
  std::size_t sessions = 0;
  double value = 0, cash = 0;  // money
  std::vector<Position> positions;
  RiskMeasures before, after;
  std::vector<Breach> breaches, breaches_after;
  std::vector<risk::Shock> shocks;
  std::vector<risk::Hedge> hedges;
  risk::HedgeTerms hedge_terms;
  double turnover = 0, cost = 0;  // share of the value; money
  double invested_limit = 1;      // share that the limits let be invested
  double covariance_shrinkage = 0, mean_shrinkage = 0, risk_aversion = 0;
  std::vector<std::string> thin;  // instruments with too few prices
};

/// Throws bad_input for an instrument or currency without a price, for limits that contradict each other, and for
/// what parse_profile(), parse_shocks() and parse_hedge_terms() refuse.
Advice advise(const AdviceInputs& inputs);

/// λ of mean-variance by profile level.
double risk_aversion_of(int level);

/// Decimal string in a currency's minor units, half to even: "1250.00", "1250" for JPY.
std::string money_text(double amount, const std::string& currency);

/// A number of the text: its value as computed and as it is shown.
struct Figure {
  std::string name;
  base::Json value;
  std::string shown;
};
struct AdviceText {
  std::vector<std::string> paragraphs;
  std::vector<Figure> figures;  // each is used at least once
};
AdviceText advice_text(const Advice& advice, Language language);

/// The whole advice with both texts, as it is stored and printed.
base::Json advice_json(const Advice& advice);

}  // namespace ballast::decide
