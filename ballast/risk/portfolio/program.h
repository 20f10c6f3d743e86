// SPDX-License-Identifier: Apache-2.0
// Convex quadratic programs with hinge terms, by a primal-dual interior-point method (Mehrotra's predictor-corrector;
// Nocedal & Wright, Numerical Optimization, 2nd ed., §16.6). The hinge terms are those of Rockafellar & Uryasev's CVaR:
// one slack variable a scenario, eliminated by hand, so that an iteration costs scenarios × variables² only.
#pragma once

#include <Eigen/Dense>

namespace ballast::risk {

/// min ½ x′Px + q′x + hinge · Σ max(0, r − Hx)   with Ax = b, Gx ≤ h. P is positive semi-definite. The numbers should
/// be of order 1: tolerances are absolute.
struct Program {
  Eigen::MatrixXd P;
  Eigen::VectorXd q;
  Eigen::MatrixXd A;
  Eigen::VectorXd b;
  Eigen::MatrixXd G;
  Eigen::VectorXd h;
  Eigen::MatrixXd H = {};
  Eigen::VectorXd r = {};
  double hinge = 0;
};

struct ProgramSolution {
  Eigen::VectorXd x;
  Eigen::VectorXd equality, inequality, scenario;  // multipliers of Ax = b, Gx ≤ h, and of the hinges in [0, hinge]
  double violation = 0;                            // the largest violated KKT condition
  int iterations = 0;
  bool solved = false;
};

/// Not solved where the constraints contradict each other (or the objective has no lower bound).
ProgramSolution solve(const Program& program);

/// The largest violation of the Karush-Kuhn-Tucker conditions, computed from the problem alone: stationarity, both
/// feasibilities, signs and complementarity.
double kkt_violation(const Program& program, const ProgramSolution& solution);

}  // namespace ballast::risk
