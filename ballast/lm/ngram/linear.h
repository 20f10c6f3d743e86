// SPDX-License-Identifier: Apache-2.0
// Sparse rows and targets → linear scores: L2-regularised logistic regression,
//   minimise ½‖W‖² + C · Σ_rows weight · loss,
// with the intercept regularised as the weight of a feature that is always 1 (as liblinear has it: Fan et al. 2008).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/lm/ngram/sparse.h"

namespace ballast::lm {

enum class LinearLoss {
  softmax,      // exactly one output is true: multinomial cross-entropy
  one_vs_rest,  // exactly one output is true: a sigmoid for each, the largest score wins
  multilabel,   // any number is true: a sigmoid for each, true where the score is positive
};

struct LinearTask {
  LinearLoss loss = LinearLoss::softmax;
  int outputs = 0;
  std::vector<std::int8_t> targets;  // [rows, outputs]: 1 true, 0 false, -1 unknown (that entry does not count)
  bool balanced = false;             // classes weigh as if equally frequent: rows / (classes · rows of the class)
};

struct LinearOptions {
  std::vector<double> c_grid = {1, 4, 16, 64};  // chosen by macro-F1 on held-out rows, then refitted on all; rising order
  double held_out = 0.1;
  std::uint64_t seed = 42;
  double tolerance = 1e-3;  // of the gradient's length, relative to that at zero weights
  int max_iterations = 200;
};

struct LinearFit {
  std::vector<float> weight;  // [features, outputs]
  std::vector<float> bias;    // [outputs]
  double c = 0;
  std::vector<double> held_out_f1;  // macro-F1 for each C of the grid
  int iterations = 0;               // of the last fit
  bool converged = false;
};

/// Throws bad_input when there are no rows. Deterministic at any thread count.
LinearFit fit_linear(const SparseMatrix& rows, const LinearTask& task, const LinearOptions& options = {});

/// Macro-F1 of scores [rows, outputs] against targets, over the given rows; a class that neither occurs nor is
/// predicted does not count (multilabel: counts 0), as scikit-learn has it.
double linear_macro_f1(std::span<const float> scores, const LinearTask& task, std::span<const std::int64_t> rows);

}  // namespace ballast::lm
