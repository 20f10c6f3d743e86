// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/significance.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "ballast/base/error.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;

/// Challenger − champion, checked.
std::vector<double> differences_of(std::span<const double> champion, std::span<const double> challenger,
                                   std::int64_t horizon) {
  const std::int64_t n = static_cast<std::int64_t>(champion.size()), least = std::max<std::int64_t>(8, 2 * horizon + 2);
  if (champion.size() != challenger.size()) {
    throw Error(ErrorCode::bad_input,
                "the models have " + std::to_string(n) + " and " + std::to_string(challenger.size()) + " losses",
                "Diebold-Mariano test", "one loss a forecast of each, on the same days");
  }
  if (n < least) {
    throw Error(ErrorCode::bad_input,
                "needs at least " + std::to_string(least) + " forecasts, there are " + std::to_string(n),
                "Diebold-Mariano test");
  }
  std::vector<double> out;
  for (std::size_t i = 0; i < champion.size(); ++i) {
    out.push_back(challenger[i] - champion[i]);
    if (!std::isfinite(out.back())) {
      throw Error(ErrorCode::bad_input, "a loss is not finite",
                  "Diebold-Mariano test, forecast " + std::to_string(i + 1));
    }
  }
  return out;
}

/// Long-run variance of deviations from their mean: γ0 + 2 Σ (1 − k/(lags + 1)) γk, which is never negative.
double newey_west(std::span<const double> deviations, std::int64_t lags) {
  const std::size_t n = deviations.size();
  double sum = 0;
  for (std::size_t k = 0; k <= static_cast<std::size_t>(lags); ++k) {
    double gamma = 0;
    for (std::size_t t = k; t < n; ++t) gamma += deviations[t] * deviations[t - k];
    const double weight = k == 0 ? 1 : 2 * (1 - static_cast<double>(k) / static_cast<double>(lags + 1));
    sum += weight * gamma / static_cast<double>(n);
  }
  return std::max(sum, 0.0);
}

/// ln of the probability of k successes in n fair trials.
double log_fair_binomial(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::numbers::ln2;
}

}  // namespace

DieboldMariano diebold_mariano(std::span<const double> champion, std::span<const double> challenger,
                               const DieboldMarianoOptions& options) {
  const std::int64_t h = options.horizon;
  if (h < 1) throw Error(ErrorCode::usage, "the horizon is at least one step", "Diebold-Mariano test");
  std::vector<double> d = differences_of(champion, challenger, h);
  DieboldMariano out;
  out.count = static_cast<std::int64_t>(d.size());
  const auto n = static_cast<double>(d.size()), steps = static_cast<double>(h);
  out.lags = options.lags >= 0 ? options.lags : static_cast<std::int64_t>(4 * std::pow(n / 100, 2.0 / 9));
  if (options.lags < 0) out.lags = std::max(out.lags, h - 1);
  if (options.lags < -1 || out.lags >= out.count) {
    throw Error(ErrorCode::usage, "lags must lie between 0 and the number of forecasts", "Diebold-Mariano test");
  }
  const bool same = std::all_of(d.begin(), d.end(), [&](double x) { return x == d.front(); });
  if (same) {
    out.difference = out.low = out.high = d.front();
    if (d.front() == 0) return out;
    out.statistic = std::copysign(std::numeric_limits<double>::infinity(), d.front());
    out.p_value = 0;
    return out;
  }
  for (const double x : d) out.difference += x / n;
  for (double& x : d) x -= out.difference;
  const double correction = std::sqrt((n + 1 - 2 * steps + steps * (steps - 1) / n) / n);
  out.standard_error = std::sqrt(newey_west(d, out.lags) / n) / correction;
  out.statistic = out.difference / out.standard_error;
  const boost::math::students_t law(n - 1);
  out.p_value = 2 * boost::math::cdf(boost::math::complement(law, std::abs(out.statistic)));
  const double half = boost::math::quantile(law, (1 + options.level) / 2) * out.standard_error;
  out.low = out.difference - half;
  out.high = out.difference + half;
  return out;
}

McNemar mcnemar(std::span<const std::uint8_t> first_right, std::span<const std::uint8_t> second_right) {
  BALLAST_CHECK(first_right.size() == second_right.size(), second_right.size());
  if (first_right.empty()) throw base::Error(base::ErrorCode::bad_input, "no rows to compare on", "McNemar's test");
  McNemar out;
  for (std::size_t i = 0; i < first_right.size(); ++i) {
    out.only_first += first_right[i] != 0 && second_right[i] == 0;
    out.only_second += first_right[i] == 0 && second_right[i] != 0;
  }
  const std::int64_t discordant = out.only_first + out.only_second;
  if (discordant == 0) return out;
  const std::int64_t fewer = std::min(out.only_first, out.only_second);
  const auto n = static_cast<double>(discordant);
  double tail = 0, last = 0;
  for (std::int64_t k = 0; k <= fewer; ++k) {
    last = std::exp(log_fair_binomial(n, static_cast<double>(k)));
    tail += last;
  }
  out.exact = std::min(1.0, 2 * tail);
  out.mid_p = std::min(1.0, 2 * tail - last);
  const double gap = std::max(0.0, std::abs(static_cast<double>(out.only_first - out.only_second)) - 1);
  out.statistic = gap * gap / n;
  return out;
}

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!std::isnan(p_values[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  double reached = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    reached = std::max(reached, std::min(1.0, static_cast<double>(order.size() - i) * p_values[order[i]]));
    adjusted[order[i]] = reached;
  }
  return adjusted;
}

}  // namespace ballast::tabular
