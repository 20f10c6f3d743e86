// SPDX-License-Identifier: Apache-2.0
// Is one model better than another on the same rows, or was it luck? Losses or verdicts of two models come in, the mean
// difference with its interval and p-value goes out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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

/// McNemar (1947) on the rows where exactly one of two models is right.
struct McNemar {
  std::int64_t only_first = 0, only_second = 0;
  double exact = 1;      // two-sided binomial probability
  double mid_p = 1;      // the exact one with half the weight of what was seen: less conservative
  double statistic = 0;  // χ²(1) with continuity correction, (|b − c| − 1)² / (b + c) (Edwards 1948)
};

/// Both spans hold 1 where the model is right. The mid-p value is the one to judge by: it keeps its level even with few
/// discordant rows, where χ² without a continuity correction does not and with it gives power away (Fagerland, Lydersen
/// & Laake 2013, "The McNemar test for binary matched-pairs data"). Throws bad_input without rows.
McNemar mcnemar(std::span<const std::uint8_t> first_right, std::span<const std::uint8_t> second_right);

/// Holm's step-down adjusted p-values (1979), in the order given: below `alpha` exactly where the hypothesis is
/// rejected at `alpha` over the whole family. NaN stays NaN and does not count.
std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace ballast::tabular
