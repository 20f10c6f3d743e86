// SPDX-License-Identifier: Apache-2.0
// Poisson and negative binomial regression with a log link, by iteratively reweighted least squares (McCullagh & Nelder
// 1989; for the negative binomial alternating with its size, Venables & Ripley 2002).
#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/risk/operations/event_math.h"
#include "ballast/risk/operations_events.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kOverdispersed =
    1.353;  // half of 2.706, the 10 % point of chi-squared with 1 degree: size is at its edge

struct Solution {
  Eigen::VectorXd effects, means;
  Eigen::MatrixXd covariance;
};

Eigen::VectorXd weights_at(const Eigen::VectorXd& means, double size) {
  if (std::isinf(size)) return means;
  return means.array() / (1 + means.array() / size);
}

Solution solve(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, double size) {
  Solution s;
  s.effects = Eigen::VectorXd::Zero(x.cols());
  s.effects[0] = std::log(y.mean());
  for (int round = 0; round < 100; ++round) {
    const Eigen::VectorXd eta = (x * s.effects).cwiseMax(-30).cwiseMin(30);
    s.means = eta.array().exp();
    const Eigen::VectorXd w = weights_at(s.means, size);
    const Eigen::VectorXd working = eta.array() + (y.array() - s.means.array()) / s.means.array();
    const Eigen::MatrixXd normal = x.transpose() * w.asDiagonal() * x;
    const Eigen::VectorXd next = normal.ldlt().solve(x.transpose() * (w.array() * working.array()).matrix());
    const double moved = (next - s.effects).cwiseAbs().maxCoeff();
    s.effects = next;
    if (moved < 1e-10) break;
  }
  s.means = (x * s.effects).cwiseMax(-30).cwiseMin(30).array().exp();
  s.covariance = (x.transpose() * weights_at(s.means, size).asDiagonal() * x).inverse();
  return s;
}

std::span<const double> span_of(const Eigen::VectorXd& v) {
  return {v.data(), static_cast<std::size_t>(v.size())};
}

/// The size and the solution together; an infinite size where Poisson will do.
double fit_size(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, Solution& s) {
  s = solve(x, y, kInfinite);
  const double poisson = negative_binomial_log_likelihood(span_of(y), span_of(s.means), kInfinite);
  Solution nb = s;
  double size = kInfinite;
  for (int round = 0; round < 20; ++round) {
    size = best_size(span_of(y), span_of(nb.means));
    if (std::isinf(size)) return kInfinite;
    nb = solve(x, y, size);
  }
  if (negative_binomial_log_likelihood(span_of(y), span_of(nb.means), size) - poisson < kOverdispersed)
    return kInfinite;
  s = nb;
  return size;
}

}  // namespace

CountRegression fit_count_regression(std::span<const double> counts, const std::vector<std::vector<double>>& covariates,
                                     std::span<const std::string> names) {
  const auto n = static_cast<Eigen::Index>(counts.size()), k = static_cast<Eigen::Index>(names.size());
  BALLAST_CHECK(covariates.size() == counts.size(), covariates.size());
  const std::string where = "count regression";
  if (n < k + 2) {
    throw Error(ErrorCode::bad_input, fmt::format("{} periods are too few for {} covariates", n, k), where);
  }
  Eigen::VectorXd y(n);
  Eigen::MatrixXd x = Eigen::MatrixXd::Ones(n, k + 1);
  for (Eigen::Index i = 0; i < n; ++i) {
    y[i] = counts[static_cast<std::size_t>(i)];
    const auto& row = covariates[static_cast<std::size_t>(i)];
    BALLAST_CHECK(row.size() == names.size(), row.size());
    for (Eigen::Index j = 0; j < k; ++j) x(i, j + 1) = row[static_cast<std::size_t>(j)];
  }
  if (!(y.minCoeff() >= 0) || !x.allFinite()) throw Error(ErrorCode::bad_input, "has a bad number", where);
  if (y.sum() == 0) throw Error(ErrorCode::bad_input, "no event in any period", where);
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(x);
  if (qr.rank() < k + 1) {
    const auto column = qr.colsPermutation().indices()[k];
    throw Error(ErrorCode::bad_input, "a covariate is constant or follows from the others", where,
                column > 0 ? "leave out " + names[static_cast<std::size_t>(column - 1)] : "leave one out");
  }
  CountRegression fit;
  Solution s, null;
  fit.size = fit_size(x, y, s);
  fit.log_likelihood = negative_binomial_log_likelihood(counts, span_of(s.means), fit.size);
  const double null_size = fit_size(Eigen::MatrixXd::Ones(n, 1), y, null);
  fit.null_log_likelihood = negative_binomial_log_likelihood(counts, span_of(null.means), null_size);
  fit.fitted.assign(s.means.begin(), s.means.end());
  for (Eigen::Index j = 0; j <= k; ++j) {
    Effect e;
    e.name = j == 0 ? "(base)" : names[static_cast<std::size_t>(j - 1)];
    e.error = std::sqrt(s.covariance(j, j));
    e.log_ratio = {s.effects[j], s.effects[j] - kNormal95 * e.error, s.effects[j] + kNormal95 * e.error};
    e.p_value = std::erfc(std::abs(s.effects[j] / e.error) / std::sqrt(2.0));
    fit.effects.push_back(e);
    for (Eigen::Index i = 0; i <= k; ++i) fit.covariance.push_back(s.covariance(j, i));
  }
  return fit;
}

Estimate expected_count(const CountRegression& fit, std::span<const double> covariates) {
  const std::size_t k = fit.effects.size();
  BALLAST_CHECK(covariates.size() + 1 == k, covariates.size());
  const auto x = [&](std::size_t j) { return j == 0 ? 1.0 : covariates[j - 1]; };
  double eta = 0, variance = 0;
  for (std::size_t i = 0; i < k; ++i) {
    eta += fit.effects[i].log_ratio.value * x(i);
    for (std::size_t j = 0; j < k; ++j) variance += x(i) * x(j) * fit.covariance[i * k + j];
  }
  const double width = kNormal95 * std::sqrt(std::max(variance, 0.0));
  return {std::exp(eta), std::exp(eta - width), std::exp(eta + width)};
}

}  // namespace ballast::risk
