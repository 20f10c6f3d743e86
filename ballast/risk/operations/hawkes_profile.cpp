// SPDX-License-Identifier: Apache-2.0
// Profile likelihood intervals of the Hawkes process. Wald intervals miss their coverage where few events bear on a
// parameter; the profile follows the likelihood itself and does not depend on the scale a parameter is written in.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlopt.hpp>

#include "ballast/risk/operations/event_math.h"
#include "ballast/risk/operations_events.h"

namespace ballast::risk {
namespace {

constexpr double kDrop = kNormal95 * kNormal95 / 2;  // half of the 90 % point of chi-squared with one degree
constexpr double kOutside = -1e100;                  // the likelihood of parameters that cannot be

/// One quantity of the process, as a coordinate without bounds, and how the others are found for a given value of it.
struct Quantity {
  double best = 0;      // coordinate at the maximum of the likelihood
  double low, high;     // where the search ends
  double step = 0;      // first step of the search
  HawkesPoint start{};  // the maximum of the likelihood
  /// The point whose quantity is `value`, given the two free coordinates.
  std::function<HawkesPoint(double value, double first, double second)> point;
  /// The free coordinates of a point.
  std::function<std::array<double, 2>(const HawkesPoint&)> free;
  std::array<double, 2> free_low{}, free_high{};
  /// A point near `from` at which the quantity has `value`: where the search for the others starts.
  std::function<HawkesPoint(const HawkesPoint& from, double value)> moved;
};

class Profile {
 public:
  Profile(const EventHistory& history, const Quantity& quantity, double maximum)
      : history_(history), quantity_(quantity), maximum_(maximum) {}

  /// The end of the interval in direction -1 or 1; the bound of the search where the likelihood never falls that far.
  double end(double direction) {
    warm_ = quantity_.start;
    const double bound = direction < 0 ? quantity_.low : quantity_.high;
    double inside = quantity_.best, outside = inside, step = quantity_.step;
    double gap_inside = kDrop, gap_outside = 0;
    for (;;) {
      outside = direction < 0 ? std::max(inside - step, bound) : std::min(inside + step, bound);
      gap_outside = gap(outside);
      if (gap_outside < 0) break;
      if (outside == bound) return bound;
      inside = outside;
      gap_inside = gap_outside;
      step *= 1.6;
    }
    // Regula falsi that halves the weight of an end kept twice (Illinois).
    for (int i = 0; i < 40 && std::abs(outside - inside) > 1e-4; ++i) {
      double middle = inside + (outside - inside) * gap_inside / (gap_inside - gap_outside);
      const double margin = 0.02 * (outside - inside);
      middle =
          std::clamp(middle, std::min(inside + margin, outside - margin), std::max(inside + margin, outside - margin));
      const double g = gap(middle);
      if (std::abs(g) < 1e-4) return middle;
      if (g > 0) {
        inside = middle;
        gap_inside = g;
        gap_outside /= 2;
      } else {
        outside = middle;
        gap_outside = g;
        gap_inside /= 2;
      }
    }
    return (inside + outside) / 2;
  }

 private:
  /// How much the profile may still fall at this value.
  double gap(double value) {
    nlopt::opt optimizer(nlopt::LN_SBPLX, 2);
    struct Problem {
      const EventHistory& history;
      const Quantity& quantity;
      double value;
    } problem{history_, quantity_, value};
    optimizer.set_max_objective(
        [](const std::vector<double>& x, std::vector<double>&, void* data) {
          const auto& p = *static_cast<Problem*>(data);
          const HawkesPoint at = p.quantity.point(p.value, x[0], x[1]);
          return std::isfinite(at[0]) ? hawkes_log_likelihood(p.history, parameters_at(at)) : kOutside;
        },
        &problem);
    optimizer.set_lower_bounds({quantity_.free_low.begin(), quantity_.free_low.end()});
    optimizer.set_upper_bounds({quantity_.free_high.begin(), quantity_.free_high.end()});
    optimizer.set_initial_step(0.2);
    optimizer.set_xtol_abs(1e-5);
    optimizer.set_maxeval(600);
    const auto start = quantity_.free(quantity_.moved(warm_, value));
    std::vector<double> x(start.begin(), start.end());
    for (std::size_t i = 0; i < 2; ++i) x[i] = std::clamp(x[i], quantity_.free_low[i], quantity_.free_high[i]);
    double best = kOutside;
    optimizer.optimize(x, best);
    if (best > kOutside) warm_ = quantity_.point(value, x[0], x[1]);
    return best - maximum_ + kDrop;
  }

  const EventHistory& history_;
  const Quantity& quantity_;
  double maximum_;
  HawkesPoint warm_{};
};

HawkesPoint point_of(const HawkesParameters& p) {
  return {std::log(p.mu), std::log(p.branching / (1 - p.branching)), std::log(p.decay)};
}

Quantity parameter(const EventHistory& history, const HawkesFit& fit, std::size_t which) {
  const HawkesBounds bounds = hawkes_bounds(history);
  const std::size_t first = which == 0 ? 1 : 0, second = which == 2 ? 1 : 2;
  Quantity q;
  q.start = point_of(fit.parameters);
  q.best = q.start[which];
  q.low = bounds.low[which];
  q.high = bounds.high[which];
  q.step = 0.3;
  q.point = [=](double value, double a, double b) {
    HawkesPoint x{};
    x[which] = value;
    x[first] = a;
    x[second] = b;
    return x;
  };
  q.free = [=](const HawkesPoint& x) { return std::array<double, 2>{x[first], x[second]}; };
  q.free_low = {bounds.low[first], bounds.low[second]};
  q.free_high = {bounds.high[first], bounds.high[second]};
  q.moved = [](const HawkesPoint& from, double) { return from; };
  return q;
}

/// The coordinate is the log of the expected count within the horizon, -ln(1 - probability).
Quantity expected_events(const EventHistory& history, const HawkesFit& fit, double horizon) {
  const HawkesBounds bounds = hawkes_bounds(history);
  const auto count = [&history, horizon](const HawkesParameters& p) {
    return p.mu * horizon + p.branching * hawkes_echo(p.decay, history, horizon);
  };
  Quantity q;
  q.start = point_of(fit.parameters);
  q.best = std::log(count(fit.parameters));
  q.low = q.best - 12;
  q.high = q.best + 8;
  q.step = 0.2;
  q.point = [&history, horizon](double value, double a, double b) {
    HawkesPoint x = {0, a, b};
    const HawkesParameters p = parameters_at(x);
    const double own = std::exp(value) - p.branching * hawkes_echo(p.decay, history, horizon);
    x[0] = own > 0 ? std::log(own / horizon) : -std::numeric_limits<double>::infinity();
    return x;
  };
  q.free = [](const HawkesPoint& x) { return std::array<double, 2>{x[1], x[2]}; };
  q.free_low = {bounds.low[1], bounds.low[2]};
  q.free_high = {bounds.high[1], bounds.high[2]};
  q.moved = [count](const HawkesPoint& from, double value) {
    HawkesParameters p = parameters_at(from);
    const double factor = std::exp(value) / count(p);
    p.mu *= factor;
    p.branching = std::min(p.branching * factor, p.branching + (1 - p.branching) / 2);  // stays a branching ratio
    return point_of(p);
  };
  return q;
}

}  // namespace

void add_hawkes_intervals(const EventHistory& history, HawkesFit& fit) {
  const HawkesBounds bounds = hawkes_bounds(history);
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  Estimate* const estimates[] = {&fit.mu, &fit.branching, &fit.decay};
  const double open_high[] = {kInfinite, 1, kInfinite};
  for (std::size_t i = 0; i < 3; ++i) {
    const Quantity q = parameter(history, fit, i);
    Profile profile(history, q, fit.log_likelihood);
    const double low = profile.end(-1), high = profile.end(1);
    const auto value = [&](double x) { return i == 1 ? 1 / (1 + std::exp(-x)) : std::exp(x); };
    estimates[i]->low = low <= bounds.low[i] ? 0 : value(low);
    estimates[i]->high = high >= bounds.high[i] ? open_high[i] : value(high);
  }
  fit.identified = fit.branching.low > 0;
}

Estimate event_probability(const HawkesFit& fit, const EventHistory& history, double horizon_days) {
  const Quantity q = expected_events(history, fit, horizon_days);
  Profile profile(history, q, fit.log_likelihood);
  const double low = profile.end(-1), high = profile.end(1);
  return {event_probability(fit.parameters, history, horizon_days), low <= q.low ? 0 : -std::expm1(-std::exp(low)),
          high >= q.high ? 1 : -std::expm1(-std::exp(high))};
}

}  // namespace ballast::risk
