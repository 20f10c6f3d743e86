// SPDX-License-Identifier: Apache-2.0
// What the commands of `advise` share.
#pragma once

#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/risk/portfolio_backtest.h"

namespace CLI {
class App;
}

namespace ballast::apps {

struct Common;

/// Reads a panel and says what was set aside. With `strict` that is an error.
risk::PricePanel read_price_panel(const std::string& file, const Common& common, bool strict);

/// Equal weights first, then the objectives given, each with its difference to equal weights.
struct PortfolioStudy {
  std::vector<risk::PortfolioRun> runs;
  std::vector<std::vector<risk::PortfolioDifference>> differences;  // empty for equal weights
};
PortfolioStudy study_portfolios(const risk::PricePanel& panel, const std::vector<risk::Objective>& objectives,
                                const risk::PortfolioBacktestOptions& options, std::uint64_t seed);
/// {"from","to","sessions","settings":{…},"runs":[{…,"against_equal_weights":{figure:{"difference","interval"}}}]}.
base::Json study_json(const PortfolioStudy& study, const risk::PortfolioBacktestOptions& options);

void add_advise(CLI::App& app, Common& common);
void add_advise_backtest(CLI::App& advise, Common& common);
void add_advise_questionnaire(CLI::App& advise, Common& common);

}  // namespace ballast::apps
