// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/random.h"
#include "ballast/tabular/logistic.h"

namespace ballast::tabular {
namespace {

struct Drawn {
  Matrix x{600, 2, {}};
  std::vector<std::uint8_t> truth;
  GroupPenalty penalty{{{}}, 0};
  Drawn() {
    base::Random random(2);
    for (int i = 0; i < 600; ++i) {
      const int g = i % 3 == 0 ? 1 : 0;
      const double a = random.normal() + g, b = random.normal();
      x.values.push_back(a);
      x.values.push_back(b);
      truth.push_back(random.uniform() < 1 / (1 + std::exp(-(a + b))) ? 1 : 0);
      penalty.groups[0].push_back(g);
    }
  }
  /// Difference of the groups' mean scores.
  double apart(const LogisticModel& m) const {
    double sum[2] = {0, 0}, count[2] = {0, 0};
    for (std::int64_t i = 0; i < x.rows; ++i) {
      const int g = penalty.groups[0][static_cast<std::size_t>(i)];
      sum[g] += m(x.row(i));
      ++count[g];
    }
    return sum[1] / count[1] - sum[0] / count[0];
  }
};

TEST(LogisticPenaltyTest, PullsMeanScoresTogether) {
  Drawn d;
  double last = d.apart(fit_logistic(d.x, d.truth, {}, 1));
  EXPECT_GT(last, 0.7);
  for (const double strength : {1.0, 10.0, 1e4}) {
    d.penalty.strength = strength;
    const double now = d.apart(fit_logistic(d.x, d.truth, {}, 1, d.penalty));
    EXPECT_LT(now, last);
    last = now;
  }
  EXPECT_LT(last, 1e-3);
}

TEST(LogisticPenaltyTest, TheGradientVanishesAtTheOptimum) {
  // The condition for the second coefficient written out: Σ (p − y) x + β / C + strength · Σ_g n_g (m̄_g·β)(m̄_g) = 0.
  Drawn d;
  d.penalty.strength = 0.3;
  const LogisticModel m = fit_logistic(d.x, d.truth, {}, 0.5, d.penalty);
  double mean[2] = {0, 0}, group[2][2] = {{0, 0}, {0, 0}}, count[2] = {0, 0}, gradient[2] = {0, 0};
  for (std::int64_t i = 0; i < d.x.rows; ++i) {
    const int g = d.penalty.groups[0][static_cast<std::size_t>(i)];
    const double p = 1 / (1 + std::exp(-m(d.x.row(i))));
    ++count[g];
    for (int j = 0; j < 2; ++j) {
      mean[j] += d.x.row(i)[static_cast<std::size_t>(j)] / 600;
      group[g][j] += d.x.row(i)[static_cast<std::size_t>(j)];
      gradient[j] += (p - d.truth[static_cast<std::size_t>(i)]) * d.x.row(i)[static_cast<std::size_t>(j)];
    }
  }
  for (int g = 0; g < 2; ++g) {
    double dot = 0;
    for (int j = 0; j < 2; ++j) dot += (group[g][j] / count[g] - mean[j]) * m.coefficients[static_cast<std::size_t>(j)];
    for (int j = 0; j < 2; ++j) gradient[j] += 0.3 * count[g] * dot * (group[g][j] / count[g] - mean[j]);
  }
  for (int j = 0; j < 2; ++j) EXPECT_NEAR(gradient[j] + m.coefficients[static_cast<std::size_t>(j)] / 0.5, 0, 1e-3);
}

TEST(LogisticPenaltyTest, TakesRows) {
  const GroupPenalty p{{{0, 1, 2}, {5, 6, 7}}, 3};
  const std::int64_t rows[] = {2, 0};
  const GroupPenalty taken = p.take(rows);
  EXPECT_EQ(taken.groups, (std::vector<std::vector<int>>{{2, 0}, {7, 5}}));
  EXPECT_EQ(taken.strength, 3);
}

}  // namespace
}  // namespace ballast::tabular
