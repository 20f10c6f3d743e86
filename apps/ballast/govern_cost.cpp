// SPDX-License-Identifier: Apache-2.0
// `ballast govern cost`: what the stored verdicts cost, by kind.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <map>
#include <memory>

#include "ballast/store/store.h"
#include "budget.h"
#include "govern.h"

namespace ballast::apps {
namespace {

using base::Json;

struct KindCost {
  std::int64_t decisions = 0, tokens = 0, peak = 0;
  double seconds = 0, most = 0;
};

void run_govern_cost(double watts, const std::string& since, const Common& common) {
  store::Store store = store::Store::open(common.store);
  std::map<std::string, KindCost> kinds;
  for (const store::DecisionRecord& d : store.decisions("", std::numeric_limits<std::int64_t>::max())) {
    if (d.created_at < since) continue;
    const Json cost = base::parse_json(d.cost, "cost of decision " + d.id);
    KindCost& k = kinds[d.kind];
    const double seconds = base::json_field<double>(cost, "seconds", "decision " + d.id, 0.0);
    ++k.decisions;
    k.seconds += seconds;
    k.most = std::max(k.most, seconds);
    k.tokens += base::json_field<std::int64_t>(cost, "tokens", "decision " + d.id, 0);
    k.peak = std::max(k.peak, base::json_field<std::int64_t>(cost, "peak_memory", "decision " + d.id, 0));
  }
  Json out = {{"watts_of_a_core", watts}, {"kinds", Json::object()}};
  if (!common.json) {
    fmt::print("{:<16} {:>9} {:>12} {:>12} {:>10} {:>12} {:>12}\n", "kind", "decisions", "mean s", "longest s",
               "tokens", "peak MB", "Wh, est.");
  }
  for (const auto& [kind, k] : kinds) {
    const double mean = k.seconds / static_cast<double>(k.decisions), energy = energy_wh(k.seconds, watts);
    out["kinds"][kind] = {{"decisions", k.decisions}, {"mean_seconds", mean},  {"longest_seconds", k.most},
                          {"tokens", k.tokens},       {"peak_memory", k.peak}, {"energy_wh", energy}};
    if (common.json) continue;
    fmt::print("{:<16} {:>9} {:>12.5f} {:>12.4f} {:>10} {:>12.1f} {:>12.5f}\n", kind, k.decisions, mean, k.most,
               k.tokens, static_cast<double>(k.peak) / 1e6, energy);
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json(out));
  } else {
    fmt::print("energy: one core busy at {} W for the seconds of each verdict, an estimate\n", watts);
  }
}

}  // namespace

void add_govern_cost(CLI::App& govern, Common& common) {
  CLI::App* verb = govern.add_subcommand("cost", "Seconds, tokens, memory and estimated energy of the stored verdicts");
  const auto watts = std::make_shared<double>(kWattsOfACore);
  const auto since = std::make_shared<std::string>();
  verb->add_option("--watts", *watts, "Of one busy core")->check(CLI::PositiveNumber)->capture_default_str();
  verb->add_option("--since", *since, "Only verdicts made at or after this moment (RFC 3339, or a date)");
  add_common(*verb, common, "ballast govern cost --since 2026-11-01");
  verb->callback([watts, since, &common] { run_govern_cost(*watts, *since, common); });
}

}  // namespace ballast::apps
