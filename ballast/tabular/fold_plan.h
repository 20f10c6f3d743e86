// SPDX-License-Identifier: Apache-2.0
// Who learns from whom when candidates are compared: stratified folds, or blocks that walk forward in time. Scores made
// out of fold and their calibration follow one plan, so that nothing is ever judged by a model that has seen it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {

/// Split k learns from splits[k].train and predicts splits[k].test.
struct FoldPlan {
  std::vector<Split> splits;
  std::vector<int> fold;  // of each row: the split that predicts it, −1 where none does
  bool forward = false;   // in order of time: only earlier splits may calibrate a later one

  /// Rows whose calibrated prediction can be judged: all that are predicted; walking forward, all after the first
  /// split, which only calibrates.
  std::vector<std::int64_t> judged() const;
};

/// Throws bad_input as stratified_folds does.
FoldPlan stratified_plan(std::span<const std::uint8_t> truth, int folds, std::uint64_t seed);
/// chronological_folds() as a plan; at least two splits. Throws bad_input as it does.
FoldPlan forward_plan(std::span<const double> times, int folds, double embargo = 0);

/// Log-odds of each row by a pipeline that was fitted on its split's training rows; NaN where none predicts it.
std::vector<double> cross_fit(const Table& inputs, std::span<const std::uint8_t> truth, const FoldPlan& plan,
                              const FitOptions& options);

/// Platt scaling of out-of-fold scores: each row by the other folds, or by the earlier ones where the plan walks
/// forward. NaN where a row is not judged.
std::vector<double> cross_calibrate(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                    const FoldPlan& plan);

}  // namespace ballast::tabular
