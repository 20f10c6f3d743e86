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

/// `weights` may be empty. Throws bad_input unless both classes are there; `c` > 0.
LogisticModel fit_logistic(const Matrix& features, std::span<const std::uint8_t> truth, std::span<const double> weights,
                           double c);

struct LogisticOptions {
  std::vector<double> grid = {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};
  int folds = 5;
  std::uint64_t seed = 42;
};

/// C from the grid by the log loss over stratified folds (the smallest C among equals), then fitted on all rows.
LogisticModel fit_logistic_cv(const Matrix& features, std::span<const std::uint8_t> truth,
                              std::span<const double> weights, const LogisticOptions& options = {});

}  // namespace ballast::tabular
