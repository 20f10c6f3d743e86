// SPDX-License-Identifier: Apache-2.0
// The GARCH family by maximum likelihood. Free parameters x are mapped so that any x is a valid model:
//   persistence p = 0.9995 / (1 + e^−x0);  (α, γ/2, β) = p · softmax(x1, x2, 0);  ω = s² (1 − p) e^x3;  ν = 2.05 + e^x4
// with s² the sample variance. Without γ its share is left out.
#include <algorithm>
#include <array>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <nlopt.hpp>
#include <numbers>

#include "ballast/base/error.h"
#include "ballast/risk/market_volatility.h"

namespace ballast::risk {
namespace {

constexpr double kMaxPersistence = 0.9995;
constexpr double kMinNu = 2.05;  // the variance of the t exists above 2
constexpr int kMaxEvaluations = 150;

double first_variance(std::span<const double> e) {
  double sum = 0, weights = 0, weight = 1;
  for (std::size_t i = 0; i < std::min<std::size_t>(e.size(), 75); ++i, weight *= 0.94) {
    sum += weight * e[i] * e[i];
    weights += weight;
  }
  return sum / weights;
}

enum { kOmega, kAlpha, kGamma, kBeta, kNu, kParameters };
using Vector = std::array<double, kParameters>;

/// Log-likelihood of residuals and, where asked, its gradient by (ω, α, γ, β, ν).
double likelihood(std::span<const double> e, const Vector& p, bool student_t, Vector* gradient) {
  double h = std::max(first_variance(e), 1e-300), sum = 0;
  std::array<double, 4> dh{};
  const double nu = p[kNu];
  const double constant =
      student_t ? std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2) - 0.5 * std::log(std::numbers::pi * (nu - 2))
                : -0.5 * std::log(2 * std::numbers::pi);
  double by_nu = 0;
  if (student_t && gradient != nullptr) {
    by_nu = 0.5 * (boost::math::digamma((nu + 1) / 2) - boost::math::digamma(nu / 2) - 1 / (nu - 2)) *
            static_cast<double>(e.size());
  }
  if (gradient != nullptr) gradient->fill(0);
  for (const double x : e) {
    const double square = x * x, z = square / h;
    double by_h = 0;  // ∂ log f / ∂ h
    if (student_t) {
      const double q = 1 + z / (nu - 2), log_q = std::log(q);
      sum += constant - 0.5 * std::log(h) - (nu + 1) / 2 * log_q;
      by_h = (-1 + (nu + 1) * z / ((nu - 2) * q)) / (2 * h);
      by_nu += -0.5 * log_q + (nu + 1) / 2 * z / ((nu - 2) * (nu - 2) * q);
    } else {
      sum += constant - 0.5 * (std::log(h) + z);
      by_h = (z - 1) / (2 * h);
    }
    const double down = x < 0 ? square : 0;
    if (gradient != nullptr) {
      for (std::size_t k = 0; k < 4; ++k) (*gradient)[k] += by_h * dh[k];
      const std::array<double, 4> direct = {1, square, down, h};
      for (std::size_t k = 0; k < 4; ++k) dh[k] = direct[k] + p[kBeta] * dh[k];
    }
    h = p[kOmega] + p[kAlpha] * square + p[kGamma] * down + p[kBeta] * h;
  }
  if (gradient != nullptr) (*gradient)[kNu] = by_nu;
  return sum;
}

/// Free parameters → model, with the Jacobian's product (gradient by model → gradient by x).
struct Mapping {
  GarchShape shape;
  std::size_t size() const { return 3u + (shape.asymmetric ? 1u : 0u) + (shape.student_t ? 1u : 0u); }

  struct Point {
    Vector p{};
    double persistence = 0;
    std::array<double, 3> share{};
  };
  // Order of x: persistence, share of α, ω, [share of γ], [ν].
  Point point(const std::vector<double>& x) const {
    Point at;
    at.persistence = kMaxPersistence / (1 + std::exp(-x[0]));
    const double a = std::exp(x[1]), g = shape.asymmetric ? std::exp(x[3]) : 0;
    at.share = {a / (1 + a + g), g / (1 + a + g), 1 / (1 + a + g)};
    at.p[kOmega] = (1 - at.persistence) * std::exp(x[2]);
    at.p[kAlpha] = at.persistence * at.share[0];
    at.p[kGamma] = 2 * at.persistence * at.share[1];
    at.p[kBeta] = at.persistence * at.share[2];
    at.p[kNu] = shape.student_t ? kMinNu + std::exp(x.back()) : std::numeric_limits<double>::infinity();
    return at;
  }
  void pull_back(const Point& at, const Vector& g, std::vector<double>& out) const {
    const double p = at.persistence, dp = p * (1 - p / kMaxPersistence);
    const auto& [sa, sg, sb] = at.share;
    const double by_a = g[kAlpha], by_g = 2 * g[kGamma], by_b = g[kBeta];
    const double mean = sa * by_a + sg * by_g + sb * by_b;
    out[0] = dp * (mean - g[kOmega] * at.p[kOmega] / (1 - p));
    out[1] = p * sa * (by_a - mean);
    out[2] = g[kOmega] * at.p[kOmega];
    if (shape.asymmetric) out[3] = p * sg * (by_g - mean);
    if (shape.student_t) out.back() = g[kNu] * (at.p[kNu] - kMinNu);
  }
};

struct Problem {
  std::span<const double> residuals;  // scaled to variance 1
  Mapping mapping;
};

double objective(const std::vector<double>& x, std::vector<double>& gradient, void* data) {
  const auto& problem = *static_cast<const Problem*>(data);
  const auto at = problem.mapping.point(x);
  Vector by_p;
  const double value = likelihood(problem.residuals, at.p, problem.mapping.shape.student_t, &by_p);
  if (!gradient.empty()) problem.mapping.pull_back(at, by_p, gradient);
  return value;
}

double logit(double p) {
  return std::log(p / (1 - p));
}

/// The best of two starts (a slow and a fast model): the likelihood has a ridge between them on short samples.
std::vector<double> maximise(Problem& problem, double& best) {
  const GarchShape& shape = problem.mapping.shape;
  std::vector<double> winner;
  for (const auto& [persistence, alpha] : {std::pair{0.97, 0.06}, std::pair{0.85, 0.15}}) {
    std::vector<double> x = {logit(persistence / kMaxPersistence), std::log(alpha / (1 - alpha)), 0.0};
    if (shape.asymmetric) x.push_back(std::log(0.03));
    if (shape.student_t) x.push_back(std::log(6.0));
    std::vector<double> low(x.size(), -12), high(x.size(), 12);
    low[2] = -6, high[2] = 3;
    if (shape.student_t) low.back() = -3, high.back() = 5;  // ν between 2.1 and 150, which is normal in all but name
    nlopt::opt search(nlopt::LD_LBFGS, static_cast<unsigned>(x.size()));
    search.set_lower_bounds(low);
    search.set_upper_bounds(high);
    search.set_max_objective(objective, &problem);
    search.set_ftol_rel(1e-9);
    search.set_maxeval(kMaxEvaluations);
    double value = -std::numeric_limits<double>::infinity();
    try {
      search.optimize(x, value);
    } catch (const nlopt::roundoff_limited&) {  // as good as it gets: x holds the best point
      std::vector<double> none;
      value = objective(x, none, &problem);
    } catch (const std::runtime_error&) {  // a failed line search also leaves the best point
      std::vector<double> none;
      value = objective(x, none, &problem);
    }
    if (winner.empty() || value > best) winner = x, best = value;
  }
  return winner;
}

std::vector<double> residuals_of(std::span<const double> returns, double mean) {
  std::vector<double> e(returns.begin(), returns.end());
  for (double& x : e) x -= mean;
  return e;
}

Vector vector_of(const GarchParameters& p) {
  return {p.omega, p.alpha, p.gamma, p.beta, p.nu};
}

}  // namespace

GarchParameters fit_garch(std::span<const double> returns, const GarchShape& shape) {
  if (returns.size() < 50) {
    throw base::Error(base::ErrorCode::bad_input,
                      "a GARCH model needs at least 50 returns, there are " + std::to_string(returns.size()));
  }
  GarchParameters fit;
  const auto n = static_cast<double>(returns.size());
  for (const double r : returns) fit.mean += r / n;
  std::vector<double> e = residuals_of(returns, fit.mean);
  double variance = 0;
  for (const double x : e) variance += x * x / n;
  if (variance < 1e-24) return fit;
  const double scale = std::sqrt(variance);
  for (double& x : e) x /= scale;
  Problem problem{e, {shape}};
  double best = 0;
  const auto at = problem.mapping.point(maximise(problem, best));
  fit.omega = at.p[kOmega] * variance;
  fit.alpha = at.p[kAlpha];
  fit.gamma = at.p[kGamma];
  fit.beta = at.p[kBeta];
  fit.nu = at.p[kNu];
  fit.log_likelihood = best - n * std::log(scale);
  return fit;
}

double garch_log_likelihood(std::span<const double> returns, const GarchParameters& parameters) {
  const auto e = residuals_of(returns, parameters.mean);
  return likelihood(e, vector_of(parameters), std::isfinite(parameters.nu), nullptr);
}

std::vector<double> garch_variances(std::span<const double> returns, const GarchParameters& p) {
  const auto e = residuals_of(returns, p.mean);
  std::vector<double> h = {e.empty() ? p.long_run_variance() : first_variance(e)};
  h.reserve(e.size() + 1);
  for (const double x : e) {
    h.push_back(p.omega + (p.alpha + (x < 0 ? p.gamma : 0)) * x * x + p.beta * h.back());
  }
  return h;
}

}  // namespace ballast::risk
