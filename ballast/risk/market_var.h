// SPDX-License-Identifier: Apache-2.0
// Value at risk and expected shortfall: returns come in, one forecast a day made from the days before it goes out, and
// the tests that judge such forecasts. VaR and ES are losses: positive fractions (or price units for differences).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/risk/market.h"
#include "ballast/risk/market_volatility.h"

namespace ballast::risk {

/// What the window of (filtered) returns is turned into a tail with.
enum class Tail {
  historical,  // its own quantile, at position (n + 1) p of the ascending returns, linear between neighbours
  normal,      // mean and standard deviation
  student_t,   // mean and standard deviation, degrees of freedom by maximum likelihood
  evt,         // peaks over threshold: generalised Pareto over the worst tenth (McNeil, Frey & Embrechts 2005)
};

struct VarMethod {
  std::string name;
  bool filtered = false;  // the window holds r/σ, and the tail is scaled by the day's σ (Barone-Adesi et al. 1999)
  VolatilityModel volatility = VolatilityModel::ewma;
  Tail tail = Tail::historical;
};

/// All methods: "historical", "normal", "t", "evt" on raw returns; the same after a volatility filter as
/// "<volatility>-<tail>" ("ewma-historical", "garch-t-normal", "gjr-evt" …); "filtered" is the default one, another
/// name of "gjr-historical".
const std::vector<VarMethod>& var_methods();
/// Throws usage with the nearest name.
const VarMethod& var_method_named(const std::string& name);

struct VarOptions {
  VarMethod method = var_method_named("filtered");
  double level = 0.99;  // confidence; p = 1 − level
  int window = 250;
  double decay = 0.94;  // EWMA
  int refit_days = 21;  // GARCH and HAR
};

struct VarDay {
  Day day;
  double var = 0, es = 0, ret = 0;
  bool exception = false;  // ret < −var
};

struct VarForecasts {
  std::vector<VarDay> days;          // one for each return after the first window
  double next_var = 0, next_es = 0;  // for the session after the last return
  double next_sigma = 0;             // NaN without a filter
};

/// Throws usage for a level outside [0.5, 1) or a window below 20, bad_input when there are not more returns than the
/// window. The tail's expected shortfall is the mean of the window's returns at or below −VaR (historical) or that of
/// the fitted distribution.
VarForecasts forecast_var(const Returns& returns, const VarOptions& options);

struct TailRisk {
  double var = 0, es = 0;
};
/// One tail from one window, p = 1 − level. `nu`: degrees of freedom, used by Tail::student_t only.
TailRisk tail_risk(std::span<const double> window, Tail tail, double level, double nu);

/// The value at position (n + 1) p (from 1) of ascending numbers, linear between neighbours, constant outside.
double quantile_at(std::span<const double> ascending, double p);

/// Degrees of freedom, in [2.1, 200], of a t distribution with the sample's own mean and variance, by maximum
/// likelihood.
double fit_degrees_of_freedom(std::span<const double> sample);

/// Generalised Pareto excesses: 1 − (1 + ξ y / β)^(−1/ξ).
struct ParetoTail {
  double xi = 0, beta = 0;
};
/// Probability-weighted moments (Hosking & Wallis 1987), which behave on the two dozen excesses that a window has; ξ is
/// kept below 0.9 so that the mean exists. REQUIRES: at least two excesses, all ≥ 0.
ParetoTail fit_pareto(std::vector<double> excesses);

}  // namespace ballast::risk
