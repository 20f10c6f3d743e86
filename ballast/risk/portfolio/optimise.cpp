// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/portfolio.h"
#include "ballast/risk/portfolio/program.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNothing = 1e-7;     // smaller weights are none
constexpr double kInfeasible = 1e-6;  // of the portfolio's value

Index at(std::size_t i) {
  return static_cast<Index>(i);
}

MatrixXd covariance_of(const Moments& m) {
  const Index n = at(m.width());
  return Eigen::Map<const MatrixXd>(m.covariance.data(), n, n);  // symmetric
}

/// The limits as rows: variables are the weights, with a turnover limit also the buys and the sales, then `extra` more.
class Constraints {
 public:
  Constraints(const PortfolioLimits& limits, std::size_t width, std::size_t extra)
      : n_(width), trades_(std::isfinite(limits.turnover)), limits_(limits) {
    BALLAST_CHECK(limits.high.empty() || limits.high.size() == n_, limits.high.size());
    BALLAST_CHECK(!trades_ || limits.current.size() == n_, limits.current.size());
    variables_ = n_ * (trades_ ? 3 : 1) + extra;
    for (std::size_t i = 0; i < n_; ++i) {
      less({{i, -1}}, 0, "no short position");
      const double high = limits.high.empty() ? 1 : limits.high[i];
      less({{i, 1}}, high,
           high > 0 ? fmt::format("{} at most {:.4g}", name(i), high) : fmt::format("{} excluded", name(i)));
    }
    for (const GroupLimit& g : limits.groups) {
      std::vector<std::pair<std::size_t, double>> terms;
      for (const std::size_t i : g.members) terms.emplace_back(i, 1);
      less(terms, g.high, fmt::format("{} at most {:.4g}", g.name, g.high));
    }
    if (trades_) add_trades();
  }

  Program program() const {
    Program p;
    const Index v = at(variables_), m = at(rows_.size()), equal = trades_ ? at(n_) + 1 : 1;
    p.P = MatrixXd::Zero(v, v);
    p.q = VectorXd::Zero(v);
    p.A = MatrixXd::Zero(equal, v);
    p.b = VectorXd::Zero(equal);
    p.A.row(0).head(at(n_)).setOnes();
    p.b[0] = limits_.invested;
    for (Index i = 0; trades_ && i < at(n_); ++i) {  // weight − buys + sales = current
      p.A(i + 1, i) = 1;
      p.A(i + 1, at(n_) + i) = -1;
      p.A(i + 1, 2 * at(n_) + i) = 1;
      p.b[i + 1] = limits_.current[static_cast<std::size_t>(i)];
    }
    p.G = MatrixXd::Zero(m, v);
    p.h = VectorXd::Zero(m);
    for (Index r = 0; r < m; ++r) {
      const Row& row = rows_[static_cast<std::size_t>(r)];
      for (const auto& [i, factor] : row.terms) p.G(r, at(i)) = factor;
      p.h[r] = row.bound;
    }
    return p;
  }

  /// What of the limits fails at the weights that fail least; empty where all can be met.
  std::string conflict() const {
    Program p = program();
    p.P.diagonal().setConstant(1e-6);
    p.H = -p.G;
    p.r = -p.h;
    p.hinge = 1;
    p.G.resize(0, p.q.size());
    p.h.resize(0);
    const ProgramSolution s = solve(p);
    std::vector<std::string> names;
    for (Index r = 0; r < p.r.size(); ++r) {
      // What presses at the least bad point takes part in the conflict.
      if (s.scenario[r] > 1e-3 || p.r[r] - p.H.row(r).dot(s.x) > kInfeasible) {
        const std::string& text = rows_[static_cast<std::size_t>(r)].name;
        if (std::find(names.begin(), names.end(), text) == names.end()) names.push_back(text);
      }
    }
    const bool fails = ((p.r - p.H * s.x).array() > kInfeasible).any();
    return fails ? fmt::format("{}", fmt::join(names, "; ")) : "";
  }
  bool met_by(const VectorXd& w) const {
    if (trades_) {
      double buys = 0, sales = 0;
      for (std::size_t i = 0; i < n_; ++i) {
        const double d = w[at(i)] - limits_.current[i];
        (d > 0 ? buys : sales) += std::abs(d);
      }
      if (std::max(buys, sales) > limits_.turnover + kNothing) return false;
    }
    for (const Row& row : rows_) {
      double sum = 0;
      bool weights_only = true;
      for (const auto& [i, factor] : row.terms) {
        weights_only = weights_only && i < n_;
        if (i < n_) sum += factor * w[at(i)];
      }
      if (weights_only && sum > row.bound + kNothing) return false;
    }
    return true;
  }

 private:
  struct Row {
    std::vector<std::pair<std::size_t, double>> terms;
    double bound;
    std::string name;
  };
  std::string name(std::size_t i) const {
    return i < limits_.names.size() ? limits_.names[i] : fmt::format("instrument {}", i + 1);
  }
  void less(std::vector<std::pair<std::size_t, double>> terms, double bound, std::string name) {
    rows_.push_back({std::move(terms), bound, std::move(name)});
  }
  void add_trades() {
    for (const std::size_t side : {n_, 2 * n_}) {
      std::vector<std::pair<std::size_t, double>> all;
      for (std::size_t i = 0; i < n_; ++i) {
        less({{side + i, -1}}, 0, "no short position");
        all.emplace_back(side + i, 1);
      }
      less(all, limits_.turnover, fmt::format("turnover at most {:.4g}", limits_.turnover));
    }
  }

  std::size_t n_, variables_ = 0;
  bool trades_;
  const PortfolioLimits& limits_;
  std::vector<Row> rows_;
};

OptimalPortfolio finish(const Program& program, const Constraints& constraints, std::size_t n, double invested) {
  const ProgramSolution s = solve(program);
  if (!s.solved) {
    const std::string conflict = constraints.conflict();
    if (!conflict.empty()) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("no portfolio with {:.4g} of its value invested meets the limits", invested), conflict,
                  "widen one of them");
    }
    throw Error(ErrorCode::bad_input, fmt::format("the optimiser stopped {:.2g} from an optimum", s.violation),
                "prices", "instruments whose returns are finite and not all equal");
  }
  OptimalPortfolio out{std::vector<double>(n, 0.0), s.violation, s.iterations, false};
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = s.x[at(i)];
    out.weights[i] = w < kNothing ? 0 : w;
    sum += out.weights[i];
  }
  for (double& w : out.weights) w *= sum > 0 ? invested / sum : 0;
  return out;
}

/// ½ w′Cw − μ′w within the limits, C and μ scaled so that the numbers are of order one.
OptimalPortfolio quadratic(const MatrixXd& c, const VectorXd& mean, const PortfolioLimits& limits) {
  const std::size_t n = static_cast<std::size_t>(c.rows());
  const Constraints constraints(limits, n, 0);
  Program p = constraints.program();
  const double scale = c.trace() / static_cast<double>(n);
  if (!(scale > 0)) throw Error(ErrorCode::bad_input, "no price ever moved", "prices");
  p.P.topLeftCorner(at(n), at(n)) = c / scale;
  p.q.head(at(n)) = -mean / scale;
  return finish(p, constraints, n, limits.invested);
}

/// α + Σ max(0, −R w − α) / ((1 − level) T), α being VaR at the optimum.
OptimalPortfolio least_cvar(const ReturnMatrix& returns, const PortfolioLimits& limits, double level) {
  const std::size_t n = returns.width;
  const Constraints constraints(limits, n, 1);
  Program p = constraints.program();
  const Index last = p.q.size() - 1, t = at(returns.count);
  double square = 0;
  for (const double r : returns.values) square += r * r;
  const double scale = std::sqrt(square / static_cast<double>(returns.values.size()));
  if (!(scale > 0)) throw Error(ErrorCode::bad_input, "no price ever moved", "prices");
  p.q[last] = 1;
  p.H = MatrixXd::Zero(t, p.q.size());
  for (Index r = 0; r < t; ++r) {
    for (std::size_t i = 0; i < n; ++i) p.H(r, at(i)) = returns.at(static_cast<std::size_t>(r), i) / scale;
    p.H(r, last) = 1;
  }
  p.r = VectorXd::Zero(t);
  p.hinge = 1 / ((1 - level) * static_cast<double>(t));
  return finish(p, constraints, n, limits.invested);
}

/// min ½ y′Cy − Σ log y_i by cyclical coordinate descent (Griveau-Billion, Richard & Roncalli 2013); the weights are
/// y / Σy.
VectorXd equal_risk(const MatrixXd& c) {
  VectorXd y = c.diagonal().cwiseSqrt().cwiseInverse();
  for (int round = 0; round < 10000; ++round) {
    double moved = 0;
    for (Index i = 0; i < y.size(); ++i) {
      const double others = c.row(i).dot(y) - c(i, i) * y[i];
      const double now = (-others + std::sqrt(others * others + 4 * c(i, i))) / (2 * c(i, i));
      moved = std::max(moved, std::abs(now - y[i]) / now);
      y[i] = now;
    }
    if (moved < 1e-14) break;
  }
  return y / y.sum();
}

OptimalPortfolio risk_parity(const MatrixXd& c, const PortfolioLimits& limits) {
  if (!(c.diagonal().minCoeff() > 0)) throw Error(ErrorCode::bad_input, "an instrument's price never moved", "prices");
  // What may not be held has no risk budget.
  std::vector<Index> allowed;
  for (Index i = 0; i < c.rows(); ++i)
    if (limits.high.empty() || limits.high[static_cast<std::size_t>(i)] > 0) allowed.push_back(i);
  VectorXd wanted = VectorXd::Zero(c.rows());
  if (!allowed.empty()) wanted(allowed) = equal_risk(c(allowed, allowed)) * limits.invested;
  const Constraints constraints(limits, static_cast<std::size_t>(c.rows()), 0);
  if (!allowed.empty() && constraints.met_by(wanted)) {
    return {std::vector<double>(wanted.begin(), wanted.end()), 0, 0, false};
  }
  OptimalPortfolio out = quadratic(c, c * wanted, limits);  // min ½ (w − w*)′C(w − w*)
  out.projected = true;
  return out;
}

}  // namespace

std::string objective_name(Objective objective) {
  switch (objective) {
    case Objective::equal_weights:
      return "equal-weights";
    case Objective::minimum_variance:
      return "min-variance";
    case Objective::minimum_cvar:
      return "min-cvar";
    case Objective::risk_parity:
      return "risk-parity";
    case Objective::mean_variance:
      return "mean-variance";
  }
  return "";
}

Objective objective_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Objective o : {Objective::equal_weights, Objective::minimum_variance, Objective::minimum_cvar,
                            Objective::risk_parity, Objective::mean_variance}) {
    names.push_back(objective_name(o));
    if (names.back() == name) return o;
  }
  throw Error(ErrorCode::usage, "unknown objective \"" + name + "\"", "--objective",
              "the nearest is " + ingest::nearest_name(name, names));
}

OptimalPortfolio optimise(const ReturnMatrix& returns, const Moments& moments, const PortfolioLimits& limits,
                          const OptimiseOptions& options) {
  const std::size_t n = returns.width;
  BALLAST_CHECK(n > 0 && moments.width() == n, n);
  const MatrixXd c = covariance_of(moments);
  switch (options.objective) {
    case Objective::equal_weights:
      return {std::vector<double>(n, limits.invested / static_cast<double>(n)), 0, 0, false};
    case Objective::minimum_variance:
      return quadratic(c, VectorXd::Zero(c.rows()), limits);
    case Objective::minimum_cvar:
      return least_cvar(returns, limits, options.level);
    case Objective::risk_parity:
      return risk_parity(c, limits);
    case Objective::mean_variance: {
      const Eigen::Map<const VectorXd> mean(moments.mean.data(), c.rows());
      return quadratic(options.risk_aversion * c, mean, limits);
    }
  }
  return {};
}

}  // namespace ballast::risk
