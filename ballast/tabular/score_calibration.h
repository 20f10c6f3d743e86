// SPDX-License-Identifier: Apache-2.0
// Scores (log-odds) to calibrated log-odds by one of three methods, with intervals from fits on rows drawn with
// replacement. What comes out is a score again, so that contributions can be carried over and still add up.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/tabular/calibration.h"

namespace ballast::tabular {

enum class CalibrationMethod {
  platt,        // a·score + b
  temperature,  // score / T
  isotonic,     // the log-odds of a rising step fit (pool-adjacent-violators), straight between its points
};
const char* calibration_method_name(CalibrationMethod method);
/// Throws usage with the nearest name.
CalibrationMethod calibration_method_named(const std::string& name);

class ScoreCalibration {
 public:
  /// Fitted on scores of rows that the scores' model did not see. Throws bad_input without rows.
  static ScoreCalibration fit(CalibrationMethod method, std::span<const double> scores,
                              std::span<const std::uint8_t> truth, std::uint64_t seed, int replicates = 200);

  CalibrationMethod method() const { return method_; }
  /// Calibrated log-odds.
  double log_odds(double score) const;
  double probability(double score) const;
  /// Central 90 % of the probability over the drawn fits.
  std::array<double, 2> interval(double score) const;
  /// Of platt and temperature, where calibrated = slope · score + offset; isotonic has none (1 and 0).
  PlattScaling line() const;

  base::Json to_json() const;
  static ScoreCalibration from_json(const base::Json& json, const std::string& where);

 private:
  struct Fit {
    PlattScaling line;
    IsotonicScaling steps;
  };
  double log_odds(const Fit& fit, double score) const;
  static Fit fit_once(CalibrationMethod method, std::span<const double> scores, std::span<const std::uint8_t> truth);

  CalibrationMethod method_ = CalibrationMethod::platt;
  Fit fit_;
  std::vector<Fit> drawn_;
};

/// Probabilities of out-of-fold scores, each row calibrated by the scores of the other folds.
std::vector<double> cross_calibrate(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                    std::span<const int> fold, CalibrationMethod method);

}  // namespace ballast::tabular
