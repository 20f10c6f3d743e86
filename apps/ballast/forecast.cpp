// SPDX-License-Identifier: Apache-2.0
// `ballast forecast`: what prices (and news) say about the next session, and how well such forecasts did.
#include <CLI/CLI.hpp>

#include "forecast.h"
#include "verb.h"

namespace ballast::apps {

void add_forecast(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("forecast", "Forecasts and market risk from prices");
  verb->require_subcommand(1);
  add_forecast_var(*verb, common);
}

}  // namespace ballast::apps
