// SPDX-License-Identifier: Apache-2.0
// Poisson and negative binomial: rates and counts of periods.
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/risk/operations/event_math.h"
#include "ballast/risk/operations_events.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {

using base::Error;
using base::ErrorCode;

std::span<const std::string> basel_event_types() {
  static const std::vector<std::string> kTypes = {"internal_fraud",  "external_fraud", "employment", "clients_products",
                                                  "physical_assets", "systems",        "execution"};
  return kTypes;
}

void check_history(const EventHistory& history) {
  if (!(history.days > 0) || !std::isfinite(history.days)) {
    throw Error(ErrorCode::bad_input, "the observed time must be positive", "event history");
  }
  double last = 0;
  for (const double t : history.times) {
    if (!(t >= last && t <= history.days)) {
      throw Error(ErrorCode::bad_input, fmt::format("time {} is out of order or outside 0 … {}", t, history.days),
                  "event history");
    }
    last = t;
  }
}

double negative_binomial_log_likelihood(std::span<const double> counts, std::span<const double> means, double size) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double y = counts[i], m = means[i];
    if (std::isinf(size)) {
      sum += y * std::log(m) - m - std::lgamma(y + 1);
    } else {
      sum += std::lgamma(y + size) - std::lgamma(size) - std::lgamma(y + 1) - size * std::log1p(m / size) +
             y * (std::log(m) - std::log(size + m));
    }
  }
  return sum;
}

double best_size(std::span<const double> counts, std::span<const double> means) {
  // The likelihood of ln size has one maximum where counts are overdispersed; golden section over a wide range.
  constexpr double kRatio = 0.6180339887498949;
  double low = std::log(1e-3), high = std::log(1e6);
  const auto value = [&](double log_size) {
    return negative_binomial_log_likelihood(counts, means, std::exp(log_size));
  };
  double a = high - kRatio * (high - low), b = low + kRatio * (high - low);
  double va = value(a), vb = value(b);
  for (int i = 0; i < 80; ++i) {
    if (va < vb) {
      low = a;
      a = b;
      va = vb;
      b = low + kRatio * (high - low);
      vb = value(b);
    } else {
      high = b;
      b = a;
      vb = va;
      a = high - kRatio * (high - low);
      va = value(a);
    }
  }
  const double size = std::exp((low + high) / 2);
  return size > 1e5 ? std::numeric_limits<double>::infinity() : size;
}

PoissonFit fit_poisson(const EventHistory& history) {
  check_history(history);
  using boost::math::chi_squared;
  const auto n = static_cast<double>(history.times.size());
  PoissonFit fit;
  fit.rate.value = n / history.days;
  fit.rate.low = n > 0 ? boost::math::quantile(chi_squared(2 * n), 0.05) / 2 / history.days : 0;
  fit.rate.high = boost::math::quantile(chi_squared(2 * n + 2), 0.95) / 2 / history.days;
  fit.log_likelihood = (n > 0 ? n * std::log(fit.rate.value) : 0) - n;
  return fit;
}

NegativeBinomialFit fit_negative_binomial(const EventHistory& history, double period_days) {
  check_history(history);
  NegativeBinomialFit fit;
  fit.period_days = period_days;
  fit.periods = period_days > 0 ? static_cast<std::int64_t>(std::floor(history.days / period_days + 1e-9)) : 0;
  if (fit.periods < 4) {
    throw Error(ErrorCode::bad_input, fmt::format("{} whole periods are too few, at least 4 are needed", fit.periods),
                "event history");
  }
  std::vector<double> counts(static_cast<std::size_t>(fit.periods), 0);
  for (const double t : history.times) {
    const auto i = static_cast<std::size_t>(t / period_days);
    if (i < counts.size()) counts[i] += 1;
  }
  double total = 0;
  for (const double c : counts) total += c;
  if (total == 0) throw Error(ErrorCode::bad_input, "no event in the whole periods", "event history");
  fit.mean = total / static_cast<double>(fit.periods);
  const std::vector<double> means(counts.size(), fit.mean);
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  fit.poisson_log_likelihood = negative_binomial_log_likelihood(counts, means, kInfinite);
  fit.size = best_size(counts, means);
  fit.log_likelihood = negative_binomial_log_likelihood(counts, means, fit.size);
  if (fit.log_likelihood <= fit.poisson_log_likelihood) fit.size = kInfinite;
  fit.log_likelihood = std::max(fit.log_likelihood, fit.poisson_log_likelihood);
  const double variance = fit.mean + (std::isinf(fit.size) ? 0 : fit.mean * fit.mean / fit.size);
  fit.mean_log_error = std::sqrt(variance / static_cast<double>(fit.periods)) / fit.mean;
  if (!std::isinf(fit.size)) {  // the information of ln size, by central differences; mean and size are orthogonal
    constexpr double kStep = 1e-3;
    const auto at = [&](double shift) {
      return negative_binomial_log_likelihood(counts, means, fit.size * std::exp(shift));
    };
    const double curvature = (at(kStep) - 2 * at(0) + at(-kStep)) / (kStep * kStep);
    fit.size_log_error = curvature < 0 ? 1 / std::sqrt(-curvature) : kInfinite;
  }
  return fit;
}

double log_no_event(double mean, double size, double periods) {
  if (std::isinf(size)) return -mean * periods;
  const double whole = std::floor(periods);
  return -size * (whole * std::log1p(mean / size) + std::log1p(mean * (periods - whole) / size));
}

Estimate event_probability(const PoissonFit& fit, double horizon_days) {
  const auto p = [&](double rate) { return -std::expm1(-rate * horizon_days); };
  return {p(fit.rate.value), p(fit.rate.low), p(fit.rate.high)};
}

Estimate event_probability(const NegativeBinomialFit& fit, double horizon_days, std::uint64_t seed) {
  const double periods = horizon_days / fit.period_days;
  base::Random random(seed);
  std::vector<double> drawn;
  for (int i = 0; i < kProbabilityDraws; ++i) {
    const double mean = fit.mean * std::exp(fit.mean_log_error * random.normal());
    const double z = random.normal();
    // An unbounded error of ln size says that the data cannot tell the model from Poisson.
    const double size = std::isinf(fit.size_log_error) || std::isinf(fit.size)
                            ? fit.size
                            : fit.size * std::exp(std::min(fit.size_log_error, 5.0) * z);
    drawn.push_back(-std::expm1(log_no_event(mean, size, periods)));
  }
  std::sort(drawn.begin(), drawn.end());
  return {-std::expm1(log_no_event(fit.mean, fit.size, periods)), tabular::quantile(drawn, 0.05),
          tabular::quantile(drawn, 0.95)};
}

}  // namespace ballast::risk
