// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/fold_plan.h"

#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::tabular {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::vector<std::int64_t> FoldPlan::judged() const {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < fold.size(); ++i) {
    if (fold[i] >= (forward ? 1 : 0)) rows.push_back(static_cast<std::int64_t>(i));
  }
  return rows;
}

FoldPlan stratified_plan(std::span<const std::uint8_t> truth, int folds, std::uint64_t seed) {
  FoldPlan plan;
  plan.fold = stratified_folds(truth, folds, seed);
  for (int f = 0; f < folds; ++f) plan.splits.push_back(split_at(plan.fold, f));
  return plan;
}

FoldPlan forward_plan(std::span<const double> times, int folds, double embargo) {
  BALLAST_CHECK(folds >= 2, folds);
  FoldPlan plan;
  plan.forward = true;
  plan.fold.assign(times.size(), -1);
  plan.splits = chronological_folds(times, folds, embargo);
  for (std::size_t k = 0; k < plan.splits.size(); ++k) {
    for (const std::int64_t row : plan.splits[k].test) plan.fold[static_cast<std::size_t>(row)] = static_cast<int>(k);
  }
  return plan;
}

std::vector<double> cross_fit(const Table& inputs, std::span<const std::uint8_t> truth, const FoldPlan& plan,
                              const FitOptions& options) {
  std::vector<double> scores(truth.size(), kNone);
  base::parallel_for(static_cast<std::int64_t>(plan.splits.size()), [&](std::int64_t k) {
    const Split& split = plan.splits[static_cast<std::size_t>(k)];
    const Pipeline pipeline = Pipeline::fit(inputs.take(split.train), take(truth, split.train), {}, options);
    const std::vector<double> mine = pipeline.scores(inputs.take(split.test));
    for (std::size_t i = 0; i < mine.size(); ++i) scores[static_cast<std::size_t>(split.test[i])] = mine[i];
  });
  return scores;
}

std::vector<double> cross_calibrate(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                    const FoldPlan& plan) {
  BALLAST_CHECK(scores.size() == truth.size() && plan.fold.size() == truth.size(), scores.size());
  std::vector<double> out(scores.size(), kNone);
  for (int k = plan.forward ? 1 : 0; k < static_cast<int>(plan.splits.size()); ++k) {
    std::vector<std::int64_t> others;
    for (std::size_t i = 0; i < plan.fold.size(); ++i) {
      if (plan.fold[i] >= 0 && (plan.forward ? plan.fold[i] < k : plan.fold[i] != k)) {
        others.push_back(static_cast<std::int64_t>(i));
      }
    }
    const PlattScaling platt = fit_platt(take(scores, others), take(truth, others));
    for (const std::int64_t row : plan.splits[static_cast<std::size_t>(k)].test) {
      out[static_cast<std::size_t>(row)] = platt(scores[static_cast<std::size_t>(row)]);
    }
  }
  return out;
}

}  // namespace ballast::tabular
