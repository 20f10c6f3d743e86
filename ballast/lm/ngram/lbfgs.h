// SPDX-License-Identifier: Apache-2.0
// Limited-memory BFGS (Nocedal 1980; two-loop recursion as in Nocedal & Wright 2006, algorithm 7.4) for smooth convex
// functions of many variables, with a bisection line search for the weak Wolfe conditions (Lewis & Overton 2013).
// Sums run over fixed pieces in fixed order: the result does not depend on the thread count.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace ballast::lm {

struct LbfgsOptions {
  int memory = 6;  // pairs kept
  int max_iterations = 200;
  double tolerance = 1e-3;  // stop where the gradient's length falls below this share of the reference length
  double reference = 0;     // that length; 0: at the starting point (give it when starting from an earlier solution)
};

struct LbfgsResult {
  double value = 0;
  int iterations = 0, evaluations = 0;
  bool converged = false;
};

/// Writes the gradient at `x` and returns the value.
using LbfgsFunction = std::function<double(std::span<const float> x, std::span<float> gradient)>;

/// Moves `x` to the minimum.
LbfgsResult minimise_lbfgs(std::vector<float>& x, const LbfgsFunction& function, const LbfgsOptions& options);

/// Dot product in f64 over fixed pieces.
double dot_ordered(std::span<const float> a, std::span<const float> b);

}  // namespace ballast::lm
