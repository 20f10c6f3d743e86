// SPDX-License-Identifier: Apache-2.0
// Four models of the same history, compared, and the one that describes it best asked for the probability.
#include "ballast/risk/operations_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/risk/operations/event_math.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::int64_t kFewestPeriods = 4;

/// The question cut to whole periods that end with the history, with the counts of each.
struct Data {
  EventHistory history;  // from the first period on
  double period = 0;
  std::vector<double> counts;
  std::vector<std::vector<double>> rows;  // covariates of the period before
  std::vector<double> last;               // covariates of the last period: what the forecast stands on
  std::vector<std::string> names;

  std::size_t periods() const { return counts.size(); }
  double end_of(std::size_t period_count) const { return static_cast<double>(period_count) * period; }
  Data first(std::size_t period_count) const {
    Data d = *this;
    if (period_count == periods()) return d;
    d.history.days = end_of(period_count);
    std::erase_if(d.history.times, [&](double t) { return t >= d.history.days; });
    d.counts.resize(period_count);
    d.rows.resize(std::min(d.rows.size(), period_count));
    return d;
  }
};

bool varies(const std::vector<std::vector<double>>& rows, std::size_t column) {
  return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row[column] != rows.front()[column]; });
}

void add_covariates(const EventQuestion& question, std::size_t periods, Data& data, std::vector<std::string>& notes) {
  std::vector<std::vector<double>> rows(periods - 1);
  for (const EventCovariate& c : question.covariates) {
    if (c.by_period.size() != periods) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("{} has {} values for {} periods", c.name, c.by_period.size(), periods), "covariates");
    }
    for (std::size_t t = 0; t + 1 < periods; ++t) rows[t].push_back(c.by_period[t]);
  }
  std::vector<std::size_t> kept;
  for (std::size_t c = 0; c < question.covariates.size(); ++c) {
    const EventCovariate& covariate = question.covariates[c];
    if (!varies(rows, c)) {
      notes.push_back(fmt::format("{} is the same in all periods and was left out", covariate.name));
      continue;
    }
    kept.push_back(c);
    data.names.push_back(covariate.name);
    data.last.push_back(covariate.by_period.back());
  }
  for (const auto& row : rows) {
    auto& out = data.rows.emplace_back();
    for (const std::size_t c : kept) out.push_back(row[c]);
  }
}

Data prepare(const EventQuestion& question, std::vector<std::string>& notes) {
  check_history(question.history);
  const auto whole = static_cast<std::int64_t>(std::floor(question.history.days / question.period_days + 1e-9));
  const std::int64_t lost = question.covariates.empty() ? 0 : 1;  // the first period has none before it
  if (whole - lost < kFewestPeriods) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} days hold {} whole periods of {} days, at least {} are needed", question.history.days,
                            whole, question.period_days, kFewestPeriods + lost),
                "event history");
  }
  Data data;
  data.period = question.period_days;
  if (lost > 0) add_covariates(question, static_cast<std::size_t>(whole), data, notes);
  data.counts.assign(static_cast<std::size_t>(whole - lost), 0);
  data.history.days = data.end_of(data.periods());
  const double begin = std::max(question.history.days - data.history.days, 0.0);
  for (const double t : question.history.times) {
    if (t < begin) continue;
    const double shifted = std::min(t - begin, data.history.days);
    data.history.times.push_back(shifted);
    const auto i = static_cast<std::size_t>(shifted / data.period);
    data.counts[std::min(i, data.periods() - 1)] += 1;
  }
  return data;
}

double log_sum(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum;
}

/// Log density of each period's event times.
std::vector<double> count_densities(const Data& data, std::span<const double> means, double size) {
  std::vector<double> out;
  for (std::size_t t = 0; t < data.periods(); ++t) {
    const double c = data.counts[t];
    const double of_count = means[t] > 0 ? negative_binomial_log_likelihood(std::span(&c, 1), means.subspan(t, 1), size)
                            : c > 0      ? -kNever
                                         : 0;
    out.push_back(of_count + std::lgamma(c + 1) - c * std::log(data.period));
  }
  return out;
}

std::vector<double> hawkes_densities(const Data& data, const HawkesParameters& parameters) {
  std::vector<double> out;
  double before = 0;
  for (std::size_t t = 1; t <= data.periods(); ++t) {
    const double so_far = hawkes_log_likelihood(data.first(t).history, parameters);
    out.push_back(so_far - before);
    before = so_far;
  }
  return out;
}

std::vector<double> regression_means(const CountRegression& fit, const Data& data) {
  std::vector<double> means;
  for (const auto& row : data.rows) means.push_back(expected_count(fit, row).value);
  return means;
}

/// A fitted model: how to score periods, and what it says of the horizon.
struct Fitted {
  EventModelFit summary;
  std::vector<double> densities;  // of each period of the data it is asked about
};

/// Fits `name` on `train` and scores `all`, of which `train` is the beginning. Throws bad_input where it cannot.
Fitted fit_model(const std::string& name, const Data& train, const Data& all) {
  Fitted f;
  f.summary.name = name;
  if (name == "poisson") {
    const std::vector<double> means(all.periods(), fit_poisson(train.history).rate.value * train.period);
    f.summary.parameters = 1;
    f.densities = count_densities(all, means, kNever);
  } else if (name == "negative_binomial") {
    const NegativeBinomialFit fit = fit_negative_binomial(train.history, train.period);
    if (std::isinf(fit.size)) throw Error(ErrorCode::bad_input, "the counts are not overdispersed");
    f.summary.parameters = 2;
    f.densities = count_densities(all, std::vector<double>(all.periods(), fit.mean), fit.size);
  } else if (name == "hawkes") {
    f.summary.parameters = 3;
    f.densities = hawkes_densities(all, fit_hawkes(train.history, false).parameters);
  } else {
    const CountRegression fit = fit_count_regression(train.counts, train.rows, train.names);
    f.summary.parameters = static_cast<int>(fit.effects.size()) + (std::isinf(fit.size) ? 0 : 1);
    f.densities = count_densities(all, regression_means(fit, all), fit.size);
  }
  return f;
}

Estimate gain_over(std::span<const double> densities, std::span<const double> poisson) {
  const auto n = static_cast<double>(densities.size());
  double mean = 0, variance = 0;
  for (std::size_t t = 0; t < densities.size(); ++t) mean += (densities[t] - poisson[t]) / n;
  for (std::size_t t = 0; t < densities.size(); ++t) {
    variance += std::pow(densities[t] - poisson[t] - mean, 2) / std::max(n - 1, 1.0);
  }
  const double width = n > 1 ? kNormal95 * std::sqrt(variance / n) : kNever;
  return {mean, mean - width, mean + width};
}

/// Log scores of the periods that the parameters have not seen.
void score_held_out(const Data& data, const EventQuestion& question, EventForecast& out) {
  const auto n = static_cast<std::int64_t>(data.periods());
  const auto kept_back = static_cast<std::int64_t>(std::llround(question.held_out * static_cast<double>(n)));
  const std::int64_t train_periods = n - kept_back;
  if (kept_back < 1 || train_periods < kFewestPeriods) {
    out.notes.push_back(fmt::format("no out-of-sample check: {} periods are too few", n));
    return;
  }
  const Data train = data.first(static_cast<std::size_t>(train_periods));
  if (train.history.times.empty()) {
    out.notes.push_back("no out-of-sample check: there is no event before the held-out part");
    return;
  }
  out.held_out_periods = kept_back;
  out.held_out_events = static_cast<std::int64_t>(data.history.times.size() - train.history.times.size());
  std::vector<double> poisson;
  for (EventModelFit& model : out.models) {
    if (!model.absent.empty()) continue;
    try {
      const Fitted fitted = fit_model(model.name, train, data);
      const std::span<const double> held = std::span(fitted.densities).last(static_cast<std::size_t>(kept_back));
      if (model.name == "poisson") poisson.assign(held.begin(), held.end());
      model.log_score = log_sum({held.begin(), held.end()}) / static_cast<double>(kept_back);
      model.gain = gain_over(held, poisson);
    } catch (const Error& e) {
      out.notes.push_back(fmt::format("{} has no held-out score: {}", model.name, e.problem()));
    }
  }
}

/// The probability of the whole-history fit of each model.
void add_probability(const std::string& name, const Data& data, const EventQuestion& question, EventModelFit& model,
                     EventForecast& out) {
  if (name == "poisson") {
    model.probability = event_probability(fit_poisson(data.history), question.horizon_days);
  } else if (name == "negative_binomial") {
    const NegativeBinomialFit fit = fit_negative_binomial(data.history, data.period);
    out.dispersion_size = fit.size;
    model.probability = event_probability(fit, question.horizon_days);
  } else if (name == "hawkes") {
    out.hawkes = fit_hawkes(data.history);
    model.probability = event_probability(out.hawkes, data.history, question.horizon_days);
  } else {
    const CountRegression fit = fit_count_regression(data.counts, data.rows, data.names);
    out.effects = fit.effects;
    const Estimate mean = expected_count(fit, data.last);
    const double periods = question.horizon_days / data.period;
    const auto p = [&](double m) { return -std::expm1(log_no_event(m, fit.size, periods)); };
    model.probability = {p(mean.value), p(mean.low), p(mean.high)};
  }
}

void choose(const EventQuestion& question, EventForecast& out) {
  const bool by_score = question.choose == "score" && out.held_out_periods > 0;
  const EventModelFit* best = nullptr;
  for (const EventModelFit& model : out.models) {
    if (!model.absent.empty() || (by_score && !model.scored())) continue;
    if (best == nullptr || (by_score ? model.log_score > best->log_score : model.aic < best->aic)) best = &model;
  }
  out.model = best->name;
  out.probability = best->probability;
  out.why = by_score ? fmt::format("{} has the best held-out log score, {:.3f} a period", best->name, best->log_score)
                     : fmt::format("{} has the lowest AIC, {:.1f}", best->name, best->aic);
}

/// -ln(1 - probability) in parts that add up to it.
void explain(const Data& data, const EventQuestion& question, EventForecast& out) {
  out.hazard = -std::log1p(-out.probability.value);
  if (out.model == "hawkes") {
    const double own = out.hawkes.parameters.mu * question.horizon_days;
    out.parts = {{"background rate", own}, {"aftermath of recent events", out.hazard - own}};
  } else if (out.model == "regression") {
    // What each covariate adds to the hazard, one after the other in their order, from the base on.
    const CountRegression fit = fit_count_regression(data.counts, data.rows, data.names);
    const double periods = question.horizon_days / data.period;
    double eta = fit.effects[0].log_ratio.value, before = 0;
    for (std::size_t j = 0; j < fit.effects.size(); ++j) {
      if (j > 0) eta += fit.effects[j].log_ratio.value * data.last[j - 1];
      const double hazard = j + 1 == fit.effects.size() ? out.hazard : -log_no_event(std::exp(eta), fit.size, periods);
      out.parts.emplace_back(j == 0 ? "base rate" : fit.effects[j].name, hazard - before);
      before = hazard;
    }
  } else {
    out.parts = {{"long-run rate", out.hazard}};
  }
}

void check_settings(const EventQuestion& q) {
  if (!(q.horizon_days > 0) || !(q.period_days > 0) || !(q.held_out >= 0 && q.held_out < 1)) {
    throw Error(ErrorCode::usage, "horizon and period must be positive, the held-out share in [0, 1)",
                "event forecast");
  }
  if (q.choose != "aic" && q.choose != "score") {
    throw Error(ErrorCode::usage, "models are chosen by \"aic\" or \"score\"", "event forecast");
  }
}

}  // namespace

bool EventModelFit::scored() const {
  return !std::isnan(log_score);
}

double default_period(double days, double horizon_days) {
  return std::min(horizon_days, days / 12);
}

EventForecast forecast_events(const EventQuestion& question) {
  check_settings(question);
  EventForecast out;
  const Data data = prepare(question, out.notes);
  out.days = data.history.days;
  out.events = static_cast<std::int64_t>(data.history.times.size());
  out.periods = static_cast<std::int64_t>(data.periods());
  out.dispersion_size = kNever;
  std::vector<std::string> names = {"poisson", "negative_binomial", "hawkes"};
  if (!data.names.empty()) names.emplace_back("regression");
  for (const std::string& name : names) {
    EventModelFit model;
    model.name = name;
    try {
      Fitted fitted = fit_model(name, data, data);
      model = fitted.summary;
      model.log_likelihood = log_sum(fitted.densities);
      model.aic = 2 * (model.parameters - model.log_likelihood);
      add_probability(name, data, question, model, out);
    } catch (const Error& e) {
      model.absent = e.problem();
    }
    model.log_score = kNone;
    model.gain = {kNone, kNone, kNone};
    out.models.push_back(std::move(model));
  }
  score_held_out(data, question, out);
  choose(question, out);
  explain(data, question, out);
  return out;
}

}  // namespace ballast::risk
