// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/market/performance.h"
#include "ballast/risk/market_forecast.h"
#include "ballast/risk/market_var.h"
#include "ballast/tabular/boosted.h"
#include "ballast/tabular/calibration.h"
#include "ballast/tabular/logistic.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kCalibration = 250;     // earlier forecasts that a calibration needs
constexpr int kQuantileWindow = 500;  // sessions whose returns in units of volatility make the interval
constexpr double kLogisticC = 0.01;   // strong: dozens of weak features on a few thousand noisy rows

/// Standardises by the training rows; NaN becomes their mean.
struct Standard {
  std::vector<double> mean, scale;

  explicit Standard(const tabular::Matrix& x) : mean(static_cast<std::size_t>(x.cols)), scale(mean.size(), 1) {
    for (std::size_t c = 0; c < mean.size(); ++c) {
      double sum = 0, square = 0, n = 0;
      for (std::int64_t r = 0; r < x.rows; ++r) {
        const double v = x.row(r)[c];
        if (std::isfinite(v)) sum += v, square += v * v, ++n;
      }
      if (n < 2) continue;
      mean[c] = sum / n;
      const double variance = square / n - mean[c] * mean[c];
      if (variance > 1e-12) scale[c] = std::sqrt(variance);
    }
  }
  tabular::Matrix operator()(tabular::Matrix x) const {
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      const std::size_t c = i % mean.size();
      const double z = std::isfinite(x.values[i]) ? (x.values[i] - mean[c]) / scale[c] : 0;
      x.values[i] = std::clamp(z, -5.0, 5.0);
    }
    return x;
  }
};

/// What the walk needs of every decision: features, what came of it, volatility.
struct Decisions {
  FeatureTable table;
  std::vector<std::uint8_t> up;  // of the session after; the last decision has none
  std::vector<double> logistic, boosted;
};

std::vector<std::int64_t> range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = begin; i < end; ++i) out.push_back(i);
  return out;
}

/// Log-odds of the decisions [begin, end) by models that know the outcomes of earlier ones.
void score_block(Decisions& d, std::int64_t begin, std::int64_t end, const ForecastOptions& o) {
  const auto rows = range(0, begin - o.embargo);
  const auto x = d.table.values.take(rows), test = d.table.values.take(range(begin, end));
  const auto truth = tabular::take(std::span<const std::uint8_t>(d.up), rows);
  const auto ups = std::count(truth.begin(), truth.end(), 1);
  if (ups == 0 || ups == static_cast<std::ptrdiff_t>(truth.size())) {
    throw Error(ErrorCode::bad_input, "prices only ever rise or only ever fall before the first forecast");
  }
  const Standard standard(x);
  const auto linear = tabular::fit_logistic(standard(x), truth, {}, kLogisticC).scores(standard(test));
  tabular::BoostedParameters p;
  p.depth = 2, p.rounds = 100, p.eta = 0.05, p.min_child_weight = 20, p.lambda = 10, p.seed = o.seed;
  const auto trees = tabular::BoostedTrees::fit(x, truth, {}, p).scores(test);
  std::copy(linear.begin(), linear.end(), d.logistic.begin() + begin);
  std::copy(trees.begin(), trees.end(), d.boosted.begin() + begin);
}

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
        static_cast<double>(std::count(truth.begin(), truth.end(), 1)) / static_cast<double>(truth.size());
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

Decisions decide(const PriceSeries& series, const News& news, const TradingCalendar& calendar, const Returns& returns,
                 const ForecastOptions& o) {
  if (o.first_train < 250 || o.block < 1 || o.embargo < 0) {
    throw Error(ErrorCode::usage,
                "needs at least 250 sessions to learn from, blocks of at least one and no negative embargo");
  }
  const auto leaks = find_lookahead(o.features, series, news, calendar);
  if (!leaks.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("the feature {} knows what came later", leaks.front().feature),
                day_text(leaks.front().day), "a feature may use bars and news up to the close of its day");
  }
  Decisions d{o.features(series, news, calendar), {}, {}, {}};
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
  d.logistic.resize(d.table.bars.size());
  d.boosted.resize(d.table.bars.size());
  const std::int64_t first = o.first_train + o.embargo;
  base::parallel_for((rows - first + o.block - 1) / o.block, [&](std::int64_t b) {
    const std::int64_t begin = first + b * o.block;
    score_block(d, begin, std::min(begin + o.block, rows), o);
  });
  return d;
}

}  // namespace

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
  const std::int64_t first = o.first_train + o.embargo;
  std::vector<double> scores;
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    scores.push_back((d.logistic[at] + d.boosted[at]) / 2);
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
    s.logistic = d.logistic[at], s.boosted = d.boosted[at];
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
