// SPDX-License-Identifier: Apache-2.0
// Out-of-fold fits, stacks and figures.
#include "ballast/risk/credit/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ballast/base/parallel.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using tabular::Split;
using tabular::Table;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kInnerFolds = 5;
constexpr std::int64_t kManyRows = 20'000;
constexpr double kStackC = 10;  // next to no penalty on three or four weights

int folds_in(std::span<const int> fold) {
  return 1 + *std::max_element(fold.begin(), fold.end());
}

std::vector<std::string> texts_of(const tabular::Column& column, std::int64_t rows) {
  std::vector<std::string> texts;
  for (std::int64_t r = 0; r < rows; ++r) texts.push_back(tabular::cell_text(column, r));
  return texts;
}

/// Reads the texts at `test` with a model of the texts at `train`. An empty text is no number.
void read_split(std::span<const std::string> texts, std::span<const std::uint8_t> truth, const Split& split,
                std::uint64_t seed, const ReaderTrainer& trainer, std::vector<double>& numbers) {
  ReaderExamples examples;
  examples.texts = tabular::take<std::string>(texts, split.train);
  examples.bad = tabular::take<std::uint8_t>(truth, split.train);
  examples.plain = examples.texts.size();
  examples.seed = seed;
  const auto scores = trainer(examples)->scores(tabular::take<std::string>(texts, split.test));
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto row = static_cast<std::size_t>(split.test[i]);
    numbers[row] = texts[row].empty() ? kNaN : scores[i];
  }
}

/// Puts numbers in the place of a text column.
void set_numbers(Table& table, const std::string& name, const std::vector<double>& numbers) {
  for (tabular::Column& column : table.columns) {
    if (column.spec.name != name) continue;
    column.spec = {name, tabular::ColumnKind::numeric, false, false, {}};
    column.codes.clear();
    column.numbers = numbers;
    column.spec.had_missing = std::any_of(numbers.begin(), numbers.end(), [](double x) { return std::isnan(x); });
  }
}

}  // namespace

FoldInputs::FoldInputs(Table inputs, std::span<const std::uint8_t> truth, std::span<const int> fold,
                       const CreditTraining& training, const ReaderTrainer& notes, const std::function<void()>& between)
    : whole_(std::move(inputs)) {
  if (training.text_columns.empty()) return;
  const int folds = folds_in(fold);
  folds_.assign(static_cast<std::size_t>(folds), whole_);
  for (const std::string& name : training.text_columns) {
    texts_.push_back(texts_of(whole_.at(name), whole_.rows()));
    const std::vector<std::string>& texts = texts_.back();
    std::vector<double> outer(truth.size());
    for (int f = 0; f < folds; ++f) {
      const Split split = tabular::split_at(fold, f);
      read_split(texts, truth, split, training.seed, notes, outer);
      std::vector<double> inner(outer);
      const auto inside =
          tabular::stratified_folds(tabular::take<std::uint8_t>(truth, split.train), kInnerFolds, training.seed);
      for (int g = 0; g < kInnerFolds; ++g) {
        const Split positions = tabular::split_at(inside, g);
        const Split rows = {tabular::take<std::int64_t>(split.train, positions.train),
                            tabular::take<std::int64_t>(split.train, positions.test)};
        read_split(texts, truth, rows, training.seed, notes, inner);
      }
      set_numbers(folds_[static_cast<std::size_t>(f)], name, inner);
      if (between) between();
    }
    set_numbers(whole_, name, outer);
  }
}

tabular::FitOptions credit_fit_options(tabular::ModelKind kind, std::int64_t rows, std::uint64_t seed) {
  tabular::FitOptions o;
  o.kind = kind;
  o.seed = seed;
  o.boosted.base.column_sample = 0.5;
  if (rows < kManyRows) {
    o.boosted.depths = {2, 4, 7, 10};
    o.boosted.base.bags = 3;
  }
  return o;
}

std::vector<double> cross_fit_pipeline(const FoldInputs& inputs, std::span<const std::uint8_t> truth,
                                       std::span<const double> weights, std::span<const int> fold,
                                       const tabular::FitOptions& options, std::span<const std::string> without) {
  std::vector<double> scores(truth.size());
  base::parallel_for(folds_in(fold), [&](std::int64_t f) {
    const Split split = tabular::split_at(fold, static_cast<int>(f));
    const Table table = inputs.of(static_cast<int>(f)).without(without);
    tabular::FitOptions own = options;
    own.logistic.penalty = options.logistic.penalty.take(split.train);
    const auto pipeline =
        tabular::Pipeline::fit(table.take(split.train), tabular::take<std::uint8_t>(truth, split.train),
                               tabular::take<double>(weights, split.train), own);
    const std::vector<double> mine = pipeline.scores(table.take(split.test));
    for (std::size_t i = 0; i < mine.size(); ++i) scores[static_cast<std::size_t>(split.test[i])] = mine[i];
  });
  return scores;
}

std::vector<double> cross_fit_language(const FoldInputs& inputs, std::span<const std::uint8_t> truth,
                                       std::span<const int> fold, const CreditTraining& training,
                                       const ReaderTrainer& trainer, std::int64_t& truncated) {
  std::vector<double> scores(truth.size());
  for (int f = 0; f < folds_in(fold); ++f) {
    const Split split = tabular::split_at(fold, f);
    const auto part = LanguagePart::fit(inputs.of(f).take(split.train), tabular::take<std::uint8_t>(truth, split.train),
                                        training.words, training.seed, trainer);
    const std::vector<double> mine = part.scores(inputs.of(f).take(split.test));
    for (std::size_t i = 0; i < mine.size(); ++i) scores[static_cast<std::size_t>(split.test[i])] = mine[i];
    truncated = std::max(truncated, part.reader->truncated());
  }
  return scores;
}

tabular::LogisticModel stack_weights(std::span<const std::vector<double>> scores, std::span<const std::uint8_t> truth,
                                     std::span<const std::int64_t> rows) {
  std::vector<std::size_t> used(scores.size());
  std::iota(used.begin(), used.end(), std::size_t{0});
  tabular::LogisticModel out{0, std::vector<double>(scores.size(), 0), 1};
  while (true) {
    tabular::Matrix x{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(used.size()), {}};
    for (const std::int64_t r : rows) {
      for (const std::size_t m : used) x.values.push_back(scores[m][static_cast<std::size_t>(r)]);
    }
    const auto fit = tabular::fit_logistic(x, tabular::take<std::uint8_t>(truth, rows), {}, kStackC);
    const auto worst = std::min_element(fit.coefficients.begin(), fit.coefficients.end());
    if (*worst < 0 && used.size() > 1) {
      used.erase(used.begin() + (worst - fit.coefficients.begin()));
      continue;
    }
    out.intercept = fit.intercept;
    for (std::size_t i = 0; i < used.size(); ++i) out.coefficients[used[i]] = fit.coefficients[i];
    return out;
  }
}

double stacked(const tabular::LogisticModel& weights, std::span<const std::vector<double>> scores, std::size_t row) {
  double sum = weights.intercept;
  for (std::size_t m = 0; m < scores.size(); ++m) sum += weights.coefficients[m] * scores[m][row];
  return sum;
}

std::vector<double> stack_out_of_fold(std::span<const std::vector<double>> scores, std::span<const std::uint8_t> truth,
                                      std::span<const int> fold) {
  std::vector<double> out(truth.size());
  for (int f = 0; f < folds_in(fold); ++f) {
    const Split split = tabular::split_at(fold, f);
    const auto weights = stack_weights(scores, truth, split.train);
    for (const std::int64_t r : split.test) {
      out[static_cast<std::size_t>(r)] = stacked(weights, scores, static_cast<std::size_t>(r));
    }
  }
  return out;
}

CreditCandidate judge_candidate(const std::string& name, std::span<const double> scores, std::span<const double> pd,
                                std::span<const std::uint8_t> truth, std::span<const int> fold, double cut_off,
                                std::uint64_t seed) {
  CreditCandidate c;
  c.name = name;
  c.auc = tabular::auc_with_interval(pd, truth);
  const int folds = folds_in(fold);
  std::vector<double> aucs, briers;
  for (int f = 0; f < folds; ++f) {
    const Split split = tabular::split_at(fold, f);
    const auto own = tabular::take<std::uint8_t>(truth, split.test);
    aucs.push_back(tabular::auc(tabular::take<double>(scores, split.test), own));
    briers.push_back(tabular::brier_score(tabular::take<double>(pd, split.test), own));
  }
  const auto spread = [&](const std::vector<double>& values, double& mean) {
    mean = std::accumulate(values.begin(), values.end(), 0.0) / folds;
    double square = 0;
    for (const double v : values) square += (v - mean) * (v - mean) / folds;
    return std::sqrt(square);
  };
  double mean_brier = 0;
  c.fold_sd = spread(aucs, c.fold_auc);
  c.fold_brier_sd = spread(briers, mean_brier);
  c.ks = tabular::ks_distance(pd, truth);
  c.brier = tabular::brier_score(pd, truth);
  c.average_precision = tabular::pr_auc(pd, truth);
  c.log_loss = tabular::log_loss(pd, truth);
  std::vector<int> said, was(truth.begin(), truth.end());
  for (const double p : pd) said.push_back(p > cut_off ? 1 : 0);
  c.mcc = tabular::matthews_correlation(tabular::confusion_matrix(was, said, 2));
  const auto calibration = tabular::calibration_report(pd, truth, seed);
  c.ece = calibration.ece;
  c.ece_chance = calibration.chance_95;
  c.bins = calibration.bins;
  return c;
}

std::array<double, 2> log_loss_difference(std::span<const double> a, std::span<const double> b,
                                          std::span<const std::uint8_t> truth) {
  const auto loss = [&](double probability, std::size_t i) {
    const double p = std::clamp(probability, 1e-15, 1 - 1e-15);
    return truth[i] != 0 ? -std::log(p) : -std::log1p(-p);
  };
  const auto n = static_cast<double>(truth.size());
  double sum = 0, square = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += loss(a[i], i) - loss(b[i], i);
  const double mean = sum / n;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double d = loss(a[i], i) - loss(b[i], i) - mean;
    square += d * d;
  }
  return {mean, std::sqrt(square / (n - 1) / n)};
}

}  // namespace ballast::risk
