// SPDX-License-Identifier: Apache-2.0
// The interior-point method: optimality by the KKT conditions, which are computed from the problem alone.
#include "ballast/risk/portfolio/program.h"

#include <gtest/gtest.h>

#include "ballast/base/random.h"

namespace ballast::risk {
namespace {

Program random_program(std::uint64_t seed, int n, int scenarios) {
  base::Random random(seed);
  const auto noise = [&](int rows, int columns) {
    Eigen::MatrixXd m(rows, columns);
    for (double& v : m.reshaped()) v = random.normal();
    return m;
  };
  Program p;
  const Eigen::MatrixXd root = noise(n, n);
  p.P = seed % 2 == 0 ? Eigen::MatrixXd(root * root.transpose()) : Eigen::MatrixXd::Zero(n, n);  // odd: linear
  p.q = noise(n, 1);
  p.A = Eigen::MatrixXd::Ones(1, n);
  p.b = Eigen::VectorXd::Ones(1);
  p.G.resize(2 * n, n);
  p.G << Eigen::MatrixXd::Identity(n, n), -Eigen::MatrixXd::Identity(n, n);
  p.h.resize(2 * n);
  p.h << Eigen::VectorXd::Constant(n, 0.5), Eigen::VectorXd::Zero(n);
  if (scenarios > 0) {
    p.H = noise(scenarios, n);
    p.r = noise(scenarios, 1);
    p.hinge = 0.7;
  }
  return p;
}

TEST(InteriorPoint, MeetsTheKktConditions) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Program p = random_program(seed, 3 + static_cast<int>(seed % 8), seed % 3 == 0 ? 0 : 50);
    const ProgramSolution s = solve(p);
    EXPECT_TRUE(s.solved) << seed;
    EXPECT_LT(kkt_violation(p, s), 1e-7) << seed;
  }
}

TEST(InteriorPoint, TheCheckNoticesAWrongAnswer) {
  const Program p = random_program(2, 5, 50);
  ProgramSolution s = solve(p);
  s.x[0] += 1e-3;
  s.x[1] -= 1e-3;
  EXPECT_GT(kkt_violation(p, s), 1e-4);
  s = solve(p);
  s.scenario[0] += 1e-3;
  EXPECT_GT(kkt_violation(p, s), 1e-5);
}

TEST(InteriorPoint, SaysWhenNothingMeetsTheConstraints) {
  Program p = random_program(2, 3, 20);
  p.h.head(3).setConstant(0.3);  // three times 0.3 is below 1
  EXPECT_FALSE(solve(p).solved);
}

}  // namespace
}  // namespace ballast::risk
