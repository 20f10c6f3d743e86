// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_volatility.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kMinSigma = 1e-6;
constexpr std::pair<const char*, VolatilityModel> kNames[] = {
    {"ewma", VolatilityModel::ewma}, {"garch", VolatilityModel::garch}, {"garch-t", VolatilityModel::garch_t},
    {"gjr", VolatilityModel::gjr},   {"gjr-t", VolatilityModel::gjr_t}, {"har", VolatilityModel::har}};

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

GarchShape shape_of(VolatilityModel model) {
  return {model == VolatilityModel::gjr || model == VolatilityModel::gjr_t,
          model == VolatilityModel::garch_t || model == VolatilityModel::gjr_t};
}

/// Forecasts of days [begin, end) with parameters from the returns before `begin`; where `begin` is the first fit, the
/// days before it too.
void fill_block(std::span<const double> r, const VolatilityOptions& o, std::size_t begin, std::size_t end,
                std::vector<double>& variance) {
  const std::size_t length = std::min(begin, static_cast<std::size_t>(o.fit_days));
  const std::size_t first = begin - length;
  const std::size_t from = begin == static_cast<std::size_t>(o.first_fit) ? first : begin;
  const std::size_t known = std::min(end, r.size());  // the block that ends at n forecasts one day more than there is
  const auto seen = r.subspan(first, known - first);
  if (o.model == VolatilityModel::har) {
    std::vector<double> squares;
    for (const double x : seen) squares.push_back(x * x);
    const HarParameters fit = fit_har(std::span(squares).first(length));
    for (std::size_t t = from; t < end; ++t) {
      const std::size_t have = t - first;
      variance[t] =
          have < 22 ? mean_of(std::span(squares).first(length)) : har_variance(std::span(squares).first(have), fit);
    }
    return;
  }
  const auto fit = fit_garch(r.subspan(first, length), shape_of(o.model));
  const auto h = garch_variances(seen, fit);
  for (std::size_t t = from; t < end; ++t) variance[t] = h[t - first];
}

}  // namespace

std::vector<double> ewma_variances(std::span<const double> returns, double decay) {
  std::vector<double> out;
  double h = 0;
  const auto first = returns.first(std::min<std::size_t>(returns.size(), 20));
  for (const double r : first) h += r * r / static_cast<double>(first.size());
  out.push_back(h);
  for (const double r : returns) out.push_back(h = decay * h + (1 - decay) * r * r);
  return out;
}

HarParameters fit_har(std::span<const double> v) {
  if (v.size() < 60) {
    throw Error(ErrorCode::bad_input, "HAR needs at least 60 days, there are " + std::to_string(v.size()));
  }
  const auto rows = static_cast<Eigen::Index>(v.size() - 22);
  Eigen::MatrixXd x(rows, 4);
  Eigen::VectorXd y(rows);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto t = static_cast<std::size_t>(i) + 22;
    x.row(i) << 1, v[t - 1], mean_of(v.subspan(t - 5, 5)), mean_of(v.subspan(t - 22, 22));
    y(i) = v[t];
  }
  const Eigen::VectorXd b = x.colPivHouseholderQr().solve(y);
  return {b(0), b(1), b(2), b(3), 0.01 * mean_of(v)};
}

double har_variance(std::span<const double> v, const HarParameters& p) {
  const std::size_t n = v.size();
  const double forecast =
      p.constant + p.daily * v[n - 1] + p.weekly * mean_of(v.subspan(n - 5)) + p.monthly * mean_of(v.subspan(n - 22));
  return std::max(forecast, p.floor);
}

VolatilityModel volatility_model_named(const std::string& name) {
  for (const auto& [known, model] : kNames) {
    if (name == known) return model;
  }
  throw Error(ErrorCode::usage, "no volatility model is called \"" + name + "\"", "--volatility",
              "known: ewma, garch, garch-t, gjr, gjr-t, har");
}

std::string volatility_model_name(VolatilityModel model) {
  for (const auto& [name, known] : kNames) {
    if (model == known) return name;
  }
  return "";
}

std::vector<double> volatility_path(std::span<const double> returns, const VolatilityOptions& o) {
  const std::size_t n = returns.size();
  if (o.model == VolatilityModel::ewma && !(o.decay > 0 && o.decay < 1)) {
    throw Error(ErrorCode::usage, "the decay must lie between 0 and 1", "--decay");
  }
  if (n < static_cast<std::size_t>(o.first_fit)) {
    throw Error(ErrorCode::bad_input, "volatility needs at least " + std::to_string(o.first_fit) +
                                          " returns, there are " + std::to_string(n));
  }
  std::vector<double> variance;
  if (o.model == VolatilityModel::ewma) {
    variance = ewma_variances(returns, o.decay);
  } else {
    variance.assign(n + 1, 0);
    const auto first = static_cast<std::size_t>(o.first_fit), step = static_cast<std::size_t>(o.refit_days);
    base::parallel_for(static_cast<std::int64_t>((n - first) / step + 1), [&](std::int64_t block) {
      const std::size_t begin = first + static_cast<std::size_t>(block) * step;
      fill_block(returns, o, begin, std::min(begin + step, n + 1), variance);
    });
  }
  for (double& v : variance) v = std::max(std::sqrt(v), kMinSigma);
  return variance;
}

GarchParameters latest_garch(std::span<const double> returns, const VolatilityOptions& o) {
  if (o.model == VolatilityModel::ewma || o.model == VolatilityModel::har) return {};
  return fit_garch(returns.last(std::min(returns.size(), static_cast<std::size_t>(o.fit_days))), shape_of(o.model));
}

double qlike(std::span<const double> proxies, std::span<const double> sigmas) {
  double sum = 0;
  for (std::size_t i = 0; i < proxies.size(); ++i) {
    const double ratio = std::max(proxies[i], 1e-12) / (sigmas[i] * sigmas[i]);
    sum += ratio - std::log(ratio) - 1;
  }
  return sum / static_cast<double>(proxies.size());
}

}  // namespace ballast::risk
