// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/risk/portfolio_stress.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::risk {
namespace {

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

double yearly_volatility(std::span<const double> returns) {
  const auto n = static_cast<double>(returns.size());
  const double mean = std::accumulate(returns.begin(), returns.end(), 0.0) / n;
  double square = 0;
  for (const double r : returns) square += (r - mean) * (r - mean);
  return std::sqrt(square / n * kSessionsPerYear);
}

/// Gains of a hedge, as a share of the portfolio's value, on each day of the window.
void measure_days(Hedge& hedge, const HedgeInputs& in, std::span<const double> gains, double level) {
  std::vector<double> hedged(in.portfolio.begin(), in.portfolio.end());
  for (std::size_t t = 0; t < hedged.size(); ++t) hedged[t] += gains[t];
  hedge.volatility_before = yearly_volatility(in.portfolio);
  hedge.volatility = yearly_volatility(hedged);
  hedge.cvar_before = expected_shortfall(in.portfolio, level);
  hedge.cvar = expected_shortfall(hedged, level);
}

struct Fall {
  std::size_t peak = 0, trough = 0;
};
Fall worst_fall(const HedgeInputs::Crisis& crisis) {
  const auto row = [&](Day day) {
    return static_cast<std::size_t>(std::find(crisis.days.begin(), crisis.days.end(), day) - crisis.days.begin());
  };
  return {row(crisis.loss.peak), row(crisis.loss.trough)};
}

/// The fall with a hedge whose gain between two days is a share of the portfolio's value at the peak.
template <class Gain>
void measure_crises(Hedge& hedge, const HedgeInputs& in, const Gain& gain) {
  for (const auto& crisis : in.crises) {
    if (!crisis.loss.measured || crisis.index.empty()) continue;
    const Fall fall = worst_fall(crisis);
    hedge.crises.push_back({crisis.loss.name, crisis.loss.worst, crisis.loss.worst - gain(crisis, fall)});
  }
}

template <class Gain>
void measure_shocks(Hedge& hedge, const HedgeInputs& in, const Gain& gain) {
  for (const Shock& shock : in.shocks) {
    const double before = shock_return(shock, in.exposures, in.base_currency);
    hedge.shocks.push_back({shock.name, before, before + gain(shock)});
  }
}

Hedge none(const std::string& kind, const std::string& why) {
  Hedge hedge;
  hedge.kind = kind;
  hedge.why_not = why;
  return hedge;
}

Hedge index_short(const HedgeInputs& in, const HedgeTerms& terms, double beta, double level) {
  Hedge hedge;
  hedge.kind = "index_short";
  hedge.applies = true;
  hedge.notional = beta;
  hedge.cost = beta * (terms.index_carry + 2 * terms.index_cost);
  std::vector<double> gains;
  for (const double r : in.index) gains.push_back(-beta * r);
  measure_days(hedge, in, gains, level);
  measure_crises(hedge, in, [&](const HedgeInputs::Crisis& c, Fall f) {
    const double years = static_cast<double>(f.trough - f.peak) / kSessionsPerYear;
    return beta * (1 - c.index[f.trough] / c.index[f.peak] - terms.index_carry * years - terms.index_cost);
  });
  measure_shocks(hedge, in, [&](const Shock& s) { return -beta * (s.index + terms.index_cost); });
  return hedge;
}

/// What puts on one unit of index, rolled at expiry with the strike set anew, pay less their premiums between two days;
/// as a share of the index at the start. The last one is worth what exercising it pays.
double rolled_puts(std::span<const double> index, Fall f, const HedgeTerms& terms, double premium) {
  const auto step = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(terms.tenor * kSessionsPerYear)));
  double gain = 0;
  for (std::size_t t = f.peak; t < f.trough; t += step) {
    const std::size_t end = std::min(t + step, f.trough);
    gain += (std::max(0.0, terms.strike * index[t] - index[end]) - premium * index[t]) / index[f.peak];
  }
  return gain;
}

Hedge index_put(const HedgeInputs& in, HedgeTerms terms, double beta, double level) {
  if (terms.volatility <= 0) terms.volatility = yearly_volatility(in.index);
  Hedge hedge;
  hedge.kind = "put";
  hedge.applies = true;
  hedge.notional = beta;
  const auto value = [&](double spot, double years) {
    return put_price(spot, terms.strike, years, terms.volatility, terms.rate, terms.dividend).value;
  };
  hedge.premium = value(1, terms.tenor);
  hedge.option_volatility = terms.volatility;
  hedge.cost = beta * hedge.premium / terms.tenor;
  std::vector<double> gains;
  const double day_later = std::max(0.0, terms.tenor - 1 / kSessionsPerYear);
  for (const double r : in.index) gains.push_back(beta * (value(1 + r, day_later) - hedge.premium));
  measure_days(hedge, in, gains, level);
  measure_crises(hedge, in, [&](const HedgeInputs::Crisis& c, Fall f) {
    return beta * rolled_puts(c.index, f, terms, hedge.premium);
  });
  measure_shocks(hedge, in, [&](const Shock& s) {
    return beta * (value(std::max(0.0, 1 + s.index), terms.tenor) - hedge.premium);
  });
  return hedge;
}

Hedge duration_overlay(const HedgeInputs& in, const HedgeTerms& terms) {
  double duration = 0;
  for (const Exposure& e : in.exposures) duration += e.weight * e.duration;
  if (!(duration > terms.target_duration)) return none("duration", "no_duration");
  Hedge hedge;
  hedge.kind = "duration";
  hedge.applies = true;
  hedge.notional = (duration - terms.target_duration) / terms.bond_duration;
  hedge.cost = hedge.notional * terms.bond_carry;
  const double covered = duration - terms.target_duration;
  measure_shocks(hedge, in, [&](const Shock& s) { return covered * s.rates_bp / 1e4; });
  return hedge;
}

}  // namespace

BetaFit fit_beta(std::span<const double> portfolio, std::span<const double> index) {
  BALLAST_CHECK(portfolio.size() == index.size() && index.size() > 2, index.size());
  const auto n = static_cast<double>(index.size());
  const double mean_p = std::accumulate(portfolio.begin(), portfolio.end(), 0.0) / n;
  const double mean_i = std::accumulate(index.begin(), index.end(), 0.0) / n;
  double pp = 0, ii = 0, pi = 0;
  for (std::size_t t = 0; t < index.size(); ++t) {
    const double p = portfolio[t] - mean_p, i = index[t] - mean_i;
    pp += p * p;
    ii += i * i;
    pi += p * i;
  }
  BetaFit fit;
  if (!(ii > 0) || !(pp > 0)) return fit;
  fit.beta = pi / ii;
  fit.r_squared = pi * pi / (pp * ii);
  fit.residual_volatility = std::sqrt(std::max(0.0, pp - fit.beta * pi) / n * kSessionsPerYear);
  return fit;
}

OptionPrice put_price(double spot, double strike, double years, double volatility, double rate, double dividend) {
  const double discounted = strike * std::exp(-rate * years);
  if (!(spot > 0)) return {discounted, -std::exp(-dividend * years)};
  const double forward = spot * std::exp(-dividend * years), deviation = volatility * std::sqrt(years);
  if (!(deviation > 0)) return {std::max(0.0, discounted - forward), forward < discounted ? -1.0 : 0.0};
  const double d1 = std::log(forward / discounted) / deviation + deviation / 2, d2 = d1 - deviation;
  return {discounted * normal_cdf(-d2) - forward * normal_cdf(-d1), -std::exp(-dividend * years) * normal_cdf(-d1)};
}

HedgeTerms parse_hedge_terms(std::string_view text, const std::string& where) {
  const toml::table file = parse_toml(text, where);
  refuse_unknown(file, {"index", "put", "duration"}, where, "");
  const auto inside = [&](std::string_view name) {
    const auto node = file[name];
    if (node && !node.is_table()) {
      throw base::Error(base::ErrorCode::bad_input, "must be a table", where + ", " + std::string(name));
    }
    return node ? *node.as_table() : toml::table();
  };
  const toml::table index = inside("index"), put = inside("put"), duration = inside("duration");
  refuse_unknown(index, {"carry", "cost"}, where, "index");
  refuse_unknown(put, {"strike", "tenor", "volatility", "rate", "dividend"}, where, "put");
  refuse_unknown(duration, {"instrument", "target", "carry"}, where, "duration");
  HedgeTerms t;
  t.index_carry = number_field(index, "carry", t.index_carry, -0.2, 0.2, where, "index");
  t.index_cost = number_field(index, "cost", t.index_cost, 0, 0.05, where, "index");
  t.strike = number_field(put, "strike", t.strike, 0.3, 1.5, where, "put");
  t.tenor = number_field(put, "tenor", t.tenor, 0.02, 5, where, "put");
  t.volatility = number_field(put, "volatility", t.volatility, 0.01, 3, where, "put");
  t.rate = number_field(put, "rate", t.rate, -0.05, 0.5, where, "put");
  t.dividend = number_field(put, "dividend", t.dividend, 0, 0.2, where, "put");
  t.bond_duration = number_field(duration, "instrument", t.bond_duration, 0.1, 50, where, "duration");
  t.target_duration = number_field(duration, "target", t.target_duration, 0, 50, where, "duration");
  t.bond_carry = number_field(duration, "carry", t.bond_carry, -0.2, 0.2, where, "duration");
  return t;
}

std::vector<Hedge> make_hedges(const HedgeInputs& in, const HedgeTerms& terms, double level) {
  std::vector<Hedge> out;
  if (in.index.empty()) {
    out = {none("index_short", "no_index"), none("put", "no_index")};
  } else if (const double beta = fit_beta(in.portfolio, in.index).beta; beta > 0) {
    out = {index_short(in, terms, beta, level), index_put(in, terms, beta, level)};
  } else {
    out = {none("index_short", "no_beta"), none("put", "no_beta")};
  }
  out.push_back(duration_overlay(in, terms));
  return out;
}

}  // namespace ballast::risk
