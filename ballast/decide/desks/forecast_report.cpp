// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/forecast_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "ballast/decide/forecast_decision.h"
#include "ballast/risk/market_var.h"

namespace ballast::decide {
namespace {

using base::Json;

Json performance_json(const risk::Performance& p) {
  return {{"annual_return", p.annual_return},
          {"annual_volatility", p.annual_volatility},
          {"sharpe", p.sharpe},
          {"max_drawdown", p.max_drawdown},
          {"annual_turnover", p.turnover},
          {"costs", p.costs}};
}

Json interval_json(const tabular::BootstrapInterval& b) {
  return {{"estimate", number_json(b.estimate)}, {"interval", {number_json(b.low), number_json(b.high)}}};
}

/// Why the advice is what it is, in words and numbers.
std::string reason_of(const risk::SessionForecast& s, double cost) {
  switch (s.action) {
    case risk::Action::abstain:
      return fmt::format("the direction is not known: the 90 % interval of a rise, {:.3f} to {:.3f}, holds one half",
                         s.interval[0], s.interval[1]);
    case risk::Action::hold:
      return fmt::format("the expected return {:+.3f} % does not pay the cost of {:.3f} %", 100 * s.expected,
                         100 * cost);
    default:
      return fmt::format("the expected return {:+.3f} % is beyond the cost of {:.3f} %", 100 * s.expected, 100 * cost);
  }
}

/// How sure the direction is: the probability of the likelier side, with its interval.
Json confidence_json(const risk::SessionForecast& s) {
  const bool up = s.probability_up >= 0.5;
  return {{"direction", up ? "up" : "down"},
          {"probability", up ? s.probability_up : 1 - s.probability_up},
          {"interval", up ? Json{s.interval[0], s.interval[1]} : Json{1 - s.interval[1], 1 - s.interval[0]}}};
}

Json reported_tail(const risk::Returns& returns) {
  Json out = Json::array();
  for (const double level : {0.95, 0.975, 0.99}) {
    risk::VarOptions options;
    options.level = level;
    const auto f = risk::forecast_var(returns, options);
    const auto tests = risk::test_var(f.days, level);
    out.push_back({{"level", level}, {"var", f.next_var}, {"es", f.next_es}, {"tests", tests_json(tests)}});
  }
  return out;
}

Json volatility_json(const risk::Returns& returns) {
  Json out = Json::array();
  std::vector<double> squares;
  for (const double r : returns.values) squares.push_back(r * r);
  for (const auto model : {risk::VolatilityModel::ewma, risk::VolatilityModel::garch, risk::VolatilityModel::garch_t,
                           risk::VolatilityModel::gjr, risk::VolatilityModel::gjr_t, risk::VolatilityModel::har}) {
    risk::VolatilityOptions options;
    options.model = model;
    const auto sigma = risk::volatility_path(returns.values, options);
    const std::size_t first = static_cast<std::size_t>(options.first_fit), n = returns.size() - first;
    Json row = {{"model", risk::volatility_model_name(model)},
                {"daily", sigma.back()},
                {"annual", sigma.back() * std::sqrt(252.0)},
                {"qlike", risk::qlike(std::span(squares).subspan(first), std::span(sigma).subspan(first, n))}};
    if (model != risk::VolatilityModel::ewma && model != risk::VolatilityModel::har) {
      const auto p = risk::latest_garch(returns.values, options);
      row["parameters"] = {
          {"omega", p.omega}, {"alpha", p.alpha}, {"gamma", p.gamma}, {"beta", p.beta}, {"nu", number_json(p.nu)}};
    }
    out.push_back(std::move(row));
  }
  return out;
}

Json reasons_json(const risk::ForecastReport& r) {
  Json out = Json::array();
  for (const risk::ForecastReason& reason : r.reasons) {
    out.push_back(
        {{"feature", reason.feature}, {"value", number_json(reason.value)}, {"contribution", reason.contribution}});
  }
  return out;
}

}  // namespace

Json report_json(const risk::ForecastReport& r, double cost, const risk::Returns& returns, std::int64_t sessions) {
  Json out = session_json(r.next, false);
  out["log_odds"] = r.log_odds;
  out["base"] = r.base;
  out["reasons"] = reasons_json(r);
  out["reason"] = reason_of(r.next, cost);
  out["confidence"] = confidence_json(r.next);
  out["cost"] = cost;
  out["tail"] = reported_tail(returns);
  out["volatility_models"] = volatility_json(returns);
  Json test = {{"sessions", r.sessions.size()},
               {"first", risk::day_text(r.sessions.front().day)},
               {"last", risk::day_text(r.sessions.back().day)},
               {"advised", performance_json(r.advised)},
               {"buy_and_hold", performance_json(r.buy_and_hold)},
               {"interval_coverage", r.interval_coverage},
               {"judged", r.judged}};
  for (const auto action : {risk::Action::buy, risk::Action::hold, risk::Action::sell, risk::Action::abstain}) {
    test["advice"][risk::action_name(action)] = r.advice[static_cast<int>(action)];
  }
  if (r.judged > 0) {
    test["accuracy"] = interval_json(r.accuracy);
    test["accuracy_always_up"] = interval_json(r.accuracy_always_up);
    test["mcc"] = interval_json(r.mcc);
    test["brier"] = interval_json(r.brier);
    test["brier_base_rate"] = interval_json(r.brier_base_rate);
  }
  if (sessions > 0) {
    const auto all = static_cast<std::int64_t>(r.sessions.size());
    for (std::int64_t i = std::max<std::int64_t>(0, all - sessions); i < all; ++i) {
      test["series"].push_back(session_json(r.sessions[static_cast<std::size_t>(i)], true));
    }
  }
  out["walk_forward"] = std::move(test);
  return out;
}

}  // namespace ballast::decide
