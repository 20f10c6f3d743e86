// SPDX-License-Identifier: Apache-2.0
// Newton's method for the penalised log-likelihood.
#include "ballast/tabular/logistic.h"

// Sums must not depend on the thread count.
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int kMaxSteps = 50;
constexpr std::int64_t kBlock = 2048;  // rows whose weighted copy is held at a time

/// log(1 + exp(x)) without overflow.
double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

struct Problem {
  Eigen::Map<const RowMajor> x;
  std::span<const std::uint8_t> truth;
  std::span<const double> weights;
  double ridge;          // 1 / C
  Eigen::MatrixXd pull;  // [groups, columns]: a group's mean features less the mean ones, times √(strength · n · share)

  double weight(std::int64_t i) const { return weights.empty() ? 1 : weights[static_cast<std::size_t>(i)]; }

  double value(const Eigen::VectorXd& beta, double intercept) const {
    const Eigen::VectorXd scores = (x * beta).array() + intercept;
    double sum = 0.5 * ridge * beta.squaredNorm();
    if (pull.rows() > 0) sum += 0.5 * (pull * beta).squaredNorm();
    for (Eigen::Index i = 0; i < scores.size(); ++i) {
      sum += weight(i) * softplus(truth[static_cast<std::size_t>(i)] != 0 ? -scores[i] : scores[i]);
    }
    return sum;
  }

  /// Gradient and Hessian over (intercept, β).
  void derivatives(const Eigen::VectorXd& beta, double intercept, Eigen::VectorXd& gradient,
                   Eigen::MatrixXd& hessian) const {
    const Eigen::Index d = x.cols();
    gradient = Eigen::VectorXd::Zero(d + 1);
    hessian = Eigen::MatrixXd::Zero(d + 1, d + 1);
    for (Eigen::Index begin = 0; begin < x.rows(); begin += kBlock) {
      const Eigen::Index count = std::min<Eigen::Index>(kBlock, x.rows() - begin);
      const auto block = x.middleRows(begin, count);
      Eigen::VectorXd score = (block * beta).array() + intercept, residual(count), curvature(count);
      for (Eigen::Index i = 0; i < count; ++i) {
        const double p = 1 / (1 + std::exp(-score[i])), w = weight(begin + i);
        residual[i] = w * (p - (truth[static_cast<std::size_t>(begin + i)] != 0 ? 1.0 : 0.0));
        curvature[i] = w * p * (1 - p);
      }
      gradient[0] += residual.sum();
      gradient.tail(d).noalias() += block.transpose() * residual;
      const RowMajor weighted = curvature.asDiagonal() * block;
      hessian(0, 0) += curvature.sum();
      hessian.block(1, 0, d, 1).noalias() += block.transpose() * curvature;
      hessian.block(1, 1, d, d).noalias() += block.transpose() * weighted;
    }
    gradient.tail(d) += ridge * beta;
    hessian.block(1, 1, d, d).diagonal().array() += ridge;
    if (pull.rows() == 0) return;
    gradient.tail(d) += pull.transpose() * (pull * beta);
    hessian.block(1, 1, d, d) += pull.transpose() * pull;
  }
};

/// The rows of Problem::pull.
Eigen::MatrixXd pull_of(const Eigen::Map<const RowMajor>& x, const GroupPenalty& penalty) {
  if (penalty.strength == 0) return {};
  const Eigen::RowVectorXd mean = x.colwise().mean();
  std::vector<Eigen::RowVectorXd> rows;
  for (const std::vector<int>& group : penalty.groups) {
    BALLAST_CHECK(static_cast<Eigen::Index>(group.size()) == x.rows(), group.size());
    const int groups = group.empty() ? 0 : 1 + *std::max_element(group.begin(), group.end());
    for (int g = 0; g < groups; ++g) {
      Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(x.cols());
      double count = 0;
      for (Eigen::Index i = 0; i < x.rows(); ++i) {
        if (group[static_cast<std::size_t>(i)] != g) continue;
        sum += x.row(i);
        ++count;
      }
      // strength · n · share = strength · count
      if (count > 0) rows.push_back((sum / count - mean) * std::sqrt(penalty.strength * count));
    }
  }
  Eigen::MatrixXd pull(static_cast<Eigen::Index>(rows.size()), x.cols());
  for (std::size_t r = 0; r < rows.size(); ++r) pull.row(static_cast<Eigen::Index>(r)) = rows[r];
  return pull;
}

}  // namespace

GroupPenalty GroupPenalty::take(std::span<const std::int64_t> rows) const {
  GroupPenalty taken{{}, strength};
  for (const std::vector<int>& group : groups) taken.groups.push_back(tabular::take<int>(group, rows));
  return taken;
}

double LogisticModel::operator()(std::span<const double> features) const {
  double sum = intercept;
  for (std::size_t i = 0; i < coefficients.size(); ++i) sum += coefficients[i] * features[i];
  return sum;
}

std::vector<double> LogisticModel::scores(const Matrix& features) const {
  std::vector<double> scores;
  for (std::int64_t r = 0; r < features.rows; ++r) scores.push_back((*this)(features.row(r)));
  return scores;
}

LogisticModel fit_logistic(const Matrix& features, std::span<const std::uint8_t> truth, std::span<const double> weights,
                           double c, const GroupPenalty& penalty) {
  BALLAST_CHECK(static_cast<std::int64_t>(truth.size()) == features.rows && c > 0, truth.size());
  const Eigen::Map<const RowMajor> x(features.values.data(), features.rows, features.cols);
  const Problem problem{x, truth, weights, 1 / c, pull_of(x, penalty)};
  double positive = 0, total = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double w = problem.weight(static_cast<std::int64_t>(i));
    positive += truth[i] != 0 ? w : 0;
    total += w;
  }
  if (!(positive > 0) || !(positive < total)) throw Error(ErrorCode::bad_input, "two classes are needed to learn from");
  double intercept = std::log(positive / (total - positive));
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(features.cols), gradient;
  Eigen::MatrixXd hessian;
  double value = problem.value(beta, intercept);
  for (int step = 0; step < kMaxSteps; ++step) {
    problem.derivatives(beta, intercept, gradient, hessian);
    hessian(0, 0) += 1e-10 * total;  // the intercept has no penalty of its own
    const Eigen::VectorXd move = hessian.selfadjointView<Eigen::Lower>().ldlt().solve(gradient);
    double length = 1, next = 0;
    Eigen::VectorXd moved;
    for (; length > 1e-10; length /= 2) {
      moved = beta - length * move.tail(features.cols);
      next = problem.value(moved, intercept - length * move[0]);
      if (next <= value) break;
    }
    if (!(next <= value)) break;
    beta = moved;
    intercept -= length * move[0];
    const bool small = value - next <= 1e-11 * (std::abs(next) + 1);
    value = next;
    if (small) break;
  }
  return {intercept, {beta.data(), beta.data() + beta.size()}, c};
}

LogisticModel fit_logistic_cv(const Matrix& features, std::span<const std::uint8_t> truth,
                              std::span<const double> weights, const LogisticOptions& options) {
  BALLAST_CHECK(!options.grid.empty(), options.grid.size());
  if (options.grid.size() == 1) return fit_logistic(features, truth, weights, options.grid[0], options.penalty);
  const std::vector<int> fold = stratified_folds(truth, options.folds, options.seed);
  const auto choices = static_cast<std::int64_t>(options.grid.size());
  std::vector<double> losses(static_cast<std::size_t>(choices * options.folds));
  base::parallel_for(choices * options.folds, [&](std::int64_t job) {
    const auto f = static_cast<int>(job % options.folds);
    const Split split = split_at(fold, f);
    const auto model = fit_logistic(
        features.take(split.train), take<std::uint8_t>(truth, split.train), take<double>(weights, split.train),
        options.grid[static_cast<std::size_t>(job / options.folds)], options.penalty.take(split.train));
    double sum = 0;
    for (const std::int64_t r : split.test) {
      const double score = model(features.row(r)), w = weights.empty() ? 1 : weights[static_cast<std::size_t>(r)];
      sum += w * softplus(truth[static_cast<std::size_t>(r)] != 0 ? -score : score);
    }
    losses[static_cast<std::size_t>(job)] = sum;
  });
  double best = 0, best_loss = 0;
  for (std::int64_t g = 0; g < choices; ++g) {
    double loss = 0;
    for (int f = 0; f < options.folds; ++f) loss += losses[static_cast<std::size_t>(g * options.folds + f)];
    if (g == 0 || loss < best_loss) best = options.grid[static_cast<std::size_t>(g)], best_loss = loss;
  }
  return fit_logistic(features, truth, weights, best, options.penalty);
}

}  // namespace ballast::tabular
