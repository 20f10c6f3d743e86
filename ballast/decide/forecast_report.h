// SPDX-License-Identifier: Apache-2.0
// A forecast of the next session as one JSON document: what `ballast forecast --json` prints and the service answers.
#pragma once

#include <cstdint>

#include "ballast/base/json.h"
#include "ballast/risk/market_forecast.h"

namespace ballast::decide {

/// The next session with its reasons, tails and volatility models, and the walk-forward test; the last `sessions`
/// sessions of the test are listed one by one.
base::Json report_json(const risk::ForecastReport& report, double cost, const risk::Returns& returns,
                       std::int64_t sessions);

}  // namespace ballast::decide
