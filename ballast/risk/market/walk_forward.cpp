// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/market/direction_models.h"
#include "ballast/risk/market/performance.h"
#include "ballast/risk/market_forecast.h"
#include "ballast/risk/market_var.h"
#include "ballast/tabular/calibration.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kCalibration = 250;     // earlier forecasts that a calibration needs
constexpr int kQuantileWindow = 500;  // sessions whose returns in units of volatility make the interval

/// What the walk needs of every decision: features, what came of it, volatility.
struct Decisions {
  FeatureTable table;
  std::vector<std::uint8_t> up;             // of the session after; the last decision has none
  std::vector<std::vector<double>> scores;  // by model, then decision
};

/// The calibration that earlier forecasts give: log-odds to probability, with drawn refits for the interval.
struct Calibration {
  bool ready = false;
  tabular::PlattScaling fit;
  std::vector<tabular::PlattScaling> drawn;

  Calibration(std::span<const double> scores, std::span<const std::uint8_t> truth, std::uint64_t seed) {
    if (scores.size() < kCalibration) return;
    ready = true;
    fit = tabular::fit_platt(scores, truth);
    drawn = tabular::bootstrap_platt(scores, truth, 100, seed);
    if (fit.a > 0) return;
    // Scores that ranked the wrong way so far are not turned round, they are not used.
    const double share =
        (static_cast<double>(std::count(truth.begin(), truth.end(), 1)) + 1) / (static_cast<double>(truth.size()) + 2);
    fit = {0, std::log(share / (1 - share))};
  }
};

/// Mean rise and mean fall in units of volatility, over the sessions before.
std::array<double, 2> mean_moves(std::span<const double> z) {
  double up = 0, down = 0, ups = 0, downs = 0;
  for (const double x : z) {
    if (x > 0) up += x, ++ups;
    if (x <= 0) down += x, ++downs;
  }
  return {ups > 0 ? up / ups : 0, downs > 0 ? down / downs : 0};
}

/// Return quantiles, VaR and volatility of the session after bar `bar` (returns[bar]).
struct Distribution {
  std::vector<double> sigma, scaled;
  VarForecasts var;

  explicit Distribution(const Returns& returns) {
    VolatilityOptions v;
    v.model = VolatilityModel::gjr;
    sigma = volatility_path(returns.values, v);
    for (std::size_t i = 0; i < returns.size(); ++i) scaled.push_back(returns.values[i] / sigma[i]);
    var = forecast_var(returns, {});
  }
  void fill(SessionForecast& s, std::size_t t) const {
    s.sigma = sigma[t];
    const std::size_t length = std::min<std::size_t>(t, kQuantileWindow);
    std::vector<double> window(scaled.begin() + static_cast<std::ptrdiff_t>(t - length),
                               scaled.begin() + static_cast<std::ptrdiff_t>(t));
    std::sort(window.begin(), window.end());
    s.low = s.sigma * quantile_at(window, 0.05);
    s.median = s.sigma * quantile_at(window, 0.5);
    s.high = s.sigma * quantile_at(window, 0.95);
    const std::size_t first = scaled.size() - var.days.size();
    s.var = t < scaled.size() ? var.days[t - first].var : var.next_var;
    s.es = t < scaled.size() ? var.days[t - first].es : var.next_es;
  }
};

/// The first decision that is forecast.
std::int64_t first_forecast(const ForecastOptions& o) {
  return o.first_train + o.embargo;
}

Decisions decide(const PriceSeries& series, const News& news, const TradingCalendar& calendar, const Returns& returns,
                 const ForecastOptions& o) {
  if (o.models.empty()) throw Error(ErrorCode::usage, "needs at least one model", "--models");
  if (o.first_train < 250 || o.block < 1 || o.embargo < 0) {
    throw Error(ErrorCode::usage,
                "needs at least 250 sessions to learn from, blocks of at least one and no negative embargo");
  }
  const auto leaks = find_lookahead(o.features, series, news, calendar);
  if (!leaks.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("the feature {} knows what came later", leaks.front().feature),
                day_text(leaks.front().day), "a feature may use bars and news up to the close of its day");
  }
  Decisions d{o.features(series, news, calendar), {}, {}};
  const auto rows = static_cast<std::int64_t>(d.table.bars.size());
  if (rows < o.first_train + o.embargo + o.block) {
    throw Error(ErrorCode::bad_input,
                fmt::format("a walk-forward test needs {} decisions after the first 60 bars, there are {}",
                            o.first_train + o.embargo + o.block, rows),
                series.source);
  }
  for (const std::int64_t bar : d.table.bars) {
    const auto t = static_cast<std::size_t>(bar);
    d.up.push_back(t < returns.size() && returns.values[t] > 0);
  }
  const std::int64_t first = first_forecast(o);
  struct Task {
    std::size_t model;
    std::int64_t begin, end;
  };
  std::vector<Task> tasks;
  for (std::size_t m = 0; m < o.models.size(); ++m) {
    d.scores.emplace_back(d.table.bars.size());
    const std::int64_t step = o.block * blocks_kept(o.models[m]);
    for (std::int64_t at = first; at < rows; at += step) tasks.push_back({m, at, std::min(at + step, rows)});
  }
  const DirectionRows known{d.table.values, d.up};
  base::parallel_for(static_cast<std::int64_t>(tasks.size()), [&](std::int64_t t) {
    const Task& task = tasks[static_cast<std::size_t>(t)];
    const auto scores = direction_scores(o.models[task.model], known, task.begin, task.end, o);
    std::copy(scores.begin(), scores.end(), d.scores[task.model].begin() + task.begin);
  });
  return d;
}

/// Takes the last decision's calibrated log-odds apart.
void explain(ForecastReport& report, const Decisions& d, const tabular::PlattScaling& fit, double score,
             const ForecastOptions& o) {
  report.log_odds = report.base = fit.a * score + fit.b;
  if (fit.a == 0) return;  // the models are not used
  const auto at = static_cast<std::int64_t>(d.up.size()) - 1, first = first_forecast(o);
  const DirectionRows known{d.table.values, d.up};
  const double share = fit.a / static_cast<double>(o.models.size());
  std::vector<double> total(d.table.names.size());
  for (const DirectionModel model : o.models) {
    const std::int64_t step = o.block * blocks_kept(model);
    const auto parts = direction_parts(model, known, first + (at - first) / step * step, at, o);
    for (std::size_t c = 0; c < total.size(); ++c) total[c] += share * parts.features[c];
    if (parts.model == 0) continue;
    report.reasons.push_back(
        {direction_model_name(model), std::numeric_limits<double>::quiet_NaN(), share * parts.model});
  }
  const auto row = d.table.values.row(at);
  for (std::size_t c = 0; c < total.size(); ++c) report.reasons.push_back({d.table.names[c], row[c], total[c]});
  std::stable_sort(report.reasons.begin(), report.reasons.end(), [](const ForecastReason& a, const ForecastReason& b) {
    return std::abs(a.contribution) > std::abs(b.contribution);
  });
  for (const ForecastReason& reason : report.reasons) report.base -= reason.contribution;
}

}  // namespace

DirectionModel direction_model_named(const std::string& name) {
  for (const DirectionModel model : {DirectionModel::logistic, DirectionModel::boosted, DirectionModel::transformer}) {
    if (direction_model_name(model) == name) return model;
  }
  throw Error(ErrorCode::usage, "no direction model is called \"" + name + "\"", "--models",
              "known: logistic, boosted, transformer");
}

std::string direction_model_name(DirectionModel model) {
  constexpr const char* kNames[] = {"logistic", "boosted", "transformer"};
  return kNames[static_cast<int>(model)];
}

std::string action_name(Action action) {
  constexpr const char* kNames[] = {"buy", "hold", "sell", "abstain"};
  return kNames[static_cast<int>(action)];
}

Advice advise(const SessionForecast& f, double position, const ForecastOptions& o) {
  const double most = f.var > 0 ? std::min(1.0, o.var_limit / f.var) : 1.0;
  const double kept = std::clamp(position, -most, most);
  if (f.interval[0] <= 0.5 && f.interval[1] >= 0.5) return {Action::abstain, kept};
  if (f.expected > o.cost) return {Action::buy, most};
  if (f.expected < -o.cost) return {Action::sell, o.allow_short ? -most : 0.0};
  return {Action::hold, kept};
}

ForecastReport walk_forward(const PriceSeries& series, const News& news, const TradingCalendar& calendar,
                            const ForecastOptions& o) {
  const Returns returns = returns_of(series);
  const Decisions d = decide(series, news, calendar, returns, o);
  const Distribution distribution(returns);
  ForecastReport report;
  const auto rows = static_cast<std::int64_t>(d.table.bars.size());
  const std::int64_t first = first_forecast(o);
  std::vector<double> scores(d.up.size());
  for (const auto& of_model : d.scores) {
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += of_model[i] / static_cast<double>(d.scores.size());
  }
  double position = 0;
  Calibration calibration({}, {}, o.seed);
  for (std::int64_t i = first; i < rows; ++i) {
    const auto at = static_cast<std::size_t>(i), known = static_cast<std::size_t>(i - first);
    if ((i - first) % o.block == 0) {  // the outcome of decision i − 1 is known at the close of bar i
      calibration = Calibration(std::span(scores).subspan(static_cast<std::size_t>(first), known),
                                std::span(d.up).subspan(static_cast<std::size_t>(first), known), o.seed);
    }
    const auto t = static_cast<std::size_t>(d.table.bars[at]);
    SessionForecast s;
    for (const auto& of_model : d.scores) s.scores.push_back(of_model[at]);
    if (calibration.ready) {
      s.probability_up = calibration.fit(scores[at]);
      s.interval = tabular::platt_interval(calibration.drawn, scores[at]);
    }
    distribution.fill(s, t);
    const auto moves = mean_moves(std::span(distribution.scaled).first(t));
    s.expected = s.sigma * (s.probability_up * moves[0] + (1 - s.probability_up) * moves[1]);
    const Advice advice = advise(s, position, o);
    s.action = advice.action;
    s.position = advice.position;
    if (t >= returns.size()) {
      s.day = calendar.session_after(series.bars.back().day);
      report.next = s;
      if (calibration.ready) explain(report, d, calibration.fit, scores[at], o);
      continue;
    }
    s.day = returns.days[t];
    s.ret = returns.values[t];
    s.net = s.position * s.ret - o.cost * std::abs(s.position - position);
    position = s.position;
    ++report.advice[static_cast<int>(s.action)];
    report.sessions.push_back(s);
  }
  judge(report, o);
  return report;
}

}  // namespace ballast::risk
