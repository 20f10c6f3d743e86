// SPDX-License-Identifier: Apache-2.0
// Discrimination with its uncertainty: AUC with DeLong's interval and paired test, Kolmogorov–Smirnov distance, Gini.
#pragma once

#include <cstdint>
#include <span>

namespace ballast::tabular {

struct AucEstimate {
  double auc = 0;
  double standard_error = 0;
  double low = 0, high = 0;  // within [0, 1]
  double gini() const { return 2 * auc - 1; }
};

/// DeLong, DeLong & Clarke-Pearson (1988) by midranks (Sun & Xu 2014). Throws bad_input unless both classes occur; with
/// one row in a class the error is NaN.
AucEstimate auc_with_interval(std::span<const double> scores, std::span<const std::uint8_t> truth, double level = 0.95);

struct AucComparison {
  AucEstimate champion, challenger;
  double difference = 0;  // challenger − champion
  double standard_error = 0;
  double low = 0, high = 0;
  double p_value = 1;  // two-sided; 1 where the two are the same
};

/// Two models on the same rows.
AucComparison compare_auc(std::span<const double> champion, std::span<const double> challenger,
                          std::span<const std::uint8_t> truth, double level = 0.95);

/// The largest distance between the score distributions of the two classes. NaN unless both occur.
double ks_distance(std::span<const double> scores, std::span<const std::uint8_t> truth);

/// Quantile and distribution function of the standard normal distribution. Small p keep their relative accuracy.
double normal_quantile(double p);
double normal_probability(double z);

}  // namespace ballast::tabular
