// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "ballast/base/clock.h"
#include "ballast/base/hash.h"
#include "ballast/base/random.h"
#include "ballast/decide/event_decision.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/risk/operations_surveillance.h"

namespace ballast::decide {

constexpr double kSecondsOfDay = 86400;

std::string date_of(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::vector<double> event_times(const std::vector<store::LossEventRecord>& losses, const std::string& type,
                                const Observation& observation, std::uint64_t seed) {
  std::vector<double> times;
  for (const store::LossEventRecord& loss : losses) {
    if (!type.empty() && loss.type != type) continue;
    const std::int64_t day = risk::day_number(loss.occurred_on, "date");
    if (day < observation.first_day || day > observation.last_day) continue;
    double within = 0;
    if (loss.occurred_on.size() > 10) {
      const std::int64_t second = risk::second_number(loss.occurred_on, "date") - day * 86400;
      within = std::min(static_cast<double>(second) / kSecondsOfDay, 1.0);
    } else {
      const std::uint64_t stream = std::strtoull(base::sha256_hex(loss.id).substr(0, 16).c_str(), nullptr, 16);
      within = base::Random(seed, stream).uniform();
    }
    times.push_back(static_cast<double>(day - observation.first_day) + within);
  }
  std::sort(times.begin(), times.end());
  return times;
}

base::Json event_inputs(const std::vector<store::LossEventRecord>& losses, const std::string& type,
                        const Observation& observation, const EventSettings& settings,
                        const std::vector<risk::EventCovariate>& covariates, std::uint64_t seed) {
  risk::EventQuestion q;
  q.history = {event_times(losses, type, observation, seed), observation.days()};
  q.horizon_days = settings.horizon_days;
  q.period_days = settings.period_days;
  q.covariates = covariates;
  q.held_out = settings.held_out;
  q.choose = settings.choose;
  base::Json inputs = risk::to_json(q);
  inputs["from"] = date_of(observation.first_day);
  inputs["as_of"] = date_of(observation.last_day);
  return inputs;
}

Decision event_decision(const std::string& type, const base::Json& inputs, std::uint64_t seed) {
  const base::Stopwatch watch;
  const risk::EventForecast f = risk::forecast_events(risk::event_question_from(inputs, type));
  Decision d;
  d.kind = "event";
  d.subject = type;
  d.inputs = inputs;
  d.model = f.model;
  d.seed = seed;
  d.outcome = risk::to_json(f);
  d.probability = f.probability.value;
  d.interval = {f.probability.low, f.probability.high};
  for (const auto& [name, hazard] : f.parts) {
    d.reasons.push_back({"part", name + ", in expected events", hazard});
  }
  d.cost.seconds = watch.seconds();
  return d;
}

Decision replay_event(const Decision& was) {
  return event_decision(was.subject, was.inputs, was.seed);
}

}  // namespace ballast::decide
