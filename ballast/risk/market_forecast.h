// SPDX-License-Identifier: Apache-2.0
// What prices and news say about the next session: bars and dated news come in; probability of a rise, a return
// interval, volatility, VaR and an advice with its confidence go out, and how such forecasts did walking forward. A
// forecast for a session is made at the close of the one before.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ballast/risk/market.h"
#include "ballast/risk/market_calendar.h"
#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/encoding.h"

namespace ballast::risk {

/// One piece of news as numbers: a desk reads no text. It counts from `available_at` on, when one could have read it.
struct NewsItem {
  Moment published_at, available_at;
  std::vector<double> values;  // one a name of News::names; NaN where absent
};
struct News {
  std::vector<std::string> names;  // "sentiment", "severity" …
  std::vector<NewsItem> items;
  std::vector<std::string> texts;  // title and text of each item, for whoever scores them
  std::int64_t rows = 0, quarantined = 0;
};
/// CSV or JSONL with `published_at` (RFC 3339), optional `available_at`, `title`, `text`, and columns of numbers. Set
/// aside: no moment, moments in the future, available before published. Throws bad_input where the column is missing.
News read_news(const std::string& source, const ingest::QuarantineSink& quarantine = {});

/// Features of the decision at the close of bar `bars[row]`; NaN where there is nothing to say.
struct FeatureTable {
  std::vector<std::string> names;
  std::vector<std::int64_t> bars;  // indices into the series, rising
  tabular::Matrix values;
};
using FeatureMaker = std::function<FeatureTable(const PriceSeries&, const News&, const TradingCalendar&)>;

/// Changes, momentum and range in units of volatility, volatility itself, volume, and the news of sessions up to the
/// bar's own: what came after the bar's close belongs to the next session. Rows begin at bar 60.
FeatureTable make_features(const PriceSeries& series, const News& news, const TradingCalendar& calendar);

struct Leak {
  std::string feature;
  Day day;
};
/// Makes the features again from what was known at the close of `samples` bars spread over the series; a value that
/// differs had seen later bars or news.
std::vector<Leak> find_lookahead(const FeatureMaker& maker, const PriceSeries& series, const News& news,
                                 const TradingCalendar& calendar, int samples = 12);

enum class Action { buy, hold, sell, abstain };
std::string action_name(Action action);

/// What a direction is learned by: logistic regression and boosted trees on the session's features, or a small causal
/// transformer (lm/series_model.h) over those of the last 20 sessions.
enum class DirectionModel { logistic, boosted, transformer };
/// "logistic", "boosted" or "transformer". Throws usage for anything else.
DirectionModel direction_model_named(const std::string& name);
std::string direction_model_name(DirectionModel model);

struct ForecastOptions {
  std::vector<DirectionModel> models = {DirectionModel::logistic,
                                        DirectionModel::boosted};  // their mean log-odds count
  int first_train = 750;                                           // decisions before the first forecast
  int block = 63;                                                  // models are refitted after so many sessions
  int embargo = 5;          // sessions between the last trained and the first forecast one
  double cost = 0.0005;     // of the traded value, one way
  double var_limit = 0.05;  // VaR 99 % of the position
  bool allow_short = false;
  std::uint64_t seed = 42;
  FeatureMaker features = make_features;
};

/// One forecast session.
struct SessionForecast {
  Day day;
  double probability_up = 0.5;              // calibrated on earlier forecasts only
  std::array<double, 2> interval = {0, 1};  // 90 %, of the calibration; [0, 1] before there are enough forecasts
  std::vector<double> scores;               // log-odds, one a model of the options
  double sigma = 0;                         // GJR-GARCH
  double low = 0, median = 0, high = 0;     // 5 %, 50 % and 95 % quantiles of the return
  double var = 0, es = 0;                   // 99 %
  double expected = 0;                      // return before costs
  Action action = Action::abstain;
  double position = 0;  // after the advice, share of capital
  double ret = 0;       // what happened; 0 for the session to come
  double net = 0;       // position · ret − costs
};

struct Performance {
  double annual_return = 0, annual_volatility = 0, sharpe = 0, max_drawdown = 0;
  double turnover = 0;  // a year, one way
  double costs = 0;     // sum over all sessions
};

/// What one feature, or a model that cannot be taken apart, adds to the calibrated log-odds of a rise.
struct ForecastReason {
  std::string feature;
  double value = 0;  // of the feature; NaN where it is not known, or for a whole model
  double contribution = 0;
};

struct ForecastReport {
  std::vector<SessionForecast> sessions;  // walk-forward, out of sample
  SessionForecast next;                   // the session after the last bar
  // Of the next session: base + all contributions = log_odds, largest first. None before there is a calibration, and
  // none where the models ranked earlier sessions the wrong way: then only the share of rises counts.
  double log_odds = 0, base = 0;
  std::vector<ForecastReason> reasons;
  Performance advised, buy_and_hold;
  std::int64_t advice[4] = {};  // sessions by Action
  // Over the sessions that have a calibrated probability; 95 % intervals by bootstrap of blocks of 21 sessions.
  std::int64_t judged = 0;
  tabular::BootstrapInterval accuracy, accuracy_always_up, mcc, brier, brier_base_rate;
  double interval_coverage = 0;  // share of returns inside [low, high], over all sessions
};

/// Walks forward: for every block the models learn from the decisions before it (less the embargo; the transformer for
/// four blocks at a time), their mean log-odds are calibrated by Platt on earlier blocks. Throws bad_input for too
/// short a series, and where a feature looks ahead (naming it and the day). Deterministic for a seed at any thread
/// count.
ForecastReport walk_forward(const PriceSeries& series, const News& news, const TradingCalendar& calendar,
                            const ForecastOptions& options = {});

/// Buy where the expected return is above the cost and sell where it is below its negative; abstain where the interval
/// of the probability holds 1/2, for then the direction is not known. `position` before; returns the position after:
/// long (or short) as far as the VaR limit allows.
struct Advice {
  Action action = Action::abstain;
  double position = 0;
};
Advice advise(const SessionForecast& forecast, double position, const ForecastOptions& options);

}  // namespace ballast::risk
