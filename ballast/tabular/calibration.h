// SPDX-License-Identifier: Apache-2.0
// Scores → probabilities that mean what they say, fitted on rows that were not used to fit the scores. Intervals come
// from fitting again on rows drawn with replacement (seeded; the same at any thread count). No rows: Error(bad_input).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace ballast::tabular {

/// The temperature that minimises the negative log-likelihood of softmax(logits / T) (Guo et al. 2017), in [1/64, 64].
/// logits [rows, classes], labels in [0, classes).
double fit_temperature(std::span<const float> logits, std::span<const int> labels, int classes);

/// Temperatures of `replicates` fits on drawn rows, for intervals.
std::vector<double> bootstrap_temperatures(std::span<const float> logits, std::span<const int> labels, int classes,
                                           int replicates = 200, std::uint64_t seed = 42);

/// softmax(logits / temperature).
std::vector<double> softmax_at(std::span<const float> logits, double temperature);

/// P(true | score) = 1 / (1 + exp(−(a·score + b))).
struct PlattScaling {
  double a = 1, b = 0;
  double operator()(double score) const;
};

/// Platt (1999), with his targets (positives + 1) / (positives + 2) and 1 / (negatives + 2), which keep a and b finite
/// on separable data and with one class only; solved by Newton with backtracking (Lin, Lin & Weng 2007). The sign is
/// ours: a is positive where higher scores mean true.
PlattScaling fit_platt(std::span<const double> scores, std::span<const std::uint8_t> truth);

/// `replicates` fits on drawn rows.
std::vector<PlattScaling> bootstrap_platt(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                          int replicates = 200, std::uint64_t seed = 42);

/// The central interval of a new score's probability over the fits.
std::array<double, 2> platt_interval(std::span<const PlattScaling> fits, double score, double level = 0.9);

/// A rising step fit, read with straight lines between the points: pool-adjacent-violators (Ayer et al. 1955).
class IsotonicScaling {
 public:
  /// Equal scores are pooled first.
  static IsotonicScaling fit(std::span<const double> scores, std::span<const std::uint8_t> truth);
  /// From stored points, both in rising order.
  static IsotonicScaling from_points(std::vector<double> scores, std::vector<double> probabilities);
  /// Constant outside the scores seen.
  double operator()(double score) const;
  const std::vector<double>& scores() const { return scores_; }
  const std::vector<double>& probabilities() const { return probabilities_; }

 private:
  std::vector<double> scores_, probabilities_;  // rising
};

struct F1Threshold {
  double threshold = 0;  // true where score >= threshold
  double f1 = 0;
};

/// The threshold with the highest F1 on these rows; among equals the highest. It is one of the scores. Without
/// positives no threshold helps: then the next number above all scores, so that nothing is listed, and F1 0.
F1Threshold best_f1_threshold(std::span<const double> scores, std::span<const std::uint8_t> truth);

}  // namespace ballast::tabular
