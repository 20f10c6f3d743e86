// SPDX-License-Identifier: Apache-2.0
// The advice as a page for the client: one HTML file that needs nothing else, with charts drawn as SVG, made to be
// printed on A4. All numbers come from the advice; nothing is computed here but the places of lines.
#pragma once

#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/profile.h"
#include "ballast/risk/portfolio_backtest.h"

namespace ballast::decide {

struct ReportFacts {
  std::string decision_id, created_at, build;
  std::string prices_file, prices_hash, profile_hash;
  std::vector<risk::PortfolioRun> runs;  // equal weights and the objective, same days; empty: no walk-forward
  std::string no_runs;                   // why there is none
};

/// `advice` as advice_json() gives it. Text from outside is escaped.
std::string report_html(const base::Json& advice, const ReportFacts& facts, Language language);

}  // namespace ballast::decide
