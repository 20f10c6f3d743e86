// SPDX-License-Identifier: Apache-2.0
// Which method forecasts tomorrow's volatility best? Returns come in; for each method the losses of its one-day-ahead
// forecasts, and the test whether it differs from the champion, go out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/risk/market.h"
#include "ballast/tabular/significance.h"

namespace ballast::risk {

struct VolatilityComparisonOptions {
  /// Of volatility_model_named(), or "transformer": a small causal transformer over the last 20 days that corrects EWMA
  /// volatility, refitted every year.
  std::vector<std::string> models = {"ewma", "garch", "garch-t", "gjr", "gjr-t", "har"};
  std::string champion = "gjr";  // one of them
  double decay = 0.94;           // EWMA
  int refit_days = 21;           // GARCH and HAR
  int transformer_refit_days = 252;
  std::uint64_t seed = 42;
};

struct VolatilityForecaster {
  std::string model;
  std::vector<double> sigma;  // one a compared day
  double next = 0;            // of the day after the last return
  double qlike = 0, mse = 0;  // means: v/σ² − ln(v/σ²) − 1 and (v − σ²)², v the squared return
  double seconds = 0;         // not part of the comparison's result; differs from run to run
  /// Against the champion, by each loss; empty for the champion itself.
  tabular::DieboldMariano by_qlike, by_mse;
  double qlike_p_holm = 1;  // by_qlike's p-value after Holm's correction over all challengers
};

struct VolatilityComparison {
  std::vector<Day> days;  // all methods on the same ones
  std::vector<double> squares;
  std::vector<VolatilityForecaster> models;
  std::size_t champion = 0;  // index
};

/// Forecasts of a day use returns of earlier days only; the first compared day follows 250 returns, or 1000 where the
/// transformer takes part. Throws bad_input for too short a series (at least 60 compared days), usage for an unknown
/// model, a doubled one, or a champion that does not take part. The same bits at any thread count.
VolatilityComparison compare_volatility(const Returns& returns, const VolatilityComparisonOptions& options = {});

}  // namespace ballast::risk
