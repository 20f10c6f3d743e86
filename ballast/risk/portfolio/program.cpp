// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/portfolio/program.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ballast::risk {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kIterations = 100;
constexpr double kResidual = 1e-8;     // of the linear conditions
constexpr double kGap = 1e-13;         // mean product of slack and multiplier
constexpr double kToBoundary = 0.995;  // share of the step to the boundary that is taken

/// One family of inequalities with slack s and multiplier z, both kept positive.
struct Pairs {
  ArrayXd s, z, residual, rc, ds, dz;
  void start(const ArrayXd& slack, double multiplier) {
    s = slack.max(1.0);
    z = ArrayXd::Constant(slack.size(), multiplier);
    ds = dz = rc = residual = ArrayXd::Zero(slack.size());
  }
  ArrayXd weight() const { return z / s; }
  ArrayXd pull() const { return (z * residual - rc) / s; }
  /// `change` is that of the left-hand side.
  void step_for(const ArrayXd& change) {
    dz = pull() + weight() * change;
    ds = -residual - change;
  }
  double longest() const {
    double a = 1;
    for (Eigen::Index i = 0; i < s.size(); ++i) {
      if (ds[i] < 0) a = std::min(a, -s[i] / ds[i]);
      if (dz[i] < 0) a = std::min(a, -z[i] / dz[i]);
    }
    return a;
  }
  double product(double a) const { return ((s + a * ds) * (z + a * dz)).sum(); }
  void move(double a) {
    s += a * ds;
    z += a * dz;
  }
};

/// The iterate and its Newton steps. Families: 0 is Gx ≤ h, 1 is r − Hx ≤ u, 2 is 0 ≤ u.
class InteriorPoint {
 public:
  explicit InteriorPoint(const Program& p)
      : p_(p), x_(VectorXd::Zero(p.q.size())), y_(VectorXd::Zero(p.b.size())), u_(p.r.array().max(0.0) + 1.0) {
    families_[0].start(p.h.array(), 1.0);
    families_[1].start((u_ - p.r.array()), p.hinge / 2);
    families_[2].start(u_, p.hinge / 2);
    dx_ = VectorXd::Zero(x_.size());
    dy_ = VectorXd::Zero(y_.size());
    du_ = ArrayXd::Zero(u_.size());
  }

  ProgramSolution run() {
    ProgramSolution out = answer(0);
    for (int i = 0; i < kIterations; ++i) {
      residuals();
      const double mu = gap(0), wrong = error();
      if (!std::isfinite(mu) || !std::isfinite(wrong)) break;
      // Close to the end the system becomes singular and steps may lead away again: the best point counts.
      if (const ProgramSolution here = answer(i); here.violation <= out.violation) out = here;
      if (wrong < kResidual && mu < kGap) break;
      factorise();
      for (Pairs& f : families_) f.rc = f.s * f.z;
      newton();
      const double affine = gap(longest());
      const double sigma = mu > 0 ? std::pow(affine / mu, 3) : 0;
      for (Pairs& f : families_) f.rc = f.s * f.z + f.ds * f.dz - sigma * mu;
      newton();
      const double a = std::min(1.0, kToBoundary * longest());
      x_ += a * dx_;
      y_ += a * dy_;
      u_ += a * du_;
      for (Pairs& f : families_) f.move(a);
    }
    out.solved = out.violation < 1e-6;
    return out;
  }

 private:
  ProgramSolution answer(int iterations) const {
    ProgramSolution s{x_, y_, families_[0].z.matrix(), families_[1].z.matrix(), 0, iterations, false};
    s.violation = kkt_violation(p_, s);
    return s;
  }
  void residuals() {
    rd_ = p_.P * x_ + p_.q + p_.A.transpose() * y_ + p_.G.transpose() * families_[0].z.matrix();
    if (u_.size() > 0) rd_ -= p_.H.transpose() * families_[1].z.matrix();
    rp_ = p_.A * x_ - p_.b;
    ru_ = p_.hinge - families_[1].z - families_[2].z;
    families_[0].residual = (p_.G * x_ - p_.h).array() + families_[0].s;
    if (u_.size() > 0) families_[1].residual = p_.r.array() - (p_.H * x_).array() - u_ + families_[1].s;
    families_[2].residual = families_[2].s - u_;
  }
  double error() const {
    double worst = 0;
    for (const auto& v : {rd_, rp_}) worst = std::max(worst, v.size() > 0 ? v.cwiseAbs().maxCoeff() : 0.0);
    if (ru_.size() > 0) worst = std::max(worst, ru_.abs().maxCoeff());
    for (const Pairs& f : families_)
      if (f.residual.size() > 0) worst = std::max(worst, f.residual.abs().maxCoeff());
    return worst;
  }
  double gap(double a) const {
    double sum = 0;
    Eigen::Index count = 0;
    for (const Pairs& f : families_) {
      sum += f.product(a);
      count += f.s.size();
    }
    return count > 0 ? sum / static_cast<double>(count) : 0;
  }
  double longest() const {
    double a = 1;
    for (const Pairs& f : families_) a = std::min(a, f.longest());
    return a;
  }
  /// [P + G′WG + H′DH, A′; A, 0] with D = W₁W₂ / (W₁ + W₂), what is left when the scenarios' slacks are eliminated.
  void factorise() {
    const Eigen::Index n = x_.size(), m = y_.size();
    MatrixXd k = MatrixXd::Zero(n + m, n + m);
    k.topLeftCorner(n, n) = p_.P + p_.G.transpose() * families_[0].weight().matrix().asDiagonal() * p_.G;
    if (u_.size() > 0) {
      const ArrayXd w1 = families_[1].weight(), w2 = families_[2].weight();
      k.topLeftCorner(n, n) += p_.H.transpose() * (w1 * w2 / (w1 + w2)).matrix().asDiagonal() * p_.H;
    }
    k.topRightCorner(n, m) = p_.A.transpose();
    k.bottomLeftCorner(m, n) = p_.A;
    lu_.compute(k);
  }
  void newton() {
    const Eigen::Index n = x_.size(), m = y_.size();
    VectorXd right(n + m);
    right.head(n) = -rd_ - p_.G.transpose() * families_[0].pull().matrix();
    right.tail(m) = -rp_;
    ArrayXd slack, w1, w2;
    if (u_.size() > 0) {
      w1 = families_[1].weight();
      w2 = families_[2].weight();
      slack = families_[1].pull() + families_[2].pull() - ru_;
      right.head(n) += p_.H.transpose() * (families_[1].pull() - w1 / (w1 + w2) * slack).matrix();
    }
    const VectorXd step = lu_.solve(right);
    dx_ = step.head(n);
    dy_ = step.tail(m);
    families_[0].step_for((p_.G * dx_).array());
    if (u_.size() == 0) return;
    const ArrayXd moved = (p_.H * dx_).array();
    du_ = (slack - w1 * moved) / (w1 + w2);
    families_[1].step_for(-moved - du_);
    families_[2].step_for(-du_);
  }

  const Program& p_;
  VectorXd x_, y_, dx_, dy_, rd_, rp_;
  ArrayXd u_, du_, ru_;
  Pairs families_[3];
  Eigen::PartialPivLU<MatrixXd> lu_;
};

}  // namespace

ProgramSolution solve(const Program& program) {
  return InteriorPoint(program).run();
}

double kkt_violation(const Program& p, const ProgramSolution& s) {
  VectorXd gradient = p.P * s.x + p.q + p.A.transpose() * s.equality + p.G.transpose() * s.inequality;
  if (p.r.size() > 0) gradient -= p.H.transpose() * s.scenario;
  double worst = gradient.cwiseAbs().maxCoeff();
  if (p.b.size() > 0) worst = std::max(worst, (p.A * s.x - p.b).cwiseAbs().maxCoeff());
  const VectorXd room = p.h - p.G * s.x;
  for (Eigen::Index i = 0; i < room.size(); ++i) {
    worst = std::max({worst, -room[i], -s.inequality[i], std::abs(room[i] * s.inequality[i])});
  }
  const VectorXd short_by = p.r.size() > 0 ? VectorXd(p.r - p.H * s.x) : VectorXd();
  for (Eigen::Index t = 0; t < short_by.size(); ++t) {
    // A hinge's slope is 0 on one side, `hinge` on the other, anything between on the edge.
    const double v = s.scenario[t];
    worst = std::max({worst, -v, v - p.hinge, short_by[t] > 0 ? short_by[t] * (p.hinge - v) : -short_by[t] * v});
  }
  return std::isfinite(worst) ? worst : std::numeric_limits<double>::infinity();
}

}  // namespace ballast::risk
