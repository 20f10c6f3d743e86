// SPDX-License-Identifier: Apache-2.0
// An advice as the object that is stored and printed.
#include <cmath>

#include "ballast/decide/advice.h"

namespace ballast::decide {
namespace {

using base::Json;

Json crisis_json(const risk::CrisisLoss& c) {
  if (!c.measured) return {{"name", c.name}, {"measured", false}, {"coverage", c.coverage}};
  return {{"name", c.name},
          {"measured", true},
          {"coverage", c.coverage},
          {"loss", c.worst},
          {"peak", risk::day_text(c.peak)},
          {"trough", risk::day_text(c.trough)},
          {"window_return", c.window_return}};
}

Json measures_json(const Advice& a, const RiskMeasures& m) {
  Json crises = Json::array(), shocks = Json::array();
  for (const risk::CrisisLoss& c : m.crises) crises.push_back(crisis_json(c));
  for (std::size_t i = 0; i < m.shocks.size(); ++i)
    shocks.push_back({{"name", a.shocks[i].name}, {"return", m.shocks[i]}});
  return {{"volatility", m.volatility}, {"cvar", m.cvar},   {"cash", m.cash},
          {"duration", m.duration},     {"crises", crises}, {"shocks", shocks}};
}

Json breaches_json(const std::vector<Breach>& breaches) {
  Json out = Json::array();
  for (const Breach& b : breaches)
    out.push_back({{"limit", b.limit}, {"subject", b.subject}, {"value", b.value}, {"bound", b.bound}});
  return out;
}

Json position_json(const Position& p, const std::string& currency) {
  return {{"instrument", p.instrument},
          {"class", p.group},
          {"currency", p.currency},
          {"quantity", p.quantity},
          {"price", p.price},
          {"value", money_text(p.value, currency)},
          {"weight", p.weight},
          {"target", p.target},
          {"verdict", p.verdict},
          {"why", p.why},
          {"trade_quantity", p.trade_quantity},
          {"trade_value", money_text(p.trade_value, currency)},
          {"cost", money_text(p.cost, currency)},
          {"risk_before", p.contribution_before},
          {"risk_after", p.contribution_after},
          {"expected_return", p.expected},
          {"sample_return", p.sample_expected},
          {"beta", p.beta},
          {"duration", p.duration}};
}

Json hedge_json(const risk::Hedge& h, const Advice& a) {
  if (!h.applies) return {{"kind", h.kind}, {"applies", false}, {"why", h.why_not}};
  Json crises = Json::array(), shocks = Json::array();
  for (const risk::HedgedCrisis& c : h.crises)
    crises.push_back({{"name", c.name}, {"loss_before", c.before}, {"loss", c.after}});
  for (const risk::HedgedShock& s : h.shocks)
    shocks.push_back({{"name", s.name}, {"return_before", s.before}, {"return", s.after}});
  Json out = {{"kind", h.kind},         {"applies", true},
              {"notional", h.notional}, {"notional_value", money_text(h.notional * a.value, a.settings.currency)},
              {"cost", h.cost},         {"cost_value", money_text(h.cost * a.value, a.settings.currency)},
              {"crises", crises},       {"shocks", shocks}};
  if (h.kind == "put") {
    out["premium"] = h.premium;
    out["strike"] = a.hedge_terms.strike;
    out["tenor"] = a.hedge_terms.tenor;
    out["option_volatility"] = h.option_volatility;
  }
  if (h.kind != "duration") {
    out["volatility_before"] = h.volatility_before;
    out["volatility"] = h.volatility;
    out["cvar_before"] = h.cvar_before;
    out["cvar"] = h.cvar;
  } else {
    out["duration_before"] = a.after.duration;
    out["duration"] = a.hedge_terms.target_duration;
  }
  return out;
}

Json profile_json(const ClientProfile& p) {
  Json classes = Json::object();
  for (const auto& [name, share] : p.limits.classes) classes[name] = share;
  return {{"client", p.client},
          {"answers", p.answers},
          {"capacity", p.scores.capacity},
          {"tolerance", p.scores.tolerance},
          {"horizon", p.scores.horizon},
          {"liquidity", p.scores.liquidity},
          {"level", p.scores.level},
          {"name", level_name(p.scores.level, Language::en)},
          {"limits",
           {{"volatility", p.limits.volatility},
            {"cvar", p.limits.cvar},
            {"crisis_loss", p.limits.crisis_loss},
            {"position", p.limits.position},
            {"cash", p.limits.cash},
            {"excluded", p.limits.excluded},
            {"classes", classes}}}};
}

Json text_json(const AdviceText& text) {
  Json figures = Json::array();
  for (const Figure& f : text.figures) figures.push_back({{"name", f.name}, {"value", f.value}, {"shown", f.shown}});
  return {{"paragraphs", text.paragraphs}, {"figures", figures}};
}

}  // namespace

Json advice_json(const Advice& a) {
  Json positions = Json::array(), hedges = Json::array();
  for (const Position& p : a.positions) positions.push_back(position_json(p, a.settings.currency));
  for (const risk::Hedge& h : a.hedges) hedges.push_back(hedge_json(h, a));
  return {{"outcome", a.outcome},
          {"why", a.why},
          {"as_of", a.as_of},
          {"from", a.from},
          {"sessions", a.sessions},
          {"currency", a.settings.currency},
          {"value", money_text(a.value, a.settings.currency)},
          {"cash", money_text(a.cash, a.settings.currency)},
          {"objective", risk::objective_name(a.settings.objective)},
          {"risk_aversion", a.risk_aversion},
          {"covariance_shrinkage", a.covariance_shrinkage},
          {"mean_shrinkage", a.mean_shrinkage},
          {"profile", profile_json(a.profile)},
          {"before", measures_json(a, a.before)},
          {"breaches", breaches_json(a.breaches)},
          {"invested_limit", a.invested_limit},
          {"positions", positions},
          {"turnover", a.turnover},
          {"cost", money_text(a.cost, a.settings.currency)},
          {"after", measures_json(a, a.after)},
          {"breaches_after", breaches_json(a.breaches_after)},
          {"hedges", hedges},
          {"without_prices", a.thin},
          {"text", {{"en", text_json(advice_text(a, Language::en))}, {"zh", text_json(advice_text(a, Language::zh))}}}};
}

}  // namespace ballast::decide
