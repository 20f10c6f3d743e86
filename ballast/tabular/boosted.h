// SPDX-License-Identifier: Apache-2.0
// Boosted trees (Chen & Guestrin 2016) through the XGBoost C API, for a binary target. Each fit runs on one thread, and
// several fits side by side, so that a model has the same bits for any thread count.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/tabular/encoding.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {

struct BoostedParameters {
  int depth = 4;
  int rounds = 200;
  double eta = 0.05;           // learning rate
  double subsample = 0.8;      // rows a tree
  double column_sample = 0.8;  // features a tree
  double min_child_weight = 1, lambda = 1;
  std::vector<int> monotone;  // −1, 0, +1 a feature; empty: free
  std::uint64_t seed = 42;
  /// Boosters that differ in their seed (rows and features drawn) alone; the score is the mean of their log-odds.
  int bags = 1;
};

class BoostedTrees {
 public:
  /// Features may be NaN (missing). `weights` may be empty. Throws bad_input unless both classes are there.
  static BoostedTrees fit(const Matrix& features, std::span<const std::uint8_t> truth, std::span<const double> weights,
                          const BoostedParameters& parameters);
  /// Log-odds of each row.
  std::vector<double> scores(const Matrix& features) const;
  /// Exact Shapley contributions of the trees (Lundberg et al. 2020): [rows, features + 1], the last one the base. They
  /// add up to the score within float rounding.
  Matrix contributions(const Matrix& features) const;
  const BoostedParameters& parameters() const { return parameters_; }
  /// Log loss on the split's test rows after every round, until `patience` rounds brought no gain.
  static std::vector<double> held_out_losses(const Matrix& features, std::span<const std::uint8_t> truth,
                                             std::span<const double> weights, const Split& split,
                                             const BoostedParameters& parameters, int patience);

  /// XGBoost's own JSON (a list of them with several bags), with the parameters beside it.
  base::Json to_json() const;
  static BoostedTrees from_json(const base::Json& json, const std::string& where);

 private:
  struct Handle;
  void add_booster(std::string_view xgboost_json, const std::string& where);
  BoostedParameters parameters_;
  std::int64_t features_ = 0;
  std::vector<std::shared_ptr<Handle>> handles_;  // one a bag
};

/// How depth and number of rounds are found: for each depth, the log loss over stratified folds is followed round by
/// round until a fold has not gained for `patience` rounds; the depth and round with the least mean loss win. One rule
/// for all data.
struct BoostedOptions {
  std::vector<int> depths = {2, 4, 7};
  int max_rounds = 1500, patience = 50;
  int folds = 3;           // fewer than 2: no search, `base` as it is
  BoostedParameters base;  // everything but depth and rounds
};

BoostedTrees fit_boosted_cv(const Matrix& features, std::span<const std::uint8_t> truth,
                            std::span<const double> weights, const BoostedOptions& options = {});

}  // namespace ballast::tabular
