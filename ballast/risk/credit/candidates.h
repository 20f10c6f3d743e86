// SPDX-License-Identifier: Apache-2.0
// Base models fitted out of fold, and stacks of them: scores in log-odds, one list a model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ballast/risk/credit.h"
#include "ballast/tabular/logistic.h"
#include "ballast/tabular/validation.h"

namespace ballast::risk {

/// The inputs as each fold's models see them. Without text columns they are the same table for all. A text column
/// stands as one number: for the rows that a fold's models learn from it comes from readers that had not seen the row
/// either (inner folds), for the rows they are judged on from a reader of all the others.
class FoldInputs {
 public:
  FoldInputs(tabular::Table inputs, std::span<const std::uint8_t> truth, std::span<const int> fold,
             const CreditTraining& training, const ReaderTrainer& notes, const std::function<void()>& between);

  const tabular::Table& of(int fold) const { return folds_.empty() ? whole_ : folds_[static_cast<std::size_t>(fold)]; }
  /// All rows with the numbers that the outer folds' readers gave: what the final model learns from.
  const tabular::Table& whole() const { return whole_; }
  /// The texts of text column `i`, one a row.
  const std::vector<std::string>& texts(std::size_t i) const { return texts_[i]; }

 private:
  tabular::Table whole_;
  std::vector<tabular::Table> folds_;
  std::vector<std::vector<std::string>> texts_;
};

/// Options of the desk's models. Boosted trees: half of the features a tree; below 20,000 rows depths up to 10 and
/// three bags, which steady the scores of small data.
tabular::FitOptions credit_fit_options(tabular::ModelKind kind, std::int64_t rows, std::uint64_t seed);

/// Each row scored by a pipeline that was fitted without its fold, on the columns of `inputs` but `without`.
std::vector<double> cross_fit_pipeline(const FoldInputs& inputs, std::span<const std::uint8_t> truth,
                                       std::span<const double> weights, std::span<const int> fold,
                                       const tabular::FitOptions& options, std::span<const std::string> without = {});

/// The same for a language model over the serialised application.
std::vector<double> cross_fit_language(const FoldInputs& inputs, std::span<const std::uint8_t> truth,
                                       std::span<const int> fold, const CreditTraining& training,
                                       const ReaderTrainer& trainer, std::int64_t& truncated);

/// Weights of models' log-odds: a logistic regression on their out-of-fold scores at `rows`. A negative weight would
/// turn a model's reasons round, so such models are left out, the worst first.
tabular::LogisticModel stack_weights(std::span<const std::vector<double>> scores, std::span<const std::uint8_t> truth,
                                     std::span<const std::int64_t> rows);
double stacked(const tabular::LogisticModel& weights, std::span<const std::vector<double>> scores, std::size_t row);
/// Each row stacked by weights that the other folds gave.
std::vector<double> stack_out_of_fold(std::span<const std::vector<double>> scores, std::span<const std::uint8_t> truth,
                                      std::span<const int> fold);

/// The figures of a candidate. `pd` are its calibrated probabilities.
CreditCandidate judge_candidate(const std::string& name, std::span<const double> scores, std::span<const double> pd,
                                std::span<const std::uint8_t> truth, std::span<const int> fold, double cut_off,
                                std::uint64_t seed);

/// Mean and standard error of the rows' differences in log loss, a − b.
std::array<double, 2> log_loss_difference(std::span<const double> a, std::span<const double> b,
                                          std::span<const std::uint8_t> truth);

}  // namespace ballast::risk
