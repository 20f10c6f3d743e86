// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_backtest.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"

namespace ballast::risk {
namespace {

constexpr std::int64_t kLightDays = 250;

/// k · ln p with 0 · ln 0 = 0.
double weighted_log(std::int64_t k, double p) {
  return k == 0 ? 0 : static_cast<double>(k) * std::log(p);
}

double share(std::int64_t part, std::int64_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 0;
}

TestResult chi_squared_test(double statistic, int degrees) {
  statistic = std::max(statistic, 0.0);  // rounding
  const boost::math::chi_squared distribution(degrees);
  return {statistic, boost::math::cdf(boost::math::complement(distribution, statistic))};
}

}  // namespace

TestResult kupiec_test(std::int64_t exceptions, std::int64_t days, double p) {
  const double observed = share(exceptions, days);
  const double null = weighted_log(days - exceptions, 1 - p) + weighted_log(exceptions, p);
  const double free = weighted_log(days - exceptions, 1 - observed) + weighted_log(exceptions, observed);
  return chi_squared_test(2 * (free - null), 1);
}

ChristoffersenResult christoffersen_test(std::span<const std::uint8_t> exceptions, double p) {
  std::int64_t n[2][2] = {};
  for (std::size_t i = 1; i < exceptions.size(); ++i) ++n[exceptions[i - 1] != 0][exceptions[i] != 0];
  const std::int64_t calm = n[0][0] + n[0][1], after = n[1][0] + n[1][1];
  const double all = share(n[0][1] + n[1][1], calm + after), p01 = share(n[0][1], calm), p11 = share(n[1][1], after);
  const double null = weighted_log(n[0][0] + n[1][0], 1 - all) + weighted_log(n[0][1] + n[1][1], all);
  const double markov = weighted_log(n[0][0], 1 - p01) + weighted_log(n[0][1], p01) + weighted_log(n[1][0], 1 - p11) +
                        weighted_log(n[1][1], p11);
  ChristoffersenResult out;
  out.independence = chi_squared_test(2 * (markov - null), 1);
  const auto count = std::count_if(exceptions.begin(), exceptions.end(), [](std::uint8_t e) { return e != 0; });
  const auto coverage = kupiec_test(count, static_cast<std::int64_t>(exceptions.size()), p);
  out.joint = chi_squared_test(out.independence.statistic + coverage.statistic, 2);
  return out;
}

TrafficLight traffic_light(std::int64_t exceptions, std::int64_t days, double p) {
  // BCBS 1996, table 2, for five to nine exceptions.
  constexpr double kPlus[] = {0.40, 0.50, 0.65, 0.75, 0.85};
  TrafficLight light{days, exceptions, "red", std::numeric_limits<double>::quiet_NaN(), 1};
  const boost::math::binomial binomial(static_cast<double>(days), p);
  light.cumulative = boost::math::cdf(binomial, static_cast<double>(exceptions));
  if (light.cumulative < 0.9999) light.zone = "yellow";
  if (light.cumulative < 0.95) light.zone = "green";
  if (days == kLightDays && std::abs(p - 0.01) < 1e-12) {
    light.plus_factor = exceptions < 5 ? 0 : exceptions > 9 ? 1 : kPlus[exceptions - 5];
  }
  return light;
}

TestResult acerbi_szekely_test(std::span<const VarDay> days, double p, std::uint64_t seed, int simulations) {
  const double expected = static_cast<double>(days.size()) * p;
  double observed = 1;
  for (const VarDay& d : days) {
    if (d.exception && d.es > 0) observed += d.ret / (expected * d.es);
  }
  std::vector<double> simulated(static_cast<std::size_t>(simulations));
  base::parallel_for(simulations, [&](std::int64_t s) {
    base::Random random(seed, static_cast<std::uint64_t>(s));
    double z = 1;
    for (const VarDay& d : days) {
      if (random.uniform() >= p || d.es <= 0) continue;
      const double loss = d.var - (d.es - d.var) * std::log(1 - random.uniform());
      z -= loss / (expected * d.es);
    }
    simulated[static_cast<std::size_t>(s)] = z;
  });
  const auto below = std::count_if(simulated.begin(), simulated.end(), [&](double z) { return z <= observed; });
  return {observed, static_cast<double>(below + 1) / (simulations + 1)};
}

VarTests test_var(std::span<const VarDay> days, double level, std::uint64_t seed) {
  if (days.empty()) throw base::Error(base::ErrorCode::bad_input, "there is no day to test");
  const double p = 1 - level;
  std::vector<std::uint8_t> exceptions;
  for (const VarDay& d : days) exceptions.push_back(d.exception);
  VarTests out;
  out.days = static_cast<std::int64_t>(days.size());
  out.exceptions = std::accumulate(exceptions.begin(), exceptions.end(), std::int64_t{0});
  out.kupiec = kupiec_test(out.exceptions, out.days, p);
  out.christoffersen = christoffersen_test(exceptions, p);
  out.acerbi_szekely = acerbi_szekely_test(days, p, seed);
  const std::int64_t last = std::min(kLightDays, out.days);
  out.light = traffic_light(std::accumulate(exceptions.end() - last, exceptions.end(), std::int64_t{0}), last, p);
  return out;
}

double quantile_score(std::span<const VarDay> days, double p) {
  double sum = 0;
  for (const VarDay& d : days) sum += (d.ret + d.var) * (p - (d.exception ? 1 : 0));
  return sum / static_cast<double>(days.size());
}

std::vector<std::uint8_t> holm_rejections(std::span<const double> p_values, double alpha) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<std::uint8_t> rejected(p_values.size(), 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!(p_values[order[i]] <= alpha / static_cast<double>(order.size() - i))) break;
    rejected[order[i]] = 1;
  }
  return rejected;
}

}  // namespace ballast::risk
