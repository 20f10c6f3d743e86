// SPDX-License-Identifier: Apache-2.0
// Is one model better than another on the same rows, or was it luck? Losses or verdicts of two models come in, the mean
// difference with its interval and p-value goes out.
#pragma once

#include <cstdint>
#include <span>

namespace ballast::tabular {

struct DieboldMarianoOptions {
  std::int64_t horizon = 1;  // steps ahead that the forecasts look; errors of longer ones overlap
  std::int64_t lags = -1;    // of the Newey-West variance; −1: floor(4 (n/100)^(2/9)), at least horizon − 1
  double level = 0.95;       // of the interval
};

struct DieboldMariano {
  std::int64_t count = 0;  // forecasts
  std::int64_t lags = 0;   // used
  double difference = 0;   // mean loss of challenger − champion: negative where the challenger is better
  double standard_error = 0;
  double low = 0, high = 0;
  double statistic = 0;
  double p_value = 1;  // two-sided
};

/// Equal predictive accuracy (Diebold & Mariano 1995): one loss a forecast of each model, in time order. The variance
/// of the mean difference is Newey & West's (1987, Bartlett weights, autocovariances over n), and the statistic has the
/// small-sample factor sqrt((n + 1 − 2h + h(h − 1)/n)/n) and the t distribution with n − 1 degrees of freedom of
/// Harvey, Leybourne & Newbold (1997). Where all differences are the same number the statistic is infinite (0 and p = 1
/// where that number is 0). Throws bad_input for different lengths, losses that are not finite, or fewer forecasts than
/// max(8, 2 · horizon + 2); usage for a horizon below 1 or lags below −1 or not below n.
DieboldMariano diebold_mariano(std::span<const double> champion, std::span<const double> challenger,
                               const DieboldMarianoOptions& options = {});

}  // namespace ballast::tabular
