// SPDX-License-Identifier: Apache-2.0
// Event forecasts and their questions as JSON.
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/operations_forecast.h"

namespace ballast::risk {
namespace {

using base::Json;

/// JSON has no infinite numbers.
Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json();
}

Json model_json(const EventModelFit& m) {
  if (!m.absent.empty()) return {{"model", m.name}, {"absent", m.absent}};
  return {{"model", m.name},
          {"parameters", m.parameters},
          {"log_likelihood", number(m.log_likelihood)},
          {"aic", number(m.aic)},
          {"probability", to_json(m.probability)},
          {"log_score", number(m.log_score)},
          {"gain_over_poisson", to_json(m.gain)}};
}

}  // namespace

Json to_json(const Estimate& e) {
  return {{"value", number(e.value)}, {"interval", {number(e.low), number(e.high)}}};
}

Json to_json(const EventForecast& f) {
  Json models = Json::array(), effects = Json::array(), parts = Json::array();
  for (const EventModelFit& m : f.models) models.push_back(model_json(m));
  for (const Effect& e : f.effects) {
    effects.push_back({{"name", e.name},
                       {"effect", number(e.log_ratio.value)},
                       {"interval", {number(e.log_ratio.low), number(e.log_ratio.high)}},
                       {"p_value", number(e.p_value)}});
  }
  for (const auto& [name, hazard] : f.parts) parts.push_back({{"part", name}, {"hazard", number(hazard)}});
  Json out = {{"probability", f.probability.value},
              {"interval", {f.probability.low, f.probability.high}},
              {"model", f.model},
              {"why", f.why},
              {"hazard", number(f.hazard)},
              {"parts", parts},
              {"events", f.events},
              {"periods", f.periods},
              {"days", f.days},
              {"models", models},
              {"effects", effects},
              {"held_out", {{"periods", f.held_out_periods}, {"events", f.held_out_events}}},
              {"notes", f.notes}};
  if (f.hawkes.parameters.mu > 0) {
    out["hawkes"] = {{"mu", to_json(f.hawkes.mu)},
                     {"branching", to_json(f.hawkes.branching)},
                     {"decay", to_json(f.hawkes.decay)},
                     {"identified", f.hawkes.identified}};
  }
  return out;
}

Json to_json(const EventQuestion& q) {
  Json covariates = Json::array();
  for (const EventCovariate& c : q.covariates) covariates.push_back({{"name", c.name}, {"by_period", c.by_period}});
  return {{"times", q.history.times},
          {"days", q.history.days},
          {"horizon_days", q.horizon_days},
          {"period_days", q.period_days},
          {"covariates", covariates},
          {"held_out", q.held_out},
          {"choose", q.choose}};
}

EventQuestion event_question_from(const Json& json, const std::string& where) {
  EventQuestion q;
  q.history.times = base::json_field<std::vector<double>>(json, "times", where);
  q.history.days = base::json_field<double>(json, "days", where);
  q.horizon_days = base::json_field<double>(json, "horizon_days", where);
  q.period_days = base::json_field<double>(json, "period_days", where);
  q.held_out = base::json_field<double>(json, "held_out", where);
  q.choose = base::json_field<std::string>(json, "choose", where);
  for (const Json& c : base::json_field<Json>(json, "covariates", where)) {
    q.covariates.push_back({base::json_field<std::string>(c, "name", where),
                            base::json_field<std::vector<double>>(c, "by_period", where)});
  }
  return q;
}

}  // namespace ballast::risk
