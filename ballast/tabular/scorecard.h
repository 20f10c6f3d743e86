// SPDX-License-Identifier: Apache-2.0
// The logistic scorecard: weights of evidence in, log-odds of default and points out, and exports that other systems
// run.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/tabular/binning.h"
#include "ballast/tabular/logistic.h"

namespace ballast::tabular {

struct ScorecardOptions {
  BinningOptions binning;
  double min_iv = 0.01;  // columns below are left out
  LogisticOptions logistic;
};

struct Characteristic {
  ColumnBinning binning;
  double coefficient = 0;  // of −WoE, so that it is positive: more evidence of good, less log-odds of default
  double mean_woe = 0;     // over the training rows: contributions count from the average applicant
};

/// Points rise as risk falls: `base_points` at `base_odds` goods to one bad, and every `pdo` points double the odds.
struct PointsScale {
  double base_points = 600, base_odds = 50, pdo = 20;
  double factor() const;
  /// Points of a log-odds of default.
  double points(double log_odds) const;
};

struct Scorecard {
  double intercept = 0;  // log-odds of default where every WoE is 0
  std::vector<Characteristic> characteristics;

  /// Log-odds of default of each row.
  std::vector<double> scores(const Table& table) const;
  /// The log-odds that characteristic `c` adds in bin `b` (−1: nothing).
  double effect(std::size_t c, int b) const;
  /// Points of a bin; intercept and offset are shared out evenly, so that the points of a row's bins add up to its
  /// score.
  double bin_points(std::size_t c, int b, const PointsScale& scale = {}) const;

  base::Json to_json() const;
  static Scorecard from_json(const base::Json& json, const std::string& where);
};

/// Bins each column, leaves out weak ones, fits the logistic regression on WoE, and takes out columns whose coefficient
/// has the wrong sign (the worst first), since a card whose points contradict its own default rates cannot be
/// explained.
Scorecard fit_scorecard(const Table& table, std::span<const std::uint8_t> truth, std::span<const double> weights = {},
                        const ScorecardOptions& options = {});

/// How a card's log-odds become the probability of default: 1 / (1 + exp(−(slope · log-odds + offset))).
struct ScorecardCalibration {
  double slope = 1, offset = 0;
};

/// A SELECT over `table` with the columns score (points) and pd. Standard SQL; names are quoted.
std::string to_sql(const Scorecard& card, const std::string& table, const PointsScale& scale = {},
                   const ScorecardCalibration& calibration = {});

/// A PMML 4.4 Scorecard model (https://dmg.org/pmml/v4-4/Scorecard.html) with the same points.
std::string to_pmml(const Scorecard& card, const std::string& model_name, const PointsScale& scale = {});

}  // namespace ballast::tabular
