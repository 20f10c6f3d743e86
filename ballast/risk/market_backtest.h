// SPDX-License-Identifier: Apache-2.0
// Back-tests of VaR and ES forecasts. Exceptions (0 and 1, in time order) come in, test statistics with p-values go
// out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/risk/market_var.h"

namespace ballast::risk {

struct TestResult {
  double statistic = 0, p_value = 1;
};

/// Proportion of failures (Kupiec 1995): likelihood ratio of the observed share of exceptions against p, χ²(1).
TestResult kupiec_test(std::int64_t exceptions, std::int64_t days, double p);

/// Christoffersen (1998). Independence: first-order Markov against independent exceptions, over the n − 1 transitions,
/// χ²(1). Joint: independence plus coverage, χ²(2); its coverage part is kupiec_test() over all n days.
struct ChristoffersenResult {
  TestResult independence, joint;
};
ChristoffersenResult christoffersen_test(std::span<const std::uint8_t> exceptions, double p);

/// Basel traffic light (BCBS 1996, MAR99): the zone of the count in `days` days by the binomial probability of at most
/// so many: green below 95 %, yellow below 99.99 %, else red. For 250 days at 99 %: 0-4, 5-9, 10 and more.
struct TrafficLight {
  std::int64_t days = 0, exceptions = 0;
  std::string zone;        // "green", "yellow", "red"
  double plus_factor = 0;  // of the capital multiplier, for 250 days at 99 % (0 … 1); NaN otherwise
  double cumulative = 0;   // P(at most so many)
};
TrafficLight traffic_light(std::int64_t exceptions, std::int64_t days, double p);

/// Acerbi & Szekely (2014), test 2: Z = Σ r·1{exception} / (n p ES) + 1. Expected 0, negative where losses beyond VaR
/// are more or larger than forecast. The p-value (one-sided) is simulated: an exception happens with probability p and
/// loses VaR plus an exponential excess with mean ES − VaR, the least assumption that meets both forecasts.
TestResult acerbi_szekely_test(std::span<const VarDay> days, double p, std::uint64_t seed = 42, int simulations = 2000);

/// Everything above for one series of forecasts. The traffic light counts the last 250 days (fewer where there are not
/// so many).
struct VarTests {
  std::int64_t days = 0, exceptions = 0;
  TestResult kupiec;
  ChristoffersenResult christoffersen;
  TestResult acerbi_szekely;
  TrafficLight light;
};
/// Throws bad_input without any day.
VarTests test_var(std::span<const VarDay> days, double level, std::uint64_t seed = 42);

/// Mean quantile score (tick loss) of VaR forecasts: (r + VaR)(p − 1{r < −VaR}), a proper score; lower is better.
double quantile_score(std::span<const VarDay> days, double p);

/// Holm's step-down correction (1979): which of the p-values are rejected at `alpha` over the whole family.
std::vector<std::uint8_t> holm_rejections(std::span<const double> p_values, double alpha);

}  // namespace ballast::risk
