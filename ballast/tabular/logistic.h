// SPDX-License-Identifier: Apache-2.0
// Logistic regression with an L2 penalty: minimise Σ wᵢ log(1 + exp(−yᵢ(xᵢβ + b))) + ‖β‖² / (2C), the intercept b free
// (the form and the C of scikit-learn). Solved by Newton's method with step halving; the same bits for any thread
// count.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/tabular/encoding.h"

namespace ballast::tabular {

struct LogisticModel {
  double intercept = 0;
  std::vector<double> coefficients;
  double c = 1;

  /// Log-odds.
  double operator()(std::span<const double> features) const;
  std::vector<double> scores(const Matrix& features) const;
};

/// Pulls the mean scores of groups together: adds strength · n / 2 · Σ share of group · (its mean score − the mean
/// score)², over all groups of all lists (n rows). A penalty on the difference of means as in Calders et al. (2013)
/// and, as a covariance, Zafar et al. (2017); quadratic in the coefficients, so that the problem stays convex. Groups
/// are used in fitting only.
struct GroupPenalty {
  std::vector<std::vector<int>> groups;  // lists of the group of each row, from 0
  double strength = 0;                   // 0: none

  GroupPenalty take(std::span<const std::int64_t> rows) const;
};

/// `weights` may be empty. Throws bad_input unless both classes are there; `c` > 0.
LogisticModel fit_logistic(const Matrix& features, std::span<const std::uint8_t> truth, std::span<const double> weights,
                           double c, const GroupPenalty& penalty = {});

struct LogisticOptions {
  GroupPenalty penalty;
  std::vector<double> grid = {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};
  int folds = 5;
  std::uint64_t seed = 42;
};

/// C from the grid by the log loss over stratified folds (the smallest C among equals), then fitted on all rows.
LogisticModel fit_logistic_cv(const Matrix& features, std::span<const std::uint8_t> truth,
                              std::span<const double> weights, const LogisticOptions& options = {});

}  // namespace ballast::tabular
