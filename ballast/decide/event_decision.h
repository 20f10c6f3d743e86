// SPDX-License-Identifier: Apache-2.0
// Will there be an operational event within a horizon? The losses of the register come in, the record of the verdict
// goes out, and can be repeated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/decide/decision.h"
#include "ballast/risk/operations_forecast.h"
#include "ballast/store/store.h"

namespace ballast::decide {

/// The time that is looked at: both ends whole days, [first, last].
struct Observation {
  std::int64_t first_day = 0, last_day = 0;  // days since 1970
  double days() const { return static_cast<double>(last_day - first_day + 1); }
};

/// A day number as YYYY-MM-DD.
std::string date_of(std::int64_t day);

/// Days since the observation began, rising. An event with a date only happens at a time of that day drawn from the
/// seed and its id, because models of event times cannot use ties. Events outside are left out.
std::vector<double> event_times(const std::vector<store::LossEventRecord>& losses, const std::string& type,
                                const Observation& observation, std::uint64_t seed);

struct EventSettings {
  double horizon_days = 30, period_days = 30;
  double held_out = 0.25;      // see risk::EventQuestion
  std::string choose = "aic";  // the same
};

/// All that the forecast of one type is computed from.
base::Json event_inputs(const std::vector<store::LossEventRecord>& losses, const std::string& type,
                        const Observation& observation, const EventSettings& settings,
                        const std::vector<risk::EventCovariate>& covariates, std::uint64_t seed);

/// The record of kind "event" about a Basel type, not yet sealed. Throws what risk::forecast_events() throws.
Decision event_decision(const std::string& type, const base::Json& inputs, std::uint64_t seed);

/// Makes a decision of kind "event" again.
Decision replay_event(const Decision& was);

}  // namespace ballast::decide
