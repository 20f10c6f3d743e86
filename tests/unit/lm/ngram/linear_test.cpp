// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/linear.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/lm/ngram/lbfgs.h"

namespace ballast::lm {
namespace {

TEST(Lbfgs, FindsTheMinimumOfAnIllConditionedQuadratic) {
  std::vector<float> x(50, 1.0f);
  const auto function = [](std::span<const float> at, std::span<float> g) {
    double value = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const double scale = 1 + 10.0 * static_cast<double>(i),
                   d = static_cast<double>(at[i]) - 0.1 * static_cast<double>(i);
      value += 0.5 * scale * d * d;
      g[i] = static_cast<float>(scale * d);
    }
    return value;
  };
  LbfgsOptions options;
  options.tolerance = 1e-5;
  const auto result = minimise_lbfgs(x, function, options);
  EXPECT_TRUE(result.converged);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], 0.1 * static_cast<double>(i), 5e-3);
}

/// rows × features, each row with a few random entries.
SparseMatrix random_rows(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  base::Random random(seed);
  SparseMatrix m;
  m.rows = rows;
  m.cols = cols;
  m.start.push_back(0);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int32_t c = 0; c < cols; ++c) {
      if (random.uniform() < 0.3) {
        m.index.push_back(c);
        m.value.push_back(static_cast<float>(random.normal()));
      }
    }
    m.start.push_back(static_cast<std::int64_t>(m.index.size()));
  }
  return m;
}

LinearTask random_task(LinearLoss loss, std::int64_t rows, int outputs) {
  base::Random random(7);
  LinearTask task;
  task.loss = loss;
  task.outputs = outputs;
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto right = static_cast<int>(random.below(static_cast<std::uint64_t>(outputs)));
    for (int o = 0; o < outputs; ++o) {
      const bool yes = loss == LinearLoss::multilabel ? random.uniform() < 0.3 : o == right;
      task.targets.push_back(yes);
    }
  }
  return task;
}

/// The objective in f64, straight from its definition.
double objective(const SparseMatrix& x, const LinearTask& task, const std::vector<double>& w, double c) {
  const auto k = static_cast<std::size_t>(task.outputs), bias = static_cast<std::size_t>(x.cols) * k;
  double total = 0;
  for (const double v : w) total += 0.5 * v * v;
  for (std::size_t r = 0; r < static_cast<std::size_t>(x.rows); ++r) {
    std::vector<double> z(w.begin() + static_cast<std::ptrdiff_t>(bias), w.end());
    for (auto e = static_cast<std::size_t>(x.start[r]); e < static_cast<std::size_t>(x.start[r + 1]); ++e) {
      for (std::size_t o = 0; o < k; ++o)
        z[o] += static_cast<double>(x.value[e]) * w[static_cast<std::size_t>(x.index[e]) * k + o];
    }
    double sum = 0;
    for (const double v : z) sum += std::exp(v);
    for (std::size_t o = 0; o < k; ++o) {
      const int y = task.targets[r * k + o];
      if (task.loss == LinearLoss::softmax) {
        if (y == 1) total += c * (std::log(sum) - z[o]);
      } else if (y >= 0) {
        total += c * std::log1p(std::exp(y ? -z[o] : z[o]));
      }
    }
  }
  return total;
}

class LinearFits : public ::testing::TestWithParam<LinearLoss> {};

TEST_P(LinearFits, ReachTheMinimumOfTheObjective) {
  const auto x = random_rows(60, 8, 3);
  auto task = random_task(GetParam(), 60, 3);
  LinearOptions options;
  options.c_grid = {2};
  options.tolerance = 1e-4;
  const auto fit = fit_linear(x, task, options);
  EXPECT_TRUE(fit.converged);
  std::vector<double> w(fit.weight.begin(), fit.weight.end());
  w.insert(w.end(), fit.bias.begin(), fit.bias.end());
  // At the minimum of a convex function every partial derivative is zero.
  for (std::size_t i = 0; i < w.size(); ++i) {
    auto up = w, down = w;
    up[i] += 1e-4;
    down[i] -= 1e-4;
    EXPECT_NEAR((objective(x, task, up, 2) - objective(x, task, down, 2)) / 2e-4, 0, 1e-2) << i;
  }
}

TEST_P(LinearFits, AreTheSameForAnyThreadCount) {
  const auto x = random_rows(400, 30, 5);
  const auto task = random_task(GetParam(), 400, 3);
  base::set_threads(1);
  const auto one = fit_linear(x, task);
  base::set_threads(3);
  const auto three = fit_linear(x, task);
  base::set_threads(0);
  EXPECT_EQ(one.weight, three.weight);
  EXPECT_EQ(one.bias, three.bias);
  EXPECT_EQ(one.held_out_f1.size(), LinearOptions().c_grid.size());
}

INSTANTIATE_TEST_SUITE_P(Losses, LinearFits,
                         ::testing::Values(LinearLoss::softmax, LinearLoss::one_vs_rest, LinearLoss::multilabel));

TEST(LinearFit, UnknownTargetsDoNotCount) {
  const auto all = random_rows(50, 6, 3);
  auto task = random_task(LinearLoss::multilabel, 50, 2);
  LinearOptions options;
  options.c_grid = {1};
  options.tolerance = 1e-4;
  for (std::size_t r = 25; r < 50; ++r) task.targets[2 * r + 1] = -1;
  const auto with_unknown = fit_linear(all, task, options);
  SparseMatrix half = all;
  half.rows = 25;
  half.start.resize(26);
  half.index.resize(static_cast<std::size_t>(half.start[25]));
  half.value.resize(half.index.size());
  task.targets.resize(50);
  const auto without = fit_linear(half, task, options);
  for (std::size_t f = 0; f < 6; ++f) EXPECT_NEAR(with_unknown.weight[2 * f + 1], without.weight[2 * f + 1], 2e-3);
}

TEST(LinearFit, BalancedClassesFindARareOne) {
  SparseMatrix x;
  x.rows = 100;
  x.cols = 1;
  x.start.push_back(0);
  LinearTask task{LinearLoss::multilabel, 1, {}, true};
  for (int r = 0; r < 100; ++r) {
    x.index.push_back(0);
    x.value.push_back(r < 5 ? 1.0f : 0.5f);
    x.start.push_back(r + 1);
    task.targets.push_back(r < 5);
  }
  LinearOptions options;
  options.c_grid = {1};
  const auto fit = fit_linear(x, task, options);
  EXPECT_GT(fit.weight[0] + fit.bias[0], 0);
  task.balanced = false;
  const auto plain = fit_linear(x, task, options);
  EXPECT_LT(plain.weight[0] + plain.bias[0], 0);
}

TEST(LinearFit, NoRowsIsAnError) {
  try {
    fit_linear({}, {LinearLoss::softmax, 2, {}, false});
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(e.problem(), "no rows to fit on");
  }
}

TEST(LinearMacroF1, ByHand) {
  const LinearTask task{LinearLoss::one_vs_rest, 3, {1, 0, 0, 0, 1, 0, 1, 0, 0}, false};
  const std::vector<float> scores = {2, 1, 0, 1, 2, 0, 0, 1, -1};  // says 0, 1, 1; class 2 neither occurs nor is said
  const std::vector<std::int64_t> rows = {0, 1, 2};
  EXPECT_NEAR(linear_macro_f1(scores, task, rows), (2.0 / 3 + 2.0 / 3) / 2, 1e-12);
}

}  // namespace
}  // namespace ballast::lm
