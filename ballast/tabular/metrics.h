// SPDX-License-Identifier: Apache-2.0
// How good are predictions? Truths and predictions come in as plain numbers, measures go out. Sizes that differ are our
// own broken promise (internal error); no rows at all is Error(bad_input). A measure that its data does not define
// (for example AUC with one class only) is NaN, never a made-up number.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ballast::tabular {

/// counts[truth * classes + predicted].
struct ConfusionMatrix {
  int classes = 0;
  std::vector<std::int64_t> counts;

  std::int64_t at(int truth, int predicted) const;
  std::int64_t total() const;
};

/// Classes are numbers in [0, classes).
ConfusionMatrix confusion_matrix(std::span<const int> truth, std::span<const int> predicted, int classes);

struct ClassScores {
  double precision = 0, recall = 0, f1 = 0;  // 0 where the denominator is 0
  std::int64_t support = 0;                  // rows of this class
  std::int64_t predicted = 0;                // rows said to be of this class
};

double accuracy(const ConfusionMatrix& m);
std::vector<ClassScores> class_scores(const ConfusionMatrix& m);
/// Mean F1 over the classes that occur or are predicted (as scikit-learn's f1_score).
double macro_f1(const ConfusionMatrix& m);
/// For exclusive classes this is the accuracy.
double micro_f1(const ConfusionMatrix& m);
/// Matthews correlation for any number of classes, R_K of Gorodkin (2004), "Comparing two K-category assignments by a
/// K-category correlation coefficient"; 0 where truth or prediction is constant.
double matthews_correlation(const ConfusionMatrix& m);

struct MultilabelScores {
  std::vector<ClassScores> labels;
  double macro_f1 = 0;  // over all labels; one that neither occurs nor is predicted counts 0
  double micro_f1 = 0;
  double subset_accuracy = 0;  // share of rows with every label right
};

/// [rows, labels] of 0 and 1.
MultilabelScores multilabel_scores(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> predicted,
                                   int labels);

/// Area under the ROC curve: the chance that a positive scores above a negative, ties counting half (Mann & Whitney
/// 1947). NaN unless both classes occur.
double auc(std::span<const double> scores, std::span<const std::uint8_t> truth);

/// Average precision: Σ (recall_i − recall_{i−1}) · precision_i over falling thresholds, equal scores taken together.
/// NaN without positives.
double pr_auc(std::span<const double> scores, std::span<const std::uint8_t> truth);

/// Mean squared error of the probability (Brier 1950, in the form for one event, in [0, 1]).
double brier_score(std::span<const double> probabilities, std::span<const std::uint8_t> truth);
/// The form for classes, in [0, 2]: probabilities [rows, classes].
double brier_score(std::span<const double> probabilities, std::span<const int> truth, int classes);

/// Mean negative log-likelihood in nats; probabilities are kept 1e-15 away from 0 and 1.
double log_loss(std::span<const double> probabilities, std::span<const std::uint8_t> truth);
double log_loss(std::span<const double> probabilities, std::span<const int> truth, int classes);

struct CalibrationBin {
  std::int64_t rows = 0;
  double mean_probability = 0, observed = 0;
};

struct CalibrationReport {
  std::vector<CalibrationBin> bins;  // by rising probability
  double ece = 0;                    // expected calibration error: Σ rows/all · |mean probability − observed|
  double chance_95 = 0;              // 95th percentile of the ECE of outcomes drawn from the model's own probabilities
  bool fine() const { return ece <= chance_95; }
};

/// Calibration in bins of equal mass (sorted by probability, cut at i·rows/bins). For classes give the probability of
/// the predicted class and whether it was right. `simulations` draws decide chance_95; deterministic for a seed at any
/// thread count. Source: Naeini et al. (2015) for ECE, Vaicenavicius et al. (2019) for judging it against consistency
/// resampling.
CalibrationReport calibration_report(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                                     std::uint64_t seed = 42, int bins = 10, int simulations = 1000);

/// The p-quantile of ascending numbers, linear between neighbours (type 7 of Hyndman & Fan 1996).
double quantile(std::span<const double> ascending, double p);

}  // namespace ballast::tabular
