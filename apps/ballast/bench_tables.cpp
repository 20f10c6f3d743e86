// SPDX-License-Identifier: Apache-2.0
// Boosted trees, the challenger of every model of rows: searching for their depth and rounds, and scoring.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ballast/tabular/boosted.h"
#include "bench_measurements.h"

namespace ballast::apps {
namespace {

constexpr std::int64_t kRows = 1000, kColumns = 20, kScoredRows = 20'000;

/// A number in 0 … 1 that looks random; bench/peers/boosting.py has the same formula, so both learn from one table.
double number_at(std::int64_t row, std::int64_t column) {
  const double x = std::sin(static_cast<double>((row + 1) * (column + 1)) * 12.9898) * 43758.5453;
  return x - std::floor(x);
}

tabular::Matrix features_of(std::int64_t rows) {
  tabular::Matrix m{rows, kColumns, {}};
  m.values.reserve(static_cast<std::size_t>(rows * kColumns));
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < kColumns; ++j) m.values.push_back(number_at(i, j));
  }
  return m;
}

/// Odds that rise with the first column and with the product of the next two.
std::vector<std::uint8_t> drawn_truth(const tabular::Matrix& m) {
  std::vector<std::uint8_t> truth;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    const auto x = m.row(i);
    const double odds = std::exp(4 * (x[0] - 0.5) + 6 * (x[1] * x[2] - 0.25));
    truth.push_back(number_at(i, kColumns) < odds / (1 + odds) ? 1 : 0);
  }
  return truth;
}

}  // namespace

void bench_tables(const BenchPlan& plan, const MeasurementSink& sink) {
  const std::string search = "trees.search", score = "trees.score";
  if (!plan.wants(search) && !plan.wants(score)) return;
  const tabular::Matrix features = features_of(kRows);
  const std::vector<std::uint8_t> truth = drawn_truth(features);
  if (plan.wants(search)) {
    sink(measure(search, "searches/s", 1, plan.pace, [&] { tabular::fit_boosted_cv(features, truth, {}); }));
  }
  if (plan.wants(score)) {
    const tabular::BoostedTrees trees = tabular::BoostedTrees::fit(features, truth, {}, {});
    const tabular::Matrix rows = features_of(kScoredRows);
    sink(measure(score, "rows/s", static_cast<double>(kScoredRows), plan.pace, [&] { trees.scores(rows); }));
  }
}

}  // namespace ballast::apps
