// SPDX-License-Identifier: Apache-2.0
// Daily volatility: returns come in, one-step-ahead standard deviations go out, by the traditional methods (EWMA, GARCH
// family, HAR). A forecast for a day uses returns of earlier days only.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace ballast::risk {

/// σ²[t] = decay · σ²[t−1] + (1 − decay) · r²[t−1] (RiskMetrics 1996), started at the mean square of the first 20
/// returns. n + 1 variances come back: [t] is the forecast of day t, the last one that of the day after the series.
std::vector<double> ewma_variances(std::span<const double> returns, double decay);

/// GARCH(1,1) (Bollerslev 1986), with γ the GJR model (Glosten, Jagannathan & Runkle 1993):
/// σ²[t] = ω + (α + γ·1{e[t−1]<0}) e²[t−1] + β σ²[t−1], e = r − mean, e/σ normal or Student t with ν degrees of
/// freedom, scaled to variance 1 (Bollerslev 1987).
struct GarchParameters {
  double mean = 0, omega = 0, alpha = 0, gamma = 0, beta = 0;
  double nu = std::numeric_limits<double>::infinity();  // infinite: normal
  double log_likelihood = 0;                            // of the whole sample, in nats

  double persistence() const { return alpha + gamma / 2 + beta; }
  double long_run_variance() const { return omega / (1 - persistence()); }
};

struct GarchShape {
  bool asymmetric = false;  // with γ
  bool student_t = false;
};

/// Maximum likelihood (L-BFGS with analytic gradients over parameters mapped to α, β ≥ 0, α + γ ≥ 0 and persistence
/// below 0.9995; the mean is the sample's). The first variance is a backcast: squares of the first 75 residuals,
/// weights falling by 0.94. Throws bad_input with fewer than 50 returns; a sample without variation comes back as a
/// constant variance of zero.
GarchParameters fit_garch(std::span<const double> returns, const GarchShape& shape);

/// Log-likelihood of a sample under given parameters, as fit_garch() counts it.
double garch_log_likelihood(std::span<const double> returns, const GarchParameters& parameters);

/// n + 1 variances, as ewma_variances().
std::vector<double> garch_variances(std::span<const double> returns, const GarchParameters& parameters);

/// HAR (Corsi 2009): E σ²[t] = c + d·v[t−1] + w·mean(v[t−5…t−1]) + m·mean(v[t−22…t−1]) over a daily variance proxy v
/// (squared returns, or Parkinson's range where there is one).
struct HarParameters {
  double constant = 0, daily = 0, weekly = 0, monthly = 0;
  double floor = 0;  // a hundredth of the sample mean: least squares may forecast below zero
};
/// Least squares. Throws bad_input with fewer than 60 values.
HarParameters fit_har(std::span<const double> proxies);
/// The forecast for the day after `proxies` (at least 22).
double har_variance(std::span<const double> proxies, const HarParameters& parameters);

enum class VolatilityModel { ewma, garch, garch_t, gjr, gjr_t, har };
/// "ewma", "garch", "garch-t", "gjr", "gjr-t", "har". Throws usage for anything else.
VolatilityModel volatility_model_named(const std::string& name);
std::string volatility_model_name(VolatilityModel model);

struct VolatilityOptions {
  VolatilityModel model = VolatilityModel::ewma;
  double decay = 0.94;  // EWMA
  int first_fit = 250;  // the first fit uses this many returns; forecasts before are in-sample
  int fit_days = 1000;  // at most so many of the latest returns are fitted
  int refit_days = 21;  // parameters are kept so long; the recursion is daily
};

/// n + 1 standard deviations: [t] is the forecast of day t. From `first_fit` on, parameters were fitted to returns
/// before t only. Never below 1e-6 (a pegged currency does not move for years). Refits run in parallel and do not
/// depend on each other, so the result is the same at any thread count. Throws bad_input with fewer than `first_fit`
/// returns.
std::vector<double> volatility_path(std::span<const double> returns, const VolatilityOptions& options);

/// Parameters that `model` has after the last return, for reports; EWMA has none (all zero).
GarchParameters latest_garch(std::span<const double> returns, const VolatilityOptions& options);

/// Mean of v/σ² − ln(v/σ²) − 1 (Patton 2011), a loss whose ranking of forecasts is robust to a noisy proxy v; days with
/// v = 0 count with a v of 1e-12.
double qlike(std::span<const double> proxies, std::span<const double> sigmas);

}  // namespace ballast::risk
