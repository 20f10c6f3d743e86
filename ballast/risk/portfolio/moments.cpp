// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/portfolio.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<const RowMatrix>;

MatrixView view(const Moments& m) {
  const auto n = static_cast<Eigen::Index>(m.width());
  return {m.covariance.data(), n, n};
}

Eigen::Map<const Eigen::VectorXd> view(std::span<const double> v) {
  return {v.data(), static_cast<Eigen::Index>(v.size())};
}

/// Ledoit & Wolf (2004): δ = b²/d² with d² = ‖S − mI‖², b̄² = Σ‖x x′ − S‖² / T², b² = min(b̄², d²), norms divided by n.
double shrink_covariance(const RowMatrix& centred, RowMatrix& s) {
  const auto t = static_cast<double>(centred.rows()), n = static_cast<double>(centred.cols());
  const double m = s.trace() / n;
  const double d2 = (s - m * RowMatrix::Identity(s.rows(), s.cols())).squaredNorm() / n;
  // Σ‖x x′ − S‖² = Σ (x′x)² − T ‖S‖², since Σ x′Sx = T ‖S‖².
  const double fourth = centred.rowwise().squaredNorm().array().square().sum();
  const double b2 = std::min(d2, std::max(0.0, (fourth - t * s.squaredNorm()) / (t * t) / n));
  const double weight = d2 > 0 ? b2 / d2 : 0;
  s = (1 - weight) * s + weight * m * RowMatrix::Identity(s.rows(), s.cols());
  return weight;
}

/// Jorion (1986): weight = (n + 2) / (n + 2 + T (μ − μ₀)′Σ⁻¹(μ − μ₀)), μ₀ the minimum-variance portfolio's mean.
double shrink_means(const RowMatrix& covariance, double count, Eigen::VectorXd& mean) {
  const auto n = static_cast<double>(mean.size());
  const Eigen::LDLT<Eigen::MatrixXd> solver(covariance);
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(mean.size());
  const Eigen::VectorXd inverse_ones = solver.solve(ones);
  const double target = inverse_ones.dot(mean) / inverse_ones.sum();
  if (!std::isfinite(target)) return 0;  // a singular covariance has no minimum-variance portfolio
  const Eigen::VectorXd away = mean - target * ones;
  const double weight = (n + 2) / (n + 2 + count * std::max(0.0, away.dot(solver.solve(away))));
  mean = target * ones + (1 - weight) * away;
  return weight;
}

}  // namespace

ReturnMatrix window_returns(const PricePanel& panel, std::size_t row, std::size_t window) {
  BALLAST_CHECK(row < panel.days.size(), row);
  const auto complete = [&](std::size_t r) {
    for (std::size_t i = 0; i < panel.width(); ++i)
      if (std::isnan(panel.price(r, i))) return false;
    return true;
  };
  std::vector<std::size_t> rows;  // latest first
  for (std::size_t r = row + 1; r-- > 0 && rows.size() <= window;)
    if (complete(r)) rows.push_back(r);
  if (rows.size() <= window) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} days with prices of all of {} up to {}, {} needed", rows.size(),
                            fmt::join(panel.instruments, ", "), day_text(panel.days[row]), window + 1),
                panel.source);
  }
  ReturnMatrix out{window, panel.width(), {}};
  out.values.reserve(window * panel.width());
  for (std::size_t k = window; k-- > 0;) {
    for (std::size_t i = 0; i < panel.width(); ++i)
      out.values.push_back(panel.price(rows[k], i) / panel.price(rows[k + 1], i) - 1);
  }
  return out;
}

Moments estimate_moments(const ReturnMatrix& returns, bool shrink) {
  BALLAST_CHECK(returns.count > 1, returns.count);
  const auto t = static_cast<Eigen::Index>(returns.count), n = static_cast<Eigen::Index>(returns.width);
  const MatrixView x(returns.values.data(), t, n);
  Eigen::VectorXd mean = x.colwise().mean();
  const RowMatrix centred = x.rowwise() - mean.transpose();
  RowMatrix s = centred.transpose() * centred / static_cast<double>(t);
  Moments m;
  m.sample_mean.assign(mean.begin(), mean.end());
  if (shrink) m.covariance_shrinkage = shrink_covariance(centred, s);
  if (shrink) m.mean_shrinkage = shrink_means(s, static_cast<double>(t), mean);
  m.mean.assign(mean.begin(), mean.end());
  m.covariance.assign(s.data(), s.data() + s.size());
  return m;
}

double expected_shortfall(std::span<const double> returns, double level) {
  BALLAST_CHECK(!returns.empty() && level > 0 && level < 1, returns.size());
  std::vector<double> sorted(returns.begin(), returns.end());
  std::sort(sorted.begin(), sorted.end());
  const double tail = (1 - level) * static_cast<double>(sorted.size());
  double sum = 0, counted = 0;
  for (const double r : sorted) {
    const double share = std::min(1.0, tail - counted);
    if (share <= 0) break;
    sum += share * r;
    counted += share;
  }
  return -sum / counted;
}

std::vector<double> portfolio_returns(const ReturnMatrix& returns, std::span<const double> weights) {
  BALLAST_CHECK(weights.size() == returns.width, weights.size());
  std::vector<double> out(returns.count, 0.0);
  for (std::size_t t = 0; t < returns.count; ++t)
    for (std::size_t i = 0; i < returns.width; ++i) out[t] += weights[i] * returns.at(t, i);
  return out;
}

double annual_volatility(const Moments& moments, std::span<const double> weights) {
  const auto w = view(weights);
  return std::sqrt(std::max(0.0, w.dot(view(moments) * w)) * kSessionsPerYear);
}

std::vector<double> risk_contributions(const Moments& moments, std::span<const double> weights) {
  const auto w = view(weights);
  const Eigen::VectorXd marginal = view(moments) * w;
  const double volatility = std::sqrt(w.dot(marginal));
  std::vector<double> out(weights.size(), 0.0);
  if (!(volatility > 0)) return out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    out[i] = w[k] * marginal[k] / volatility * std::sqrt(kSessionsPerYear);
  }
  return out;
}

}  // namespace ballast::risk
