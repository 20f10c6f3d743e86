// SPDX-License-Identifier: Apache-2.0
// One window of returns to the VaR and ES of one day.
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>

#include "ballast/risk/market_var.h"

namespace ballast::risk {
namespace {

constexpr double kThresholdShare = 0.1;  // of the window beyond the EVT threshold (McNeil & Frey 2000 use 10 %)

struct Moments {
  double mean = 0, stdev = 0;
};

Moments moments_of(std::span<const double> sample) {
  Moments m;
  const auto n = static_cast<double>(sample.size());
  for (const double x : sample) m.mean += x / n;
  for (const double x : sample) m.stdev += (x - m.mean) * (x - m.mean);
  m.stdev = std::sqrt(m.stdev / (n - 1));
  return m;
}

TailRisk historical(std::span<const double> window, double p) {
  std::vector<double> sorted(window.begin(), window.end());
  std::sort(sorted.begin(), sorted.end());
  const double q = quantile_at(sorted, p);
  double sum = 0;
  int count = 0;
  for (; count < static_cast<int>(sorted.size()) && sorted[static_cast<std::size_t>(count)] <= q; ++count) {
    sum += sorted[static_cast<std::size_t>(count)];
  }
  return {-q, -(count > 0 ? sum / count : q)};
}

TailRisk normal(std::span<const double> window, double p) {
  const Moments m = moments_of(window);
  const boost::math::normal standard;
  const double z = boost::math::quantile(standard, p);
  return {-(m.mean + m.stdev * z), -m.mean + m.stdev * boost::math::pdf(standard, z) / p};
}

/// ES of the t: f(q)/p · (ν + q²)/(ν − 1) (McNeil, Frey & Embrechts 2005, eq. 2.25).
TailRisk student_t(std::span<const double> window, double p, double nu) {
  const Moments m = moments_of(window);
  const boost::math::students_t t(nu);
  const double q = boost::math::quantile(t, p), scale = m.stdev * std::sqrt((nu - 2) / nu);
  return {-(m.mean + scale * q), -m.mean + scale * boost::math::pdf(t, q) / p * (nu + q * q) / (nu - 1)};
}

TailRisk evt(std::span<const double> window, double p) {
  std::vector<double> losses;
  for (const double r : window) losses.push_back(-r);
  std::sort(losses.begin(), losses.end(), std::greater<>());
  const auto n = static_cast<double>(losses.size());
  // Nothing is fitted where the quantile lies inside the sample's bulk.
  const auto k = static_cast<std::size_t>(kThresholdShare * n);
  if (k < 2 || p >= static_cast<double>(k) / n) return historical(window, p);
  const double u = losses[k];
  std::vector<double> excesses;
  for (std::size_t i = 0; i < k; ++i) excesses.push_back(losses[i] - u);
  const ParetoTail g = fit_pareto(excesses);
  const double ratio = n * p / static_cast<double>(k);
  const double var =
      std::abs(g.xi) < 1e-8 ? u - g.beta * std::log(ratio) : u + g.beta / g.xi * (std::pow(ratio, -g.xi) - 1);
  return {var, std::max(var, (var + g.beta - g.xi * u) / (1 - g.xi))};
}

}  // namespace

double quantile_at(std::span<const double> ascending, double p) {
  const auto n = static_cast<double>(ascending.size());
  const double position = std::clamp((n + 1) * p, 1.0, n) - 1;
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (position - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

double fit_degrees_of_freedom(std::span<const double> sample) {
  const Moments m = moments_of(sample);
  if (m.stdev <= 0) return 200;
  const auto likelihood = [&](double inverse) {
    const double nu = 1 / inverse;
    double sum = static_cast<double>(sample.size()) *
                 (std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2) - 0.5 * std::log(std::numbers::pi * (nu - 2)));
    for (const double x : sample) {
      const double z = (x - m.mean) / m.stdev;
      sum -= (nu + 1) / 2 * std::log1p(z * z / (nu - 2));
    }
    return sum;
  };
  // Golden section over 1/ν, where the likelihood is close to a parabola.
  constexpr double kGolden = 0.6180339887498949;
  double low = 1 / 200.0, high = 1 / 2.1;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
  double fa = likelihood(a), fb = likelihood(b);
  while (high - low > 1e-5) {
    if (fa > fb) {
      high = b, b = a, fb = fa;
      a = high - kGolden * (high - low), fa = likelihood(a);
    } else {
      low = a, a = b, fa = fb;
      b = low + kGolden * (high - low), fb = likelihood(b);
    }
  }
  return 2 / (low + high);
}

ParetoTail fit_pareto(std::vector<double> excesses) {
  std::sort(excesses.begin(), excesses.end());
  const auto n = static_cast<double>(excesses.size());
  double a0 = 0, a1 = 0;  // mean, and mean weighted by the share above: plotting positions (i − 0.35) / n
  for (std::size_t i = 0; i < excesses.size(); ++i) {
    a0 += excesses[i] / n;
    a1 += excesses[i] * (1 - (static_cast<double>(i) + 0.65) / n) / n;
  }
  if (a0 - 2 * a1 <= 0 || a0 <= 0) return {0, a0};
  const double xi = std::min(2 - a0 / (a0 - 2 * a1), 0.9);
  return {xi, a0 * (1 - xi)};
}

TailRisk tail_risk(std::span<const double> window, Tail tail, double level, double nu) {
  const double p = 1 - level;
  switch (tail) {
    case Tail::historical:
      return historical(window, p);
    case Tail::normal:
      return normal(window, p);
    case Tail::student_t:
      return student_t(window, p, nu);
    case Tail::evt:
      return evt(window, p);
  }
  return {};
}

}  // namespace ballast::risk
