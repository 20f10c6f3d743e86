// SPDX-License-Identifier: Apache-2.0
// `ballast operations events`: how likely is at least one event of each Basel type within a horizon. Every answer is a
// decision of kind "event", kept before it is shown.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/decide/event_decision.h"
#include "ballast/risk/operations_forecast.h"
#include "ballast/risk/operations_losses.h"
#include "operations_register.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct OperationsEventsArguments {
  double horizon = 0, period = 0, held_out = 0.25, threshold = kNone;
  std::string data, from, as_of, anomalies, choose = "aic";
  std::vector<std::string> types;
  bool signals = false, strict = false;
};

struct OperationsEventsSimulateArguments {
  risk::HawkesParameters truth{0.2, 0.5, 1};
  double days = 1000, horizon = 7;
  std::int64_t replications = 200;
};

/// Adds up dated values by period; periods end with the observation.
class PeriodSums {
 public:
  PeriodSums(const Observation& observation, double period)
      : observation_(observation),
        period_(period),
        sums_(static_cast<std::size_t>(std::floor(observation.days() / period + 1e-9)), 0) {}

  void add(std::int64_t day, double value) {
    first_ = std::min(first_, day);
    const double before_end = static_cast<double>(observation_.last_day - day) + 0.5;
    if (before_end < 0) return;  // not known yet
    const auto back = static_cast<std::size_t>(before_end / period_);
    if (back < sums_.size()) sums_[sums_.size() - 1 - back] += value;
  }
  std::vector<double> take(const std::string& what, const Common& common) const {
    if (first_ != std::numeric_limits<std::int64_t>::max() && first_ > observation_.first_day) {
      say(common,
          fmt::format("{} begin on {}, after the observation: before that they count as 0 (--from moves the begin)",
                      what, date_of(first_)));
    }
    return sums_;
  }

 private:
  const Observation& observation_;
  double period_;
  std::vector<double> sums_;
  std::int64_t first_ = std::numeric_limits<std::int64_t>::max();
};

std::vector<double> signal_counts(const Observation& o, double period, const Common& common) {
  PeriodSums sums(o, period);
  for (const store::SignalTime& signal : store::Store::open(common.store).signal_times("operational")) {
    try {
      sums.add(risk::day_number(signal.at, "published_at"), 1);
    } catch (const std::invalid_argument& e) {
      say(common, fmt::format("signal in document {} is not counted: {}", signal.document_id, e.what()));
    }
  }
  return sums.take("operational signals", common);
}

std::vector<double> anomaly_sums(const OperationsEventsArguments& a, const Observation& o, double period,
                                 const Common& common) {
  PeriodSums sums(o, period);
  SetAside aside(common, a.strict);
  read_rows(a.anomalies, {}, aside, {"date", "score"}, [&](const ingest::Record& row) {
    const std::int64_t day = risk::day_number(risk::word_cell(row, "date"), "date");
    const double score = risk::number_cell(row, "score");
    if (std::isnan(a.threshold)) {
      sums.add(day, score);
    } else if (score >= a.threshold) {
      sums.add(day, 1);
    }
  });
  return sums.take("log anomalies", common);
}

std::string interval_text(const Json& estimate) {
  const auto number = [](const Json& x) {
    return x.is_null() ? std::string("unbounded") : fmt::format("{:.4g}", x.get<double>());
  };
  return fmt::format("{} [{}, {}]", number(estimate["value"]), number(estimate["interval"][0]),
                     number(estimate["interval"][1]));
}

void print_operations_events(const decide::Decision& d) {
  const Json& o = d.outcome;
  fmt::print("{:<17} {:.4f} [{:.4f}, {:.4f}]  {} events in {:.0f} days; {}; decision {}\n", d.subject, *d.probability,
             (*d.interval)[0], (*d.interval)[1], o["events"].get<std::int64_t>(), o["days"].get<double>(),
             o["why"].get<std::string>(), d.id);
  for (const Json& m : o["models"]) {
    if (m.contains("absent")) {
      fmt::print("    {:<18} not fitted: {}\n", m["model"].get<std::string>(), m["absent"].get<std::string>());
      continue;
    }
    fmt::print("    {:<18} AIC {:>9.2f}  probability {}", m["model"].get<std::string>(), m["aic"].get<double>(),
               interval_text(m["probability"]));
    if (!m["log_score"].is_null()) {
      fmt::print("  held-out log score {:.4f}", m["log_score"].get<double>());
      if (m["model"] != "poisson") fmt::print(", gain over Poisson {}", interval_text(m["gain_over_poisson"]));
    }
    fmt::print("\n");
  }
  for (const Json& e : o["effects"]) {
    if (e["name"] == "(base)") continue;
    fmt::print("    effect of {} on ln E[count]: {:+.4f} [{:+.4f}, {:+.4f}] a unit, p {:.3g}\n",
               e["name"].get<std::string>(), e["effect"].get<double>(), e["interval"][0].get<double>(),
               e["interval"][1].get<double>(), e["p_value"].get<double>());
  }
  for (const Json& note : o["notes"]) fmt::print("    {}\n", note.get<std::string>());
}

void run_operations_events(const OperationsEventsArguments& a, const Common& common) {
  if (!(a.horizon > 0 && a.horizon <= 36500)) {
    throw Error(ErrorCode::usage, "must be a number of days above 0", "--horizon", "--horizon 30");
  }
  std::vector<std::string> types = a.types;
  if (types.empty()) types.assign(risk::basel_event_types().begin(), risk::basel_event_types().end());
  for (const std::string& type : types) {
    try {
      risk::check_event_type(type, "");
    } catch (const std::invalid_argument& e) {
      throw Error(ErrorCode::usage, std::string("--") + e.what());
    }
  }
  const auto losses = register_of(a.data, a.strict, common);
  const Observation observation = observation_of(losses, a.from, a.as_of, common);
  const double period = a.period > 0 ? a.period : risk::default_period(observation.days(), a.horizon);
  std::vector<risk::EventCovariate> covariates;
  if (a.signals) covariates.push_back({"operational signals", signal_counts(observation, period, common)});
  if (!a.anomalies.empty()) covariates.push_back({"log anomalies", anomaly_sums(a, observation, period, common)});
  std::vector<decide::Decision> decisions;
  for (const std::string& type : types) {
    decisions.push_back(
        decide::event_decision(type,
                               decide::event_inputs(losses, type, observation,
                                                    {a.horizon, period, a.held_out, a.choose}, covariates, common.seed),
                               common.seed));
    sign(decisions.back());
  }
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  Json forecasts = Json::array();
  for (const decide::Decision& d : decisions) {
    Json one = {{"type", d.subject}, {"decision_id", d.id}};
    one.update(d.outcome);
    forecasts.push_back(std::move(one));
    if (!common.json) print_operations_events(d);
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"from", date_of(observation.first_day)},
                                        {"as_of", date_of(observation.last_day)},
                                        {"horizon_days", a.horizon},
                                        {"period_days", period},
                                        {"forecasts", forecasts}}));
  }
}

void run_simulate(const OperationsEventsSimulateArguments& a, const Common& common) {
  const risk::HawkesStudy study =
      risk::study_hawkes(a.truth, a.days, a.horizon, a.replications, common.seed, terminal_progress(common));
  Json rows = Json::array();
  for (const risk::Coverage& c : study.quantities) {
    rows.push_back({{"name", c.name},
                    {"truth", c.truth},
                    {"mean_estimate", c.mean_estimate},
                    {"root_mean_square_error", c.root_mean_square_error},
                    {"covered", c.covered},
                    {"coverage", c.share.value},
                    {"coverage_interval", {c.share.low, c.share.high}}});
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"simulated", true},
                                        {"days", a.days},
                                        {"horizon_days", a.horizon},
                                        {"replications", study.replications},
                                        {"too_few_events", study.too_few},
                                        {"excitation_found", study.identified},
                                        {"mean_events", study.mean_events},
                                        {"quantities", rows}}));
    return;
  }
  fmt::print("SIMULATED Hawkes histories: {} of {:.0f} days with {:.1f} events on average; {} had too few\n",
             study.replications, a.days, study.mean_events, study.too_few);
  fmt::print("{:<18} {:>9} {:>14} {:>9}   90 % intervals hold the truth\n", "", "truth", "mean estimate", "RMSE");
  for (const risk::Coverage& c : study.quantities) {
    fmt::print("{:<18} {:>9.4f} {:>14.4f} {:>9.4f}   {} of {}: {:.3f} [{:.3f}, {:.3f}]\n", c.name, c.truth,
               c.mean_estimate, c.root_mean_square_error, c.covered, study.replications, c.share.value, c.share.low,
               c.share.high);
  }
}

void add_simulate(CLI::App& events, Common& common) {
  CLI::App* verb = events.add_subcommand(
      "simulate", "SIMULATED Hawkes data through the fit: are parameters found, do 90 % intervals cover 90 %?");
  const auto a = std::make_shared<OperationsEventsSimulateArguments>();
  verb->add_option("--mu", a->truth.mu, "Events a day that come by themselves")->capture_default_str();
  verb->add_option("--branching", a->truth.branching, "Events that one event brings about")->capture_default_str();
  verb->add_option("--decay", a->truth.decay, "How fast excitation fades, a day")->capture_default_str();
  verb->add_option("--days", a->days, "Observed in each replication")->capture_default_str();
  verb->add_option("--horizon", a->horizon, "Days, for the event probability")->capture_default_str();
  verb->add_option("--replications", a->replications)->capture_default_str()->check(CLI::Range(1, 100000));
  add_common(*verb, common, "ballast operations events simulate --replications 400 --seed 42");
  verb->callback([a, &common] { run_simulate(*a, common); });
}

}  // namespace

void add_operations_events(CLI::App& desk, Common& common) {
  CLI::App* verb = desk.add_subcommand("events", "Probability of an event of each Basel type within a horizon");
  const auto a = std::make_shared<OperationsEventsArguments>();
  verb->add_option("--horizon", a->horizon, "Days ahead");
  verb->add_option("--data", a->data, "A loss register (CSV or JSON) instead of the store's");
  verb->add_option("--type", a->types, "Basel level-1 types (default: all seven)");
  verb->add_option("--from", a->from, "First observed day YYYY-MM-DD (default: that of the first event)");
  verb->add_option("--as-of", a->as_of,
                   "Last observed day (default: that of the last event); later events are not used");
  verb->add_option("--period", a->period,
                   "Days that counts are taken over (default: the horizon, at most a twelfth of the time)")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--signals", a->signals, "Covariate: operational signals in the store, a period");
  verb->add_option("--anomalies", a->anomalies, "Covariate: table with date and score of log anomalies");
  verb->add_option("--anomaly-threshold", a->threshold, "Count scores from here on (default: add the scores up)");
  verb->add_option("--choose", a->choose, "The model with the lowest AIC, or the best held-out log score")
      ->check(CLI::IsMember({"aic", "score"}))
      ->capture_default_str();
  verb->add_option("--held-out", a->held_out, "Last share of the periods, kept for the check")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  add_common(*verb, common, "ballast operations events --horizon 30 --data losses.csv --signals --json");
  add_simulate(*verb, common);
  add_replay("event", decide::replay_event);
  verb->callback([verb, a, &common] {
    if (verb->get_subcommands().empty()) run_operations_events(*a, common);
  });
}

}  // namespace ballast::apps
