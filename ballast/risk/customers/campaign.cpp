// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers_campaign.h"

#include <algorithm>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kPoints = 10;

using Contacts = std::vector<std::uint8_t>;

class Simulation {
 public:
  Simulation(const CampaignData& data, const tabular::BootstrapOptions& options) : data_(data), options_(options) {
    BALLAST_CHECK(data.accepted.size() == data.suits.size(), data.suits.size());
    if (data.accepted.empty()) throw Error(ErrorCode::bad_input, "there are no customers");
  }

  std::size_t rows() const { return data_.accepted.size(); }

  /// Those for whom it pays, by what the ranking says.
  Contacts worth_it(const Ranking& ranking, bool rules) const {
    Contacts contacts(rows());
    for (std::size_t i = 0; i < rows(); ++i) {
      contacts[i] = (!rules || data_.suits[i] != 0) && ranking.probabilities[i] * data_.value > data_.cost ? 1 : 0;
    }
    return contacts;
  }

  /// The most probable ones, at most `count`.
  Contacts best(const Ranking& ranking, bool rules, std::size_t count) const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < rows(); ++i) {
      if (!rules || data_.suits[i] != 0) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return ranking.probabilities[a] > ranking.probabilities[b]; });
    Contacts contacts(rows(), 0);
    for (std::size_t k = 0; k < std::min(count, order.size()); ++k) contacts[order[k]] = 1;
    return contacts;
  }

  void add(std::vector<CampaignOutcome>& list, const std::string& policy, bool rules, Contacts contacts) {
    CampaignOutcome outcome{policy, rules, 0, 0, 0, {}};
    for (std::size_t i = 0; i < rows(); ++i) {
      outcome.contacts += contacts[i];
      outcome.accepted += contacts[i] & data_.accepted[i];
      outcome.violations += contacts[i] != 0 && data_.suits[i] == 0 ? 1 : 0;
    }
    outcome.value.estimate =
        static_cast<double>(outcome.accepted) * data_.value - static_cast<double>(outcome.contacts) * data_.cost;
    list.push_back(std::move(outcome));
    contacts_.push_back(std::move(contacts));
  }

  /// The same drawn customers for every policy, so that policies compare. `outcomes` in the order they were added.
  void intervals(const std::vector<CampaignOutcome*>& outcomes) const {
    const auto replicates = static_cast<std::size_t>(options_.replicates);
    std::vector<std::vector<double>> drawn(outcomes.size(), std::vector<double>(replicates));
    base::parallel_for(options_.replicates, [&](std::int64_t b) {
      base::Random random(options_.seed, static_cast<std::uint64_t>(b));
      std::vector<std::int64_t> contacted(outcomes.size(), 0), accepted(outcomes.size(), 0);
      for (std::size_t k = 0; k < rows(); ++k) {
        const auto i = static_cast<std::size_t>(random.below(rows()));
        for (std::size_t p = 0; p < outcomes.size(); ++p) {
          contacted[p] += contacts_[p][i];
          accepted[p] += contacts_[p][i] & data_.accepted[i];
        }
      }
      for (std::size_t p = 0; p < outcomes.size(); ++p) {
        drawn[p][static_cast<std::size_t>(b)] =
            static_cast<double>(accepted[p]) * data_.value - static_cast<double>(contacted[p]) * data_.cost;
      }
    });
    for (std::size_t p = 0; p < outcomes.size(); ++p) {
      std::sort(drawn[p].begin(), drawn[p].end());
      const double tail = (1 - options_.level) / 2;
      outcomes[p]->value.low = tabular::quantile(drawn[p], tail);
      outcomes[p]->value.high = tabular::quantile(drawn[p], 1 - tail);
      outcomes[p]->value.replicates = options_.replicates;
    }
  }

 private:
  const CampaignData& data_;
  const tabular::BootstrapOptions& options_;
  std::vector<Contacts> contacts_;  // one an outcome
};

Ranking by_chance(std::size_t rows, std::uint64_t seed) {
  base::Random random(seed, 1'000'003);  // a stream that no bootstrap draw has
  Ranking ranking{"by chance", {}};
  for (std::size_t i = 0; i < rows; ++i) ranking.probabilities.push_back(random.uniform());
  return ranking;
}

Json outcome_json(const CampaignOutcome& o) {
  return {{"policy", o.policy},
          {"rules", o.rules},
          {"contacts", o.contacts},
          {"accepted", o.accepted},
          {"violations", o.violations},
          {"value", o.value.estimate},
          {"value_interval_95", {o.value.low, o.value.high}}};
}

}  // namespace

Campaign run_campaign(const CampaignData& data, std::span<const Ranking> rankings,
                      const tabular::BootstrapOptions& options) {
  Simulation simulation(data, options);
  Campaign out;
  const Ranking chance = by_chance(simulation.rows(), options.seed);
  for (const bool rules : {true, false}) {
    simulation.add(out.policies, "everybody", rules, simulation.best(chance, rules, simulation.rows()));
    for (const Ranking& r : rankings) simulation.add(out.policies, r.name, rules, simulation.worth_it(r, rules));
  }
  for (std::size_t d = 1; d <= kPoints; ++d) {
    FrontierPoint& point = out.frontier.emplace_back();
    point.share = static_cast<double>(d) / kPoints;
    const std::size_t count = d * simulation.rows() / kPoints;
    for (const bool rules : {true, false}) {
      simulation.add(point.outcomes, chance.name, rules, simulation.best(chance, rules, count));
      for (const Ranking& r : rankings) simulation.add(point.outcomes, r.name, rules, simulation.best(r, rules, count));
    }
  }
  std::vector<CampaignOutcome*> all;
  for (CampaignOutcome& o : out.policies) all.push_back(&o);
  for (FrontierPoint& point : out.frontier) {
    for (CampaignOutcome& o : point.outcomes) all.push_back(&o);
  }
  simulation.intervals(all);
  return out;
}

Json to_json(const Campaign& campaign) {
  Json json = {{"policies", Json::array()}, {"frontier", Json::array()}};
  for (const CampaignOutcome& o : campaign.policies) json["policies"].push_back(outcome_json(o));
  for (const FrontierPoint& point : campaign.frontier) {
    Json outcomes = Json::array();
    for (const CampaignOutcome& o : point.outcomes) outcomes.push_back(outcome_json(o));
    json["frontier"].push_back({{"share", point.share}, {"outcomes", outcomes}});
  }
  return json;
}

}  // namespace ballast::risk
