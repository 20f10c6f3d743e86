// SPDX-License-Identifier: Apache-2.0
// What could happen to a portfolio, and what protects it: weights and prices come in; losses in past crises and under
// stated shocks go out, and hedges (short index, put, duration) with what they cost and what they change.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/risk/portfolio.h"

namespace ballast::risk {

/// A past crisis, as calendar days.
struct CrisisWindow {
  std::string name;  // "2008", "2020"
  Day from, to;
};
/// 2008: 2007-10-01 to 2009-06-30; 2020: 2020-02-01 to 2020-06-30. Each begins before the fall and ends after it.
const std::array<CrisisWindow, 2>& crisis_windows();

struct CrisisLoss {
  std::string name;
  bool measured = false;     // false: less than 80 % of the invested weights have prices throughout
  double coverage = 0;       // share of the invested weights that have
  double window_return = 0;  // of the weights held from the first day on, without trades
  double worst = 0;          // largest fall from a peak to a later trough, positive
  Day peak, trough;
};
/// Weights whose instruments have no price on the window's first day are left out and the others scaled up; later holes
/// keep the last price. `panel` holds the window's days only.
CrisisLoss crisis_loss(const std::string& name, const PricePanel& panel, std::span<const double> weights);

/// What a shock asks of one position.
struct Exposure {
  std::string instrument, group, currency;  // group: the class of the holding
  double weight = 0;
  double beta = 0;      // to the index
  double duration = 0;  // years, modified; 0 where rates do not matter
};

/// A stated shock. An instrument's own figure goes before its class's, that before beta times the index's.
struct Shock {
  std::string name;
  double rates_bp = 0;  // parallel; the loss is duration × change
  double index = 0;
  std::map<std::string, double> instruments, classes, currencies;  // currencies: of their value in the base currency
};
/// `[[shock]]` tables with name, rates_bp, index, [shock.instruments], [shock.classes], [shock.fx]. Throws bad_input
/// with file, shock and field.
std::vector<Shock> parse_shocks(std::string_view toml, const std::string& where);

/// The portfolio's return under a shock, first order in rates, compounded over price and currency. Cash is an exposure
/// with no beta and no duration.
double shock_return(const Shock& shock, std::span<const Exposure> exposures, const std::string& base_currency);

/// Least squares of the portfolio's returns on the index's, same days.
struct BetaFit {
  double beta = 0, r_squared = 0;
  double residual_volatility = 0;  // a year, of what the index does not explain
};
BetaFit fit_beta(std::span<const double> portfolio, std::span<const double> index);

struct OptionPrice {
  double value = 0, delta = 0;
};
/// European put (Black & Scholes 1973; Merton 1973 for the dividend yield): rates continuously compounded, time in
/// years.
OptionPrice put_price(double spot, double strike, double years, double volatility, double rate, double dividend);

struct HedgeTerms {
  double index_carry = 0.005;  // a year, share of the notional, for holding the short position
  double index_cost = 0.0002;  // of the notional, to open it and to close it
  double strike = 0.9;         // of the index
  double tenor = 0.25;         // years
  double volatility = 0;       // stated; 0: the index's over the window
  double rate = 0.02, dividend = 0.015;
  double bond_duration = 8;    // of the hedge instrument
  double target_duration = 0;  // of the portfolio after the hedge
  double bond_carry = 0.01;    // a year, share of the notional
};
/// `[index]` carry, cost; `[put]` strike, tenor, volatility, rate, dividend; `[duration]` instrument, target, carry.
HedgeTerms parse_hedge_terms(std::string_view toml, const std::string& where);

struct HedgedCrisis {
  std::string name;
  double before = 0, after = 0;  // worst fall, the hedge set up at the unhedged portfolio's peak
};
struct HedgedShock {
  std::string name;
  double before = 0, after = 0;  // returns
};

struct Hedge {
  std::string kind;  // index_short, put, duration
  bool applies = false;
  std::string why_not;                           // a code where it does not apply: no_index, no_duration, no_beta
  double notional = 0;                           // share of the portfolio's value
  double cost = 0;                               // a year, share of the portfolio's value
  double premium = 0;                            // put: of the index's level, one tenor
  double option_volatility = 0;                  // put: what it was priced with
  double volatility_before = 0, volatility = 0;  // a year
  double cvar_before = 0, cvar = 0;              // 95 %, one day
  std::vector<HedgedCrisis> crises;
  std::vector<HedgedShock> shocks;
};

/// All that hedges are computed from. Index and portfolio returns are of the same days.
struct HedgeInputs {
  std::vector<double> portfolio, index;  // daily returns of the window; index empty: there is none
  std::vector<Exposure> exposures;
  std::vector<Shock> shocks;
  struct Crisis {
    CrisisLoss loss;
    std::vector<double> portfolio, index;  // values along the window, first day 1; index empty where it has no price
    std::vector<Day> days;
  };
  std::vector<Crisis> crises;
  std::string base_currency;
};
/// Values of the weights held through the window, first day 1.
std::vector<double> crisis_path(const PricePanel& panel, std::span<const double> weights);

/// A short index future of beta times the value; puts on as much index, rolled at each expiry; a short bond future that
/// brings the duration to its target.
std::vector<Hedge> make_hedges(const HedgeInputs& inputs, const HedgeTerms& terms, double level = 0.95);

}  // namespace ballast::risk
