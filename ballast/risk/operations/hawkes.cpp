// SPDX-License-Identifier: Apache-2.0
// The exponential Hawkes process: likelihood, fit, simulation, probability.
#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <nlopt.hpp>

#include "ballast/base/error.h"
#include "ballast/risk/operations/event_math.h"
#include "ballast/risk/operations_events.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using Point = std::array<double, 3>;  // ln mu, logit branching, ln decay

constexpr std::size_t kFewestEvents = 10;

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

HawkesParameters parameters_at(const Point& x) {
  return {std::exp(x[0]), logistic(x[1]), std::exp(x[2])};
}

Point maximise(const EventHistory& history, const Point& start, double& best) {
  nlopt::opt optimizer(nlopt::LN_SBPLX, 3);
  struct Problem {
    const EventHistory& history;
  } problem{history};
  optimizer.set_max_objective(
      [](const std::vector<double>& x, std::vector<double>&, void* data) {
        const auto& p = *static_cast<Problem*>(data);
        return hawkes_log_likelihood(p.history, parameters_at({x[0], x[1], x[2]}));
      },
      &problem);
  const double rate = static_cast<double>(history.times.size()) / history.days;
  // Beyond these bounds the likelihood is flat: no events of their own, no excitation, decay slower than the history or
  // faster than a hundred-thousandth of the mean gap.
  optimizer.set_lower_bounds({std::log(rate) - 8, -8, std::log(0.1 / history.days)});
  optimizer.set_upper_bounds({std::log(rate) + 1, 6, std::log(rate) + 12});
  optimizer.set_xtol_abs(1e-7);
  optimizer.set_maxeval(4000);
  std::vector<double> x(start.begin(), start.end());
  optimizer.optimize(x, best);
  return {x[0], x[1], x[2]};
}

/// Minus the second derivatives of the log-likelihood, by central differences.
Eigen::Matrix3d information(const EventHistory& history, const Point& at) {
  constexpr double kStep = 1e-3;
  const auto value = [&](int i, double di, int j, double dj) {
    Point x = at;
    x[static_cast<std::size_t>(i)] += di;
    x[static_cast<std::size_t>(j)] += dj;
    return hawkes_log_likelihood(history, parameters_at(x));
  };
  Eigen::Matrix3d h;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      h(i, j) = -(value(i, kStep, j, kStep) - value(i, kStep, j, -kStep) - value(i, -kStep, j, kStep) +
                  value(i, -kStep, j, -kStep)) /
                (4 * kStep * kStep);
    }
  }
  return (h + h.transpose()) / 2;
}

}  // namespace

double hawkes_log_likelihood(const EventHistory& history, const HawkesParameters& p) {
  double sum = -p.mu * history.days, excitation = 0, last = 0;
  for (const double t : history.times) {
    excitation *= std::exp(-p.decay * (t - last));  // Σ exp(-decay (t - t_i)) over the events before
    sum +=
        std::log(p.mu + p.branching * p.decay * excitation) + p.branching * std::expm1(-p.decay * (history.days - t));
    excitation += 1;
    last = t;
  }
  return sum;
}

HawkesFit fit_hawkes(const EventHistory& history) {
  check_history(history);
  if (history.times.size() < kFewestEvents) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} events are too few, at least {} are needed", history.times.size(), kFewestEvents),
                "Hawkes process");
  }
  const double rate = static_cast<double>(history.times.size()) / history.days;
  Point best_point{};
  HawkesFit fit;
  fit.log_likelihood = -1e300;
  for (const double branching : {0.2, 0.6}) {
    for (const double speed : {0.3, 3.0, 30.0}) {
      double value = 0;
      const Point start = {std::log(rate * (1 - branching)), std::log(branching / (1 - branching)),
                           std::log(rate * speed)};
      const Point x = maximise(history, start, value);
      if (value > fit.log_likelihood) {
        fit.log_likelihood = value;
        best_point = x;
      }
    }
  }
  fit.parameters = parameters_at(best_point);
  fit.mu.value = fit.parameters.mu;
  fit.branching.value = fit.parameters.branching;
  fit.decay.value = fit.parameters.decay;
  const Eigen::Matrix3d h = information(history, best_point);
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> eigen(h);
  fit.identified = eigen.eigenvalues().minCoeff() > 1e-3 && fit.parameters.branching > 1e-3;
  if (!fit.identified) return fit;
  const Eigen::Matrix3d covariance = h.inverse();
  std::array<double, 3> width{};
  for (int i = 0; i < 3; ++i) {
    width[static_cast<std::size_t>(i)] = kNormal95 * std::sqrt(covariance(i, i));
    for (int j = 0; j < 3; ++j) fit.covariance[static_cast<std::size_t>(3 * i + j)] = covariance(i, j);
  }
  const auto end = [&](double sign) {
    return parameters_at(
        {best_point[0] + sign * width[0], best_point[1] + sign * width[1], best_point[2] + sign * width[2]});
  };
  const HawkesParameters low = end(-1), high = end(1);
  fit.mu = {fit.mu.value, low.mu, high.mu};
  fit.branching = {fit.branching.value, low.branching, high.branching};
  fit.decay = {fit.decay.value, low.decay, high.decay};
  return fit;
}

EventHistory simulate_hawkes(const HawkesParameters& p, double days, base::Random& random) {
  if (!(p.mu > 0) || !(p.branching >= 0 && p.branching < 1) || !(p.decay > 0) || !(days > 0)) {
    throw Error(ErrorCode::usage, "mu, decay and days must be positive, branching in [0, 1)", "Hawkes process");
  }
  EventHistory history;
  history.days = days;
  double t = 0, excited = 0;  // the excited part of the intensity at t
  for (;;) {
    const double bound = p.mu + excited;  // the intensity only falls until the next event
    const double gap = -std::log1p(-random.uniform()) / bound;
    t += gap;
    if (t > days) return history;
    excited *= std::exp(-p.decay * gap);
    if (random.uniform() * bound > p.mu + excited) continue;
    history.times.push_back(t);
    excited += p.branching * p.decay;
  }
}

double event_probability(const HawkesParameters& p, const EventHistory& history, double horizon_days) {
  double excitation = 0, last = 0;
  for (const double t : history.times) {
    excitation = excitation * std::exp(-p.decay * (t - last)) + 1;
    last = t;
  }
  excitation *= std::exp(-p.decay * (history.days - last));
  return -std::expm1(-p.mu * horizon_days + p.branching * excitation * std::expm1(-p.decay * horizon_days));
}

Estimate event_probability(const HawkesFit& fit, const EventHistory& history, double horizon_days, std::uint64_t seed) {
  Estimate out;
  out.value = out.low = out.high = event_probability(fit.parameters, history, horizon_days);
  if (!fit.identified) return out;
  const Eigen::Matrix3d covariance = Eigen::Map<const Eigen::Matrix3d>(fit.covariance.data());
  const Eigen::Matrix3d root = covariance.llt().matrixL();
  const double b = fit.parameters.branching;
  const Eigen::Vector3d centre(std::log(fit.parameters.mu), std::log(b / (1 - b)), std::log(fit.parameters.decay));
  base::Random random(seed);
  std::vector<double> drawn;
  for (int i = 0; i < kProbabilityDraws; ++i) {
    const double z0 = random.normal(), z1 = random.normal(), z2 = random.normal();
    const Eigen::Vector3d x = centre + root * Eigen::Vector3d(z0, z1, z2);
    drawn.push_back(event_probability(parameters_at({x[0], x[1], x[2]}), history, horizon_days));
  }
  std::sort(drawn.begin(), drawn.end());
  out.low = tabular::quantile(drawn, 0.05);
  out.high = tabular::quantile(drawn, 0.95);
  return out;
}

}  // namespace ballast::risk
