// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_var.h"

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

std::vector<VarMethod> make_methods() {
  constexpr std::pair<const char*, Tail> kTails[] = {
      {"historical", Tail::historical}, {"normal", Tail::normal}, {"t", Tail::student_t}, {"evt", Tail::evt}};
  // "filtered" is what the years before 2005 chose; docs/market.md has the comparison.
  std::vector<VarMethod> out = {{"filtered", true, VolatilityModel::gjr, Tail::historical}};
  for (const auto& [name, tail] : kTails) out.push_back({name, false, VolatilityModel::ewma, tail});
  for (const VolatilityModel model : {VolatilityModel::ewma, VolatilityModel::garch, VolatilityModel::garch_t,
                                      VolatilityModel::gjr, VolatilityModel::gjr_t, VolatilityModel::har}) {
    for (const auto& [name, tail] : kTails) {
      out.push_back({volatility_model_name(model) + "-" + name, true, model, tail});
    }
  }
  return out;
}

void check(const Returns& returns, const VarOptions& o) {
  if (!(o.level >= 0.5 && o.level < 1)) {
    throw Error(ErrorCode::usage, "the level must lie in [0.5, 1), for example 0.99", "--level");
  }
  if (o.window < 20) throw Error(ErrorCode::usage, "the window must have at least 20 days", "--window");
  if (o.refit_days < 1) throw Error(ErrorCode::usage, "must be at least one day", "--refit-days");
  if (returns.size() <= static_cast<std::size_t>(o.window)) {
    throw Error(ErrorCode::bad_input,
                "a window of " + std::to_string(o.window) + " days needs more returns than the " +
                    std::to_string(returns.size()) + " there are",
                returns.source);
  }
}

}  // namespace

const std::vector<VarMethod>& var_methods() {
  static const std::vector<VarMethod> kMethods = make_methods();
  return kMethods;
}

const VarMethod& var_method_named(const std::string& name) {
  std::vector<std::string> names;
  for (const VarMethod& method : var_methods()) {
    if (method.name == name) return method;
    names.push_back(method.name);
  }
  throw Error(ErrorCode::usage, "no method is called \"" + name + "\"", "--method",
              "the nearest is " + ingest::nearest_name(name, names));
}

VarForecasts forecast_var(const Returns& returns, const VarOptions& o) {
  check(returns, o);
  const auto& r = returns.values;
  const auto n = static_cast<std::int64_t>(r.size());
  const std::int64_t window = o.window;
  std::vector<double> sigma(r.size() + 1, 1.0), scaled = r;
  if (o.method.filtered) {
    VolatilityOptions v;
    v.model = o.method.volatility;
    v.decay = o.decay;
    v.first_fit = std::max(o.window, 60);
    if (n < v.first_fit) v.first_fit = static_cast<int>(n);
    v.refit_days = o.refit_days;
    sigma = volatility_path(r, v);
    for (std::size_t i = 0; i < r.size(); ++i) scaled[i] = r[i] / sigma[i];
  }
  VarForecasts out;
  out.days.resize(static_cast<std::size_t>(n - window));
  // Degrees of freedom are kept for `refit_days`; each block fits its own.
  base::parallel_for((n - window) / o.refit_days + 1, [&](std::int64_t block) {
    const std::int64_t begin = window + block * o.refit_days;
    double nu = 0;
    for (std::int64_t t = begin; t < std::min(begin + o.refit_days, n + 1); ++t) {
      const auto seen = std::span<const double>(scaled).subspan(static_cast<std::size_t>(t - window),
                                                                static_cast<std::size_t>(window));
      if (t == begin && o.method.tail == Tail::student_t) nu = fit_degrees_of_freedom(seen);
      const TailRisk tail = tail_risk(seen, o.method.tail, o.level, nu);
      const double s = sigma[static_cast<std::size_t>(t)];
      const double var = tail.var * s + 0.0, es = tail.es * s + 0.0;  // a pegged price has a VaR of 0, not -0
      if (t == n) {
        out.next_var = var;
        out.next_es = es;
        continue;
      }
      const auto at = static_cast<std::size_t>(t);
      out.days[static_cast<std::size_t>(t - window)] = {returns.days[at], var, es, r[at], r[at] < -var};
    }
  });
  out.next_sigma = o.method.filtered ? sigma.back() : std::numeric_limits<double>::quiet_NaN();
  return out;
}

}  // namespace ballast::risk
