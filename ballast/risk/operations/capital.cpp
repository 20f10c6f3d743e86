// SPDX-License-Identifier: Apache-2.0
// Severity, simulated years, and the standardised approach.
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/gamma.hpp>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/operations/annual_loss.h"
#include "ballast/risk/operations/event_math.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/roc.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
constexpr std::size_t kFewestLosses = 10, kFewestTailLosses = 20;
constexpr double kMostEvents = 1e6;  // a year; more would not fit the time of a simulation

/// GPD by its profile likelihood: with theta = shape / scale the shape is mean ln(1 + theta x).
void fit_tail(std::span<const double> excesses, SeverityFit& fit) {
  const auto n = static_cast<double>(excesses.size());
  double largest = 0, mean = 0;
  for (const double x : excesses) {
    largest = std::max(largest, x);
    mean += x / n;
  }
  double best = -std::log(mean) - 1;  // theta = 0: exponential
  fit.shape = 0;
  fit.scale = mean;
  const auto try_theta = [&](double theta) {
    double shape = 0;
    for (const double x : excesses) shape += std::log1p(theta * x) / n;
    const double scale = shape / theta;
    const double value = -std::log(scale) - shape - 1;
    if (shape > -0.5 && scale > 0 && value > best) {  // below -0.5 the likelihood has no proper maximum
      best = value;
      fit.shape = shape;
      fit.scale = scale;
      return true;
    }
    return false;
  };
  double centre = 0;
  for (int i = -60; i <= 60; ++i) {
    if (i == 0) continue;
    const double theta = i > 0 ? std::pow(10.0, i / 10.0 - 3) / mean : -(1 - std::pow(10.0, i / 20.0)) / largest;
    if (try_theta(theta)) centre = theta;
  }
  for (double width = 0.3; width > 1e-9 && centre != 0; width *= 0.7) {
    const double low = centre * (1 - width), high = centre * (1 + width);
    if (low > -1 / largest && try_theta(low)) centre = low;
    if (high > -1 / largest && try_theta(high)) centre = high;
  }
}

double poisson_draw(double mean, base::Random& random) {
  // Product of uniforms in pieces, so that exp(-mean) does not underflow (Knuth 1969).
  double count = 0;
  while (mean > 0) {
    const double piece = std::min(mean, 500.0), limit = std::exp(-piece);
    for (double p = random.uniform(); p > limit; p *= random.uniform()) ++count;
    mean -= piece;
  }
  return count;
}

}  // namespace

SeverityFit fit_severity(std::span<const double> losses, double tail_quantile) {
  if (losses.size() < kFewestLosses) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} losses are too few, at least {} are needed", losses.size(), kFewestLosses), "severity");
  }
  SeverityFit fit;
  const auto n = static_cast<double>(losses.size());
  for (const double x : losses) {
    if (!(x > 0) || std::isinf(x)) {
      throw Error(ErrorCode::bad_input, fmt::format("the loss {} is not positive", x), "severity");
    }
    fit.log_mean += std::log(x) / n;
  }
  for (const double x : losses) fit.log_sd += std::pow(std::log(x) - fit.log_mean, 2) / n;
  fit.log_sd = std::sqrt(fit.log_sd);
  fit.losses = static_cast<std::int64_t>(losses.size());
  fit.threshold = kUnbounded;
  std::vector<double> sorted(losses.begin(), losses.end());
  std::sort(sorted.begin(), sorted.end());
  const double threshold = tabular::quantile(sorted, tail_quantile);
  std::vector<double> excesses;
  for (const double x : sorted) {
    if (x > threshold) excesses.push_back(x - threshold);
  }
  if (excesses.size() < kFewestTailLosses) return fit;
  fit.threshold = threshold;
  fit.tail_losses = static_cast<std::int64_t>(excesses.size());
  fit.tail_share = static_cast<double>(excesses.size()) / n;
  fit_tail(excesses, fit);
  return fit;
}

double severity_quantile(const SeverityFit& fit, double p) {
  if (std::isinf(fit.threshold)) return std::exp(fit.log_mean + fit.log_sd * tabular::normal_quantile(p));
  if (p >= 1 - fit.tail_share) {
    const double beyond = (1 - p) / fit.tail_share;
    const double excess = std::abs(fit.shape) < 1e-9
                              ? -fit.scale * std::log(beyond)
                              : fit.scale / fit.shape * std::expm1(-fit.shape * std::log(beyond));
    return fit.threshold + excess;
  }
  // The body is the lognormal cut at the threshold.
  const double inside = tabular::normal_probability((std::log(fit.threshold) - fit.log_mean) / fit.log_sd);
  return std::exp(fit.log_mean + fit.log_sd * tabular::normal_quantile(p / (1 - fit.tail_share) * inside));
}

double count_of_time(double mean, double size, base::Random& random) {
  if (!std::isinf(size)) {  // a Poisson whose mean is gamma distributed
    const double u = std::min(std::max(random.uniform(), 1e-16), 1 - 1e-16);
    mean = boost::math::quantile(boost::math::gamma_distribution<>(size, mean / size), u);
  }
  return poisson_draw(mean, random);
}

void check_simulation(const Frequency& frequency, std::int64_t years, double level) {
  if (years < 1000 || !(level > 0 && level < 1) || static_cast<double>(years) * (1 - level) < 20 - 1e-6) {
    throw Error(ErrorCode::usage, "need at least 1000 years, and 20 beyond the level", "annual loss");
  }
  if (!(frequency.mean > 0 && frequency.mean < kMostEvents) || !(frequency.size > 0)) {
    throw Error(ErrorCode::bad_input, fmt::format("{} events a year cannot be simulated", frequency.mean),
                "annual loss");
  }
}

std::vector<double> simulate_years(const Frequency& frequency, const SeverityFit& severity, std::int64_t years,
                                   std::uint64_t seed) {
  std::vector<double> totals(static_cast<std::size_t>(years));
  base::parallel_ranges(years, 1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t year = begin; year < end; ++year) {
      base::Random random(seed, static_cast<std::uint64_t>(year));
      double total = 0;
      for (double left = count_of_time(frequency.mean, frequency.size, random); left > 0; --left) {
        total += severity_quantile(severity, std::max(random.uniform(), 0x1.0p-54));
      }
      totals[static_cast<std::size_t>(year)] = total;
    }
  });
  return totals;
}

AnnualLoss summarise_years(std::vector<double> totals, double level) {
  AnnualLoss out;
  out.level = level;
  out.years = static_cast<std::int64_t>(totals.size());
  const auto n = static_cast<double>(totals.size());
  for (const double x : totals) out.expected += x / n;
  double variance = 0;
  for (const double x : totals) variance += (x - out.expected) * (x - out.expected) / (n - 1);
  out.expected_error = std::sqrt(variance / n);
  std::sort(totals.begin(), totals.end());
  // The number of years below the true quantile is binomial: its 5 % and 95 % points give order statistics around it.
  const double width = kNormal95 * std::sqrt(n * level * (1 - level));
  const auto at = [&](double rank) {
    return totals[static_cast<std::size_t>(std::min(std::max(std::ceil(rank) - 1, 0.0), n - 1))];
  };
  out.quantile = at(n * level);
  out.low = at(n * level - width);
  out.high = at(n * level + width + 1);
  double beyond = 0, count = 0;
  for (auto i = static_cast<std::size_t>(std::ceil(n * level)); i < totals.size(); ++i, ++count) beyond += totals[i];
  out.expected_shortfall = beyond / count;
  return out;
}

AnnualLoss simulate_annual_loss(const Frequency& frequency, const SeverityFit& severity, std::int64_t years,
                                double level, std::uint64_t seed) {
  check_simulation(frequency, years, level);
  return summarise_years(simulate_years(frequency, severity, years, seed), level);
}

StandardisedCapital standardised_capital(double business_indicator, std::span<const double> annual_losses) {
  if (!(business_indicator > 0) || std::isinf(business_indicator)) {
    throw Error(ErrorCode::bad_input, fmt::format("the business indicator {} is not positive", business_indicator),
                "standardised approach");
  }
  constexpr double kFirst = 1000, kSecond = 30000;  // millions of euros
  StandardisedCapital c;
  const double bi = c.business_indicator = business_indicator;
  c.bucket = bi <= kFirst ? 1 : bi <= kSecond ? 2 : 3;
  c.business_indicator_component = 0.12 * std::min(bi, kFirst) + 0.15 * std::max(0.0, std::min(bi, kSecond) - kFirst) +
                                   0.18 * std::max(0.0, bi - kSecond);
  for (const double loss : annual_losses) {
    if (!(loss >= 0)) {
      throw Error(ErrorCode::bad_input, fmt::format("the annual loss {} is negative", loss), "standardised approach");
    }
    c.loss_component += 15 * loss / static_cast<double>(annual_losses.size());
  }
  if (!annual_losses.empty() && c.bucket > 1) {
    const double ratio = c.loss_component / c.business_indicator_component;
    c.loss_multiplier = std::log(std::exp(1.0) - 1 + std::pow(ratio, 0.8));
  }
  c.capital = c.business_indicator_component * c.loss_multiplier;
  return c;
}

StandardisedCapital standardised_capital(std::span<const BusinessYear> years, std::span<const double> annual_losses) {
  if (years.size() != 3) {
    throw Error(ErrorCode::bad_input, fmt::format("needs three years, there are {}", years.size()),
                "standardised approach");
  }
  const auto mean = [&](auto of) {
    double sum = 0;
    for (const BusinessYear& y : years) sum += of(y);
    return sum / 3;
  };
  using Y = const BusinessYear&;
  const double interest = std::min(mean([](Y y) { return std::abs(y.interest_income - y.interest_expense); }),
                                   0.0225 * mean([](Y y) { return y.interest_earning_assets; })) +
                          mean([](Y y) { return y.dividend_income; });
  const double services = std::max(mean([](Y y) { return y.other_operating_income; }),
                                   mean([](Y y) { return y.other_operating_expense; })) +
                          std::max(mean([](Y y) { return y.fee_income; }), mean([](Y y) { return y.fee_expense; }));
  const double financial = mean([](Y y) { return std::abs(y.trading_book_result); }) +
                           mean([](Y y) { return std::abs(y.banking_book_result); });
  StandardisedCapital c = standardised_capital(interest + services + financial, annual_losses);
  c.interest_component = interest;
  c.services_component = services;
  c.financial_component = financial;
  return c;
}

}  // namespace ballast::risk
