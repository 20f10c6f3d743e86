// SPDX-License-Identifier: Apache-2.0
// Market liquidity from daily prices and volumes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/risk/liquidity.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

double amihud(std::span<const MarketDay> days) {
  constexpr double kMillion = 1e6;
  double sum = 0, n = 0;
  for (std::size_t t = 1; t < days.size(); ++t) {
    const double value = days[t].volume * days[t].close / kMillion;
    if (!(value > 0)) continue;
    sum += std::abs(days[t].close / days[t - 1].close - 1) / value;
    ++n;
  }
  return n > 0 ? sum / n : std::numeric_limits<double>::quiet_NaN();
}

double roll(std::span<const MarketDay> days) {
  std::vector<double> change;
  for (std::size_t t = 1; t < days.size(); ++t) change.push_back(std::log(days[t].close / days[t - 1].close));
  const auto n = static_cast<double>(change.size() - 1);
  double mean_now = 0, mean_next = 0, covariance = 0;
  for (std::size_t t = 0; t + 1 < change.size(); ++t) {
    mean_now += change[t] / n;
    mean_next += change[t + 1] / n;
  }
  for (std::size_t t = 0; t + 1 < change.size(); ++t) {
    covariance += (change[t] - mean_now) * (change[t + 1] - mean_next) / n;
  }
  return covariance < 0 ? 2 * std::sqrt(-covariance) : 0;
}

double corwin_schultz(const MarketDay& a, const MarketDay& b) {
  const auto squared_range = [](double high, double low) { return std::pow(std::log(high / low), 2); };
  const double beta = squared_range(a.high, a.low) + squared_range(b.high, b.low);
  const double gamma = squared_range(std::max(a.high, b.high), std::min(a.low, b.low));
  const double k = 3 - 2 * std::sqrt(2.0);
  const double alpha = (std::sqrt(2 * beta) - std::sqrt(beta)) / k - std::sqrt(gamma / k);
  return std::max(2 * std::expm1(alpha) / (1 + std::exp(alpha)), 0.0);
}

double abdi_ranaldo(const MarketDay& a, const MarketDay& b) {
  const auto middle = [](const MarketDay& d) { return (std::log(d.high) + std::log(d.low)) / 2; };
  const double c = std::log(a.close);
  return std::sqrt(std::max(4 * (c - middle(a)) * (c - middle(b)), 0.0));
}

}  // namespace

MarketLiquidity market_liquidity(std::span<const MarketDay> days) {
  if (days.size() < 3) {
    throw Error(ErrorCode::bad_input, fmt::format("{} days are too few, at least 3 are needed", days.size()), "prices");
  }
  for (std::size_t t = 0; t < days.size(); ++t) {
    const MarketDay& d = days[t];
    if (!(d.low > 0 && d.high >= d.low && d.close > 0 && std::isfinite(d.high))) {
      throw Error(ErrorCode::bad_input, fmt::format("day {} has prices that cannot be", t + 1), "prices");
    }
  }
  MarketLiquidity out;
  out.days = static_cast<std::int64_t>(days.size());
  out.amihud = amihud(days);
  out.roll = roll(days);
  if (std::all_of(days.begin(), days.end(), [](const MarketDay& d) { return d.high == d.low; })) {
    out.corwin_schultz = out.abdi_ranaldo = std::numeric_limits<double>::quiet_NaN();
    return out;
  }
  const auto pairs = static_cast<double>(days.size() - 1);
  for (std::size_t t = 0; t + 1 < days.size(); ++t) {
    out.corwin_schultz += corwin_schultz(days[t], days[t + 1]) / pairs;
    out.abdi_ranaldo += abdi_ranaldo(days[t], days[t + 1]) / pairs;
  }
  return out;
}

}  // namespace ballast::risk
