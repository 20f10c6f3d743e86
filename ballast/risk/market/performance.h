// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ballast/risk/market_forecast.h"

namespace ballast::risk {

/// Fills in how the sessions of a walk-forward test went: both performances and the judgement of the directions.
void judge(ForecastReport& report, const ForecastOptions& options);

}  // namespace ballast::risk
