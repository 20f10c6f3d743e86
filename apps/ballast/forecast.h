// SPDX-License-Identifier: Apache-2.0
// What the commands of `forecast` share: prices with what was set aside, and results as JSON.
#pragma once

#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/forecast_decision.h"
#include "ballast/risk/market.h"
#include "ballast/risk/market_backtest.h"

namespace CLI {
class App;
}

namespace ballast::apps {

struct Common;

/// Options about prices that every command has.
struct PriceArguments {
  std::vector<std::string> files;
  std::string column, actions, encoding = "auto";
  bool allow_negative = false, strict = false;
};
void add_price_options(CLI::App& verb, PriceArguments& arguments);

/// Rows set aside: how many, and the first few as {"line","column","reason"}.
struct Quarantine {
  std::string source;
  std::int64_t count = 0;
  base::Json first = base::Json::array();
  ingest::QuarantineSink sink();
  base::Json json() const;
};

/// Reads, adjusts for corporate actions, and says what was set aside. With --strict a bad row is an error.
risk::PriceSeries read_series(const PriceArguments& arguments, const std::string& file, const std::string& column,
                              const Common& common, Quarantine& quarantine);

/// Signs the decision and stores it, before it is shown.
void keep_decision(decide::Decision& decision, const Common& common);

void add_forecast_var(CLI::App& forecast, Common& common);
void add_forecast_direction(CLI::App& forecast, Common& common);
void add_forecast_volatility(CLI::App& forecast, Common& common);

}  // namespace ballast::apps
