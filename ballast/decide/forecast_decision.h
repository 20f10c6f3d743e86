// SPDX-License-Identifier: Apache-2.0
// Forecasts as decisions: all that one was made from as JSON and back, the record of the verdict, and its repetition.
#pragma once

#include <string>

#include "ballast/decide/decision.h"
#include "ballast/risk/market_backtest.h"
#include "ballast/risk/market_forecast.h"
#include "ballast/risk/market_var.h"

namespace ballast::decide {

/// {"statistic","p_value"}.
base::Json test_json(const risk::TestResult& test);
base::Json tests_json(const risk::VarTests& tests);
base::Json light_json(const risk::TrafficLight& light);
/// A number, or null where it is not finite.
base::Json number_json(double value);

/// Prices as used (after corporate actions and quarantine), as {"source","column","differences","days","close",…}; with
/// `bars` also open, high, low and volume where the file has them. Numbers read back to the same bits.
base::Json series_json(const risk::PriceSeries& series, bool bars);
risk::PriceSeries series_of(const base::Json& json, const std::string& where);

/// A question about the next session.
struct TradeQuestion {
  risk::PriceSeries series;
  risk::News news;
  std::string news_model;  // identity of the classifier that scored the news; empty without one
  std::string calendar = "NYSE";
  risk::ForecastOptions options;
};

/// Why a forecast has no reasons by feature.
inline constexpr const char* kUnusedModels =
    "the share of rises: the models have too few forecasts behind them, or ranked them the wrong way, and do not count";

/// One session of a report as JSON, with what happened where `past`.
base::Json session_json(const risk::SessionForecast& session, bool past);

/// The record of kind "trade": action, position, probability with interval, quantiles, VaR and ES at 95, 97.5 and 99 %,
/// and reasons that add up with the base to the log-odds of a rise.
Decision trade_decision(const TradeQuestion& question, const risk::ForecastReport& report);
Decision replay_trade(const Decision& was);

struct VarQuestion {
  risk::PriceSeries series;
  risk::VarOptions options;
  std::uint64_t seed = 42;  // of the simulated test
};

/// The record of kind "var": VaR and ES of the session after the last price, with the back-tests of all earlier
/// forecasts. The reasons add up to the VaR: the window's own tail, and what today's volatility makes of it.
Decision var_decision(const VarQuestion& question, const risk::VarForecasts& forecasts);
Decision replay_var(const Decision& was);

}  // namespace ballast::decide
