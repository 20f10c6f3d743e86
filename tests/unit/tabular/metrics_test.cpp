// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"

namespace ballast::tabular {
namespace {

// Three classes, ten rows:      said 0 1 2
//                        truth 0:    3 1 0
//                        truth 1:    0 2 1
//                        truth 2:    1 0 2
const std::vector<int> kTruth = {0, 0, 0, 0, 1, 1, 1, 2, 2, 2};
const std::vector<int> kSaid = {0, 0, 0, 1, 1, 1, 2, 0, 2, 2};

TEST(Metrics, ClassesByHand) {
  const auto m = confusion_matrix(kTruth, kSaid, 3);
  EXPECT_EQ(m.at(0, 1), 1);
  EXPECT_EQ(m.at(2, 0), 1);
  EXPECT_EQ(m.total(), 10);
  EXPECT_DOUBLE_EQ(accuracy(m), 0.7);
  EXPECT_DOUBLE_EQ(micro_f1(m), 0.7);
  const auto scores = class_scores(m);
  EXPECT_DOUBLE_EQ(scores[0].precision, 0.75);
  EXPECT_DOUBLE_EQ(scores[0].recall, 0.75);
  EXPECT_DOUBLE_EQ(scores[1].f1, 2.0 / 3);
  EXPECT_EQ(scores[1].support, 3);
  EXPECT_NEAR(macro_f1(m), (0.75 + 2.0 / 3 + 2.0 / 3) / 3, 1e-12);
  // c = 7, s = 10, said = truly = (4, 3, 3): (70 − 34) / (100 − 34)
  EXPECT_NEAR(matthews_correlation(m), 36.0 / 66, 1e-12);
}

TEST(Metrics, MatthewsOfTwoClassesIsTheUsualFormula) {
  // tp 6, fn 1, fp 2, tn 3
  ConfusionMatrix m{2, {3, 2, 1, 6}};
  EXPECT_NEAR(matthews_correlation(m), (6.0 * 3 - 2.0 * 1) / std::sqrt(8.0 * 7 * 5 * 4), 1e-12);
  EXPECT_EQ(matthews_correlation({2, {0, 5, 0, 5}}), 0);
}

TEST(Metrics, AClassThatNeitherOccursNorIsSaidDoesNotCount) {
  EXPECT_DOUBLE_EQ(macro_f1(confusion_matrix(kTruth, kSaid, 5)), macro_f1(confusion_matrix(kTruth, kSaid, 3)));
}

TEST(Metrics, MultilabelByHand) {
  const std::vector<std::uint8_t> truth = {1, 0, 1, 1, 0, 0, 0, 0}, said = {1, 0, 0, 1, 0, 0, 1, 0};
  const auto s = multilabel_scores(truth, said, 2);  // label 0: hit 1, said 2, truly 2; label 1: hit 1, said 1, truly 1
  EXPECT_DOUBLE_EQ(s.labels[0].f1, 0.5);
  EXPECT_DOUBLE_EQ(s.labels[1].f1, 1.0);
  EXPECT_DOUBLE_EQ(s.macro_f1, 0.75);
  EXPECT_DOUBLE_EQ(s.micro_f1, 4.0 / 6);
  EXPECT_DOUBLE_EQ(s.subset_accuracy, 0.5);
}

TEST(Metrics, RankingByHand) {
  const std::vector<double> scores = {0.1, 0.4, 0.35, 0.8};
  const std::vector<std::uint8_t> truth = {0, 0, 1, 1};
  EXPECT_DOUBLE_EQ(auc(scores, truth), 0.75);
  EXPECT_NEAR(pr_auc(scores, truth), 0.5 * 1 + 0.5 * 2.0 / 3, 1e-12);
  const std::vector<double> tied = {0.5, 0.5, 0.5, 0.9};
  EXPECT_DOUBLE_EQ(auc(tied, truth), (2 + 2 * 0.5) / 4);
  EXPECT_NEAR(pr_auc(tied, truth), 0.5 * 1 + 0.5 * 0.5, 1e-12);
  const std::vector<std::uint8_t> none(4, 0);
  EXPECT_TRUE(std::isnan(auc(scores, none)));
  EXPECT_TRUE(std::isnan(pr_auc(scores, none)));
}

TEST(Metrics, ProbabilitiesByHand) {
  const std::vector<double> p = {0.9, 0.2};
  const std::vector<std::uint8_t> truth = {1, 0};
  EXPECT_NEAR(brier_score(p, truth), (0.01 + 0.04) / 2, 1e-12);
  EXPECT_NEAR(log_loss(p, truth), -(std::log(0.9) + std::log(0.8)) / 2, 1e-12);
  const std::vector<double> classes = {0.7, 0.2, 0.1, 0.3, 0.3, 0.4};
  const std::vector<int> labels = {0, 2};
  EXPECT_NEAR(brier_score(classes, labels, 3), (0.09 + 0.04 + 0.01 + 0.09 + 0.09 + 0.36) / 2, 1e-12);
  EXPECT_NEAR(log_loss(classes, labels, 3), -(std::log(0.7) + std::log(0.4)) / 2, 1e-12);
  EXPECT_NEAR(log_loss(std::vector<double>{0.0}, std::vector<std::uint8_t>{1}), 34.5388, 1e-3);
}

TEST(Metrics, CalibrationByHand) {
  const std::vector<double> p = {0.1, 0.2, 0.8, 0.9};
  const std::vector<std::uint8_t> truth = {0, 1, 1, 1};
  const auto report = calibration_report(p, truth, 42, 2);
  ASSERT_EQ(report.bins.size(), 2u);
  EXPECT_NEAR(report.bins[0].mean_probability, 0.15, 1e-12);
  EXPECT_NEAR(report.bins[0].observed, 0.5, 1e-12);
  EXPECT_NEAR(report.ece, 0.5 * 0.35 + 0.5 * 0.15, 1e-12);
}

TEST(Metrics, CalibrationTellsHonestFromOverconfident) {
  base::Random random(1);
  std::vector<double> honest, sharp;
  std::vector<std::uint8_t> truth;
  for (int i = 0; i < 2000; ++i) {
    const double p = random.uniform();
    honest.push_back(p);
    sharp.push_back(p > 0.5 ? 1 - (1 - p) / 3 : p / 3);
    truth.push_back(random.uniform() < p);
  }
  EXPECT_TRUE(calibration_report(honest, truth).fine());
  EXPECT_FALSE(calibration_report(sharp, truth).fine());
  base::set_threads(1);
  const auto one = calibration_report(honest, truth);
  base::set_threads(4);
  const auto four = calibration_report(honest, truth);
  base::set_threads(0);
  EXPECT_EQ(one.chance_95, four.chance_95);
  EXPECT_GT(one.chance_95, 0.01);
  EXPECT_LT(one.chance_95, 0.05);
}

TEST(Metrics, QuantilesAreLinearBetweenNeighbours) {
  const std::vector<double> v = {1, 2, 4};
  EXPECT_DOUBLE_EQ(quantile(v, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(v, 0.75), 3);
  EXPECT_DOUBLE_EQ(quantile(v, 1), 4);
}

TEST(Metrics, NoRowsAndWrongSizesAreErrors) {
  try {
    auc({}, {});
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::bad_input);
    EXPECT_EQ(e.problem(), "no rows to measure");
  }
  EXPECT_THROW(confusion_matrix(std::vector<int>{3}, std::vector<int>{0}, 3), base::Error);
  EXPECT_THROW(brier_score(std::vector<double>{0.1, 0.2}, std::vector<std::uint8_t>{1}), base::Error);
}

}  // namespace
}  // namespace ballast::tabular
