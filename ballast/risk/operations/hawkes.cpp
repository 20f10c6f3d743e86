// SPDX-License-Identifier: Apache-2.0
// The exponential Hawkes process: likelihood, fit, simulation, probability.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlopt.hpp>

#include "ballast/base/error.h"
#include "ballast/risk/operations/event_math.h"
#include "ballast/risk/operations_events.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using Point = HawkesPoint;

constexpr std::size_t kFewestEvents = 10;

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
  const HawkesBounds bounds = hawkes_bounds(history);
  optimizer.set_lower_bounds({bounds.low.begin(), bounds.low.end()});
  optimizer.set_upper_bounds({bounds.high.begin(), bounds.high.end()});
  optimizer.set_xtol_abs(1e-7);
  optimizer.set_maxeval(4000);
  std::vector<double> x(start.begin(), start.end());
  optimizer.optimize(x, best);
  return {x[0], x[1], x[2]};
}

}  // namespace

HawkesParameters parameters_at(const HawkesPoint& x) {
  return {std::exp(x[0]), 1 / (1 + std::exp(-x[1])), std::exp(x[2])};
}

HawkesBounds hawkes_bounds(const EventHistory& history) {
  // Beyond these the likelihood is flat: no events of their own, no excitation, decay slower than the history or faster
  // than a hundred-thousandth of the mean gap.
  const double rate = std::log(static_cast<double>(history.times.size()) / history.days);
  return {{rate - 8, -8, std::log(0.1 / history.days)}, {rate + 1, 6, rate + 12}};
}

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

HawkesFit fit_hawkes(const EventHistory& history, bool intervals) {
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
  if (intervals) add_hawkes_intervals(history, fit);
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

double hawkes_echo(double decay, const EventHistory& history, double horizon_days) {
  double excitation = 0, last = 0;
  for (const double t : history.times) {
    excitation = excitation * std::exp(-decay * (t - last)) + 1;
    last = t;
  }
  return -excitation * std::exp(-decay * (history.days - last)) * std::expm1(-decay * horizon_days);
}

double event_probability(const HawkesParameters& p, const EventHistory& history, double horizon_days) {
  return -std::expm1(-p.mu * horizon_days - p.branching * hawkes_echo(p.decay, history, horizon_days));
}

}  // namespace ballast::risk
