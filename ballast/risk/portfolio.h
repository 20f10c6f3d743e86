// SPDX-License-Identifier: Apache-2.0
// The advice desk's measures: prices of several instruments come in; moments, tail losses and constrained optimal
// weights go out. Weights are shares of the whole portfolio's value, long only; what they leave of 1 is cash.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "ballast/ingest/record.h"
#include "ballast/risk/market.h"

namespace ballast::risk {

inline constexpr double kSessionsPerYear = 252;

/// Prices of several instruments, one row a day. What the file does not have is NaN.
struct PricePanel {
  std::string source;
  std::vector<std::string> instruments;
  std::vector<Day> days;       // strictly rising
  std::vector<double> prices;  // row by row
  std::int64_t rows = 0, set_aside = 0;

  std::size_t width() const { return instruments.size(); }
  double price(std::size_t row, std::size_t instrument) const { return prices[row * width() + instrument]; }
  /// The place of an instrument; -1 where there is none of that name.
  std::int64_t find(const std::string& instrument) const;
  /// Rows [first, last) and the instruments given, in that order.
  PricePanel part(std::size_t first, std::size_t last, std::span<const std::size_t> columns) const;
};

/// CSV (also JSONL, gzipped) with a date column and one column an instrument. Set aside: rows with a date that does not
/// exist, lies in the future or occurred before; cells that are no positive number (the instrument then has no price
/// that day; empty cells are none silently). Throws bad_input: no column of prices, no usable row.
PricePanel read_panel(const std::string& source, const ingest::QuarantineSink& quarantine = {});

/// Simple daily returns, row by row; complete (no NaN).
struct ReturnMatrix {
  std::size_t count = 0, width = 0;
  std::vector<double> values;
  double at(std::size_t row, std::size_t column) const { return values[row * width + column]; }
};
/// The `window` returns up to and including day `row`, over the days on which all instruments have a price. Throws
/// bad_input when there are fewer.
ReturnMatrix window_returns(const PricePanel& panel, std::size_t row, std::size_t window);

/// Daily moments. Covariance by Ledoit & Wolf, "A well-conditioned estimator for large-dimensional covariance
/// matrices" (2004): shrunk towards the mean variance times the identity. Means by Jorion, "Bayes-Stein estimation for
/// portfolio analysis" (1986): shrunk towards the mean of the minimum-variance portfolio.
struct Moments {
  std::vector<double> mean, sample_mean;
  std::vector<double> covariance;   // width × width
  double covariance_shrinkage = 0;  // weight of the target, in [0, 1]
  double mean_shrinkage = 0;        // the same for the means
  std::size_t width() const { return mean.size(); }
};
/// `shrink` false: the sample covariance (n − 1 replaced by n as in the paper). REQUIRES: at least two returns.
Moments estimate_moments(const ReturnMatrix& returns, bool shrink = true);

/// Mean of the worst 1 − level of equally likely returns, as a positive loss; a return on the edge counts in part, so
/// that the value is the minimum of Rockafellar & Uryasev's (2000) function.
double expected_shortfall(std::span<const double> returns, double level);

/// Returns of fixed weights (rebalanced daily) on each row.
std::vector<double> portfolio_returns(const ReturnMatrix& returns, std::span<const double> weights);
/// √(w′Σw · 252).
double annual_volatility(const Moments& moments, std::span<const double> weights);
/// w_i (Σw)_i / √(w′Σw) · √252: they add up to the annual volatility (Euler).
std::vector<double> risk_contributions(const Moments& moments, std::span<const double> weights);

enum class Objective { equal_weights, minimum_variance, minimum_cvar, risk_parity, mean_variance };
/// "equal-weights", "min-variance", "min-cvar", "risk-parity", "mean-variance".
std::string objective_name(Objective objective);
/// Throws usage with the nearest name.
Objective objective_named(const std::string& name);

struct GroupLimit {
  std::string name;
  std::vector<std::size_t> members;
  double high = 1;
};

struct PortfolioLimits {
  std::vector<std::string> names;  // of the instruments, for messages
  std::vector<double> high;        // largest weight of each; empty: 1
  std::vector<GroupLimit> groups;
  double invested = 1;                                        // the weights' sum
  std::vector<double> current;                                // weights held now; needed for a turnover limit
  double turnover = std::numeric_limits<double>::infinity();  // the larger of all buys and all sales
};

struct OptimiseOptions {
  Objective objective = Objective::minimum_variance;
  double level = 0.95;       // of CVaR
  double risk_aversion = 5;  // λ of μ′w − λ/2 w′Σw with yearly moments
};

struct OptimalPortfolio {
  std::vector<double> weights;
  double optimality = 0;  // the largest violated KKT condition of the scaled problem
  int iterations = 0;
  bool projected = false;  // risk parity only: limits forbid it, these are the nearest weights by tracking error
};

/// Weights that meet the limits. Minimum variance and mean-variance are quadratic programs; minimum CVaR is that of
/// Rockafellar & Uryasev (2000) over the rows of `returns`; risk parity is Spinu's (2013) convex form of equal risk
/// contributions (Maillard, Roncalli & Teïletche 2010). Equal weights meet no limit but `invested`. Throws bad_input
/// naming the limits that cannot be met together.
OptimalPortfolio optimise(const ReturnMatrix& returns, const Moments& moments, const PortfolioLimits& limits,
                          const OptimiseOptions& options);

}  // namespace ballast::risk
