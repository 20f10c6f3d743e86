// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/clock.h"
#include "ballast/decide/advice_decision.h"

namespace ballast::decide {

Decision portfolio_decision(const AdviceInputs& inputs, std::uint64_t seed) {
  const base::Stopwatch watch;
  const Advice advice = advise(inputs);
  Decision d;
  d.kind = "portfolio";
  d.subject = advice.profile.client;
  d.inputs = inputs_json(inputs);
  d.model = risk::objective_name(inputs.settings.objective);
  d.policy_hash = advice.profile.hash;
  d.seed = seed;
  d.outcome = advice_json(advice);
  for (const Position& p : advice.positions) {
    if (p.contribution_after == 0) continue;
    d.reasons.push_back({p.instrument,
                         fmt::format("{}: {:.1f} % of the value after the trades; its part of the volatility",
                                     p.verdict, 100 * p.target),
                         p.contribution_after});
  }
  std::stable_sort(d.reasons.begin(), d.reasons.end(),
                   [](const auto& x, const auto& y) { return x.contribution > y.contribution; });
  d.cost.seconds = watch.seconds();
  return d;
}

Decision replay_portfolio(const Decision& was) {
  Decision now = portfolio_decision(inputs_from_json(was.inputs, "decision " + was.id), was.seed);
  now.cost = was.cost;
  return now;
}

}  // namespace ballast::decide
