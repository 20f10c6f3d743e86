// SPDX-License-Identifier: Apache-2.0
// From holdings, profile and prices to trades and hedges.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/decide/advice.h"
#include "ballast/decide/advice/universe.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kLevel = 0.95;      // of CVaR
constexpr double kThinShare = 0.2;   // of the value; more without prices, and nothing can be said of the whole
constexpr double kTolerance = 1e-6;  // of shares
constexpr double kMargin = 0.01;     // of a limit, kept free for whole units, costs and changes too small to trade
constexpr int kBisections = 14;

class Desk {
 public:
  explicit Desk(const AdviceInputs& in) : in_(in) {
    a_.profile = parse_profile(in.profile, "profile");
    a_.settings = in.settings;
    if (a_.settings.currency.empty()) a_.settings.currency = in.holdings.front().currency;
    if (!in.shocks.empty()) a_.shocks = risk::parse_shocks(in.shocks, "shocks");
    if (!in.hedges.empty()) a_.hedge_terms = risk::parse_hedge_terms(in.hedges, "hedges");
    if (!in.settings.index.empty() && in.recent.find(in.settings.index) < 0) {
      throw Error(ErrorCode::bad_input, "no column for the index \"" + in.settings.index + "\"", in.prices_file);
    }
    u_ = make_universe(in, a_.settings.currency);
  }

  Advice run() {
    describe();
    if (u_.returns.count > 0) measure_now();
    if (abstains()) {
      a_.outcome = "abstain";
      for (Position& p : u_.positions) p.verdict = "abstain";
    } else {
      choose();
    }
    if (u_.returns.count > 0) protect();
    a_.positions = u_.positions;
    std::erase_if(a_.positions, [](const Position& p) { return p.weight == 0 && p.target == 0; });
    return std::move(a_);
  }

 private:
  void describe() {
    a_.as_of = risk::day_text(in_.recent.days.back());
    a_.from = u_.from;
    a_.sessions = u_.returns.count;
    a_.value = u_.value;
    a_.cash = u_.cash_value;
    a_.thin = u_.thin;
    a_.risk_aversion = risk_aversion_of(a_.profile.scores.level);
  }
  bool abstains() {
    if (a_.profile.scores.level == 0) a_.why.push_back("profile_forbids");
    if (u_.returns.count == 0) a_.why.push_back("too_few_prices");
    if (u_.returns.count > 0 && u_.thin_weight > kThinShare) a_.why.push_back("too_much_without_prices");
    return !a_.why.empty();
  }

  void measure_now() {
    moments_ = risk::estimate_moments(u_.returns);
    a_.covariance_shrinkage = moments_.covariance_shrinkage;
    a_.mean_shrinkage = moments_.mean_shrinkage;
    for (std::size_t k = 0; k < u_.movable.size(); ++k) {
      Position& p = u_.positions[u_.movable[k]];
      p.expected = moments_.mean[k] * risk::kSessionsPerYear;
      p.sample_expected = moments_.sample_mean[k] * risk::kSessionsPerYear;
      if (std::isnan(p.beta)) p.beta = u_.index.empty() ? 0 : risk::fit_beta(column(k), u_.index).beta;
    }
    for (Position& p : u_.positions) p.beta = std::isnan(p.beta) ? 0 : p.beta;
    const auto now = u_.weights(&Position::weight);
    a_.before = measure(now, cash_share(&Position::weight));
    a_.breaches = breaches(a_.before, &Position::weight);
    spread(now, &Position::contribution_before);
    a_.after = a_.before;
    a_.breaches_after = a_.breaches;
    spread(now, &Position::contribution_after);
  }
  std::vector<double> column(std::size_t k) const {
    std::vector<double> out;
    for (std::size_t t = 0; t < u_.returns.count; ++t) out.push_back(u_.returns.at(t, k));
    return out;
  }
  void spread(const std::vector<double>& weights, double Position::*member) {
    const auto parts = risk::risk_contributions(moments_, weights);
    for (std::size_t k = 0; k < parts.size(); ++k) u_.positions[u_.movable[k]].*member = parts[k];
  }
  double cash_share(double Position::*member) const {
    double rest = 1;
    for (const Position& p : u_.positions) rest -= p.*member;
    return rest;
  }
  std::vector<risk::Exposure> exposures(double Position::*member) const {
    std::vector<risk::Exposure> out;
    for (const Position& p : u_.positions)
      out.push_back({p.instrument, p.group, p.currency, p.*member, p.beta, p.duration});
    // Cash in foreign currency stays; trades change the cash in the advice's own.
    out.insert(out.end(), u_.cash.begin(), u_.cash.end());
    return out;
  }
  risk::CrisisLoss crisis(std::size_t c, const std::vector<double>& weights) const {
    return risk::crisis_loss(risk::crisis_windows()[c].name, u_.crises[c].part(0, u_.crises[c].days.size(), u_.columns),
                             weights);
  }
  RiskMeasures measure(const std::vector<double>& weights, double cash) const {
    RiskMeasures m;
    m.volatility = risk::annual_volatility(moments_, weights);
    m.cvar = risk::expected_shortfall(risk::portfolio_returns(u_.returns, weights), kLevel);
    m.cash = cash;
    for (std::size_t c = 0; c < u_.crises.size(); ++c) m.crises.push_back(crisis(c, weights));
    return m;
  }
  void measure_exposures(RiskMeasures& m, double Position::*member) const {
    const auto all = exposures(member);
    m.duration = 0;
    m.shocks.clear();
    for (const risk::Exposure& e : all) m.duration += e.weight * e.duration;
    for (const risk::Shock& s : a_.shocks) m.shocks.push_back(risk::shock_return(s, all, a_.settings.currency));
  }

  std::vector<Breach> breaches(const RiskMeasures& m, double Position::*member) const {
    const ProfileLimits& l = a_.profile.limits;
    std::vector<Breach> out;
    const auto check = [&](const char* limit, const std::string& subject, double value, double bound) {
      if (value > bound + kTolerance) out.push_back({limit, subject, value, bound});
    };
    check("volatility", "", m.volatility, l.volatility);
    check("cvar", "", m.cvar, l.cvar);
    for (const risk::CrisisLoss& c : m.crises)
      if (c.measured) check("crisis_loss", c.name, c.worst, l.crisis_loss);
    std::map<std::string, double> classes;
    for (const Position& p : u_.positions) {
      if (excluded(p)) {
        check("excluded", p.instrument, p.*member, 0);
      } else {
        check("position", p.instrument, p.*member, l.position);
      }
      classes[p.group] += p.*member;
    }
    for (const auto& [name, bound] : l.classes) check("class", name, classes[name], bound);
    if (m.cash < l.cash - kTolerance) out.push_back({"cash", "", m.cash, l.cash});
    return out;
  }
  bool excluded(const Position& p) const {
    const auto& names = a_.profile.limits.excluded;
    return std::find(names.begin(), names.end(), p.instrument) != names.end();
  }

  risk::PortfolioLimits limits(double invested) const {
    risk::PortfolioLimits l;
    l.invested = invested;
    for (std::size_t k = 0; k < u_.movable.size(); ++k) {
      const Position& p = u_.positions[u_.movable[k]];
      l.names.push_back(p.instrument);
      l.high.push_back(excluded(p) ? 0 : a_.profile.limits.position * (1 - kMargin));
      l.current.push_back(p.weight);
    }
    l.turnover = a_.settings.turnover;
    for (const auto& [name, bound] : a_.profile.limits.classes) {
      risk::GroupLimit g{"class \"" + name + "\"", {}, bound * (1 - kMargin)};
      for (std::size_t k = 0; k < u_.movable.size(); ++k)
        if (u_.positions[u_.movable[k]].group == name) g.members.push_back(k);
      if (!g.members.empty()) l.groups.push_back(std::move(g));
    }
    return l;
  }
  std::vector<double> best(double invested) const {
    risk::OptimiseOptions options;
    options.objective = a_.settings.objective;
    options.level = kLevel;
    options.risk_aversion = a_.risk_aversion;
    return risk::optimise(u_.returns, moments_, limits(invested), options).weights;
  }
  bool fits(const std::vector<double>& weights) const {
    const RiskMeasures m = measure(weights, 0);
    const ProfileLimits& l = a_.profile.limits;
    const double part = 1 - kMargin;
    bool ok = m.volatility <= part * l.volatility && m.cvar <= part * l.cvar;
    for (const risk::CrisisLoss& c : m.crises) ok = ok && (!c.measured || c.worst <= part * l.crisis_loss);
    return ok;
  }
  /// The floor, and what the trades may cost.
  double least_cash() const { return a_.profile.limits.cash + 2 * a_.settings.cost; }
  /// What the limits of positions and classes let be invested.
  double room() const {
    const auto l = limits(1);
    double sum = 0;
    std::vector<double> high = l.high;
    for (const risk::GroupLimit& g : l.groups) {  // no position is in two classes
      double members = 0;
      for (const std::size_t i : g.members) members += std::exchange(high[i], 0.0);
      sum += std::min(members, g.high);
    }
    return std::accumulate(high.begin(), high.end(), sum);
  }
  /// The largest share that can be invested within the limits; the rest is cash.
  std::vector<double> target() {
    const auto now_held = u_.weights(&Position::weight);
    const double held = std::accumulate(now_held.begin(), now_held.end(), 0.0), turnover = a_.settings.turnover;
    double high = std::max(0.0, std::min({1 - least_cash() - u_.thin_weight, room(), held + turnover}));
    double low = std::max(0.0, held - turnover);
    std::vector<double> weights = best(std::max(low, high));  // below `low` lies too much turnover
    a_.invested_limit = std::max(low, high);
    if (fits(weights)) return weights;
    low = std::min(low, high);
    bool found = false;
    for (int i = 0; i < kBisections; ++i) {
      const double middle = (low + high) / 2;
      std::vector<double> now;
      try {
        now = best(middle);
      } catch (const Error& e) {
        // So little cannot be reached within the turnover limit: stay above it.
        if (e.code() != ErrorCode::bad_input || !std::isfinite(a_.settings.turnover)) throw;
        low = middle;
        continue;
      }
      const bool ok = fits(now);
      (ok ? low : high) = middle;
      if (ok || !found) {
        weights = now;
        a_.invested_limit = middle;
      }
      found = found || ok;
    }
    return weights;
  }

  void choose() {
    const auto wanted = target();
    const auto now = u_.weights(&Position::weight);
    double buys = 0, sales = 0;
    for (std::size_t k = 0; k < now.size(); ++k) (wanted[k] > now[k] ? buys : sales) += std::abs(wanted[k] - now[k]);
    if (a_.breaches.empty() && std::max(buys, sales) < a_.settings.least_turnover) {
      a_.outcome = "hold";
      a_.why.push_back("small_change");
      for (const std::size_t i : u_.movable) set_verdict(u_.positions[i], "hold", "small_change");
      return;
    }
    a_.outcome = "rebalance";
    for (std::size_t k = 0; k < now.size(); ++k) trade(u_.positions[u_.movable[k]], wanted[k]);
    settle();
  }
  static void set_verdict(Position& p, const char* verdict, const char* why) {
    p.verdict = verdict;
    p.why = why;
  }
  /// Whole units where the holding is whole: sales rounded up, purchases down.
  void trade(Position& p, double wanted) {
    const double change = wanted - p.weight;
    const bool over = excluded(p) || p.weight > a_.profile.limits.position + kTolerance;
    if (std::abs(change) < a_.settings.band && !(over && change < 0)) return set_verdict(p, "hold", "small_change");
    double units = change * a_.value / p.price;
    const double step = p.quantity == std::floor(p.quantity) ? 1 : 1e-4;
    units = std::floor(units / step + 1e-9) * step;  // towards fewer units, for sales as for purchases
    if (wanted <= 0 || -units > p.quantity) units = -p.quantity;
    if (units == 0) return set_verdict(p, "hold", "small_change");
    p.trade_quantity = units;
    p.trade_value = units * p.price;
    p.cost = std::abs(p.trade_value) * a_.settings.cost;
    const char* why = excluded(p)                     ? "excluded"
                      : over                          ? "above_position_limit"
                      : units < 0 && sells_for_risk() ? "risk_limit"
                                                      : "objective";
    set_verdict(p, units > 0 ? "buy" : "sell", why);
  }
  bool sells_for_risk() const {
    return std::any_of(a_.breaches.begin(), a_.breaches.end(), [](const Breach& b) {
      return b.limit == "volatility" || b.limit == "cvar" || b.limit == "crisis_loss" || b.limit == "cash";
    });
  }
  /// Weights after the trades and their cost.
  void settle() {
    double buys = 0, sales = 0;
    for (const Position& p : u_.positions) {
      (p.trade_value > 0 ? buys : sales) += std::abs(p.trade_value);
      a_.cost += p.cost;
    }
    a_.turnover = std::max(buys, sales) / a_.value;
    for (Position& p : u_.positions) p.target = (p.value + p.trade_value) / (a_.value - a_.cost);
    const auto after = u_.weights(&Position::target);
    a_.after = measure(after, cash_share(&Position::target));
    a_.breaches_after = breaches(a_.after, &Position::target);
    spread(after, &Position::contribution_after);
  }

  void protect() {
    measure_exposures(a_.before, &Position::weight);
    measure_exposures(a_.after, &Position::target);
    const auto weights = u_.weights(&Position::target);
    if (std::accumulate(weights.begin(), weights.end(), 0.0) <= 0) return;
    risk::HedgeInputs h;
    h.portfolio = risk::portfolio_returns(u_.returns, weights);
    h.index = u_.index;
    h.exposures = exposures(&Position::target);
    h.shocks = a_.shocks;
    h.base_currency = a_.settings.currency;
    for (std::size_t c = 0; c < u_.crises.size(); ++c) h.crises.push_back(hedged_crisis(c, weights));
    a_.hedges = risk::make_hedges(h, a_.hedge_terms, kLevel);
  }
  risk::HedgeInputs::Crisis hedged_crisis(std::size_t c, const std::vector<double>& weights) const {
    risk::HedgeInputs::Crisis out{crisis(c, weights), {}, {}, u_.crises[c].days};
    out.portfolio = risk::crisis_path(u_.crises[c].part(0, u_.crises[c].days.size(), u_.columns), weights);
    const auto column = in_.settings.index.empty() ? -1 : in_.recent.find(in_.settings.index);
    if (column < 0) return out;
    const std::size_t one[] = {static_cast<std::size_t>(column)};
    out.index = risk::crisis_path(u_.crises[c].part(0, u_.crises[c].days.size(), one), std::vector<double>{1});
    return out;
  }

  const AdviceInputs& in_;
  Advice a_;
  Universe u_;
  risk::Moments moments_;
};

}  // namespace

double risk_aversion_of(int level) {
  static constexpr double kAversion[] = {20, 20, 12, 8, 5, 3};
  return kAversion[std::clamp(level, 0, kProfileLevels)];
}

Advice advise(const AdviceInputs& inputs) {
  BALLAST_CHECK(!inputs.holdings.empty() && !inputs.recent.days.empty(), inputs.holdings.size());
  return Desk(inputs).run();
}

}  // namespace ballast::decide
