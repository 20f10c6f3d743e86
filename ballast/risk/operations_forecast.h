// SPDX-License-Identifier: Apache-2.0
// Will there be an operational event within a horizon? Past events, and counts that may foretell them, in; the
// probability by the model that describes the past best out, with the comparison and an out-of-sample check.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/risk/operations_events.h"

namespace ballast::risk {

/// What may foretell events, in whole periods that end with the history, oldest first: signals in texts, log anomalies.
/// The value of a period explains the events of the next one only, so that a forecast never needs what is not known.
struct EventCovariate {
  std::string name;
  std::vector<double> by_period;
};

struct EventQuestion {
  EventHistory history;
  double horizon_days = 0, period_days = 0;
  std::vector<EventCovariate> covariates;
  double held_out = 0.25;      // share of the periods, the last ones, kept for the check
  std::string choose = "aic";  // or "score": the best held-out log score
};

/// One model of the comparison. Log-likelihoods are those of the event times (for counts: given a count, the times are
/// uniform in their period), so that all four compare.
struct EventModelFit {
  std::string name;    // poisson, negative_binomial, hawkes, regression
  std::string absent;  // why it was not fitted; empty: it was
  int parameters = 0;
  double log_likelihood = 0, aic = 0;
  Estimate probability;
  double log_score = 0;  // mean log density of a held-out period, parameters from the periods before; NaN: not scored
  Estimate gain;         // of the log score over the constant-rate Poisson, a period, with its normal interval
  bool scored() const;
};

struct EventForecast {
  std::string model, why;  // which model was chosen, and why, in words
  Estimate probability;    // of at least one event
  double hazard = 0;       // -ln(1 - probability), which the parts add up to
  std::vector<std::pair<std::string, double>> parts;
  std::vector<EventModelFit> models;
  HawkesFit hawkes;             // where it was fitted
  std::vector<Effect> effects;  // of the covariates a unit, "(base)" first; whichever model was chosen
  double dispersion_size = 0;   // of the negative binomial; infinite: the counts are not overdispersed
  double days = 0;              // observed, in whole periods
  std::int64_t events = 0, periods = 0, held_out_periods = 0, held_out_events = 0;
  std::vector<std::string> notes;  // what was left out and why
};
/// Throws bad_input for a history that cannot be used, usage for wrong settings.
EventForecast forecast_events(const EventQuestion& question);

/// Days of a period where the user names none: the horizon, or less where that would leave fewer than twelve periods.
double default_period(double days, double horizon_days);

base::Json to_json(const Estimate& estimate);
/// Everything but notes on who asked.
base::Json to_json(const EventForecast& forecast);
base::Json to_json(const EventQuestion& question);
/// Throws bad_input naming `where` and the field.
EventQuestion event_question_from(const base::Json& json, const std::string& where);

}  // namespace ballast::risk
