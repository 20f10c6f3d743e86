// SPDX-License-Identifier: Apache-2.0
// The models of a walk-forward test of directions: features and past outcomes come in, log-odds of later sessions go
// out, and for one of them what each feature contributed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/risk/market_forecast.h"

namespace ballast::risk {

/// Features and what came of them: up[i] is known for the decisions that are learned from.
struct DirectionRows {
  const tabular::Matrix& features;
  std::span<const std::uint8_t> up;
};

/// Log-odds of the decisions [begin, end) by one model that learned from those before begin − embargo. Throws bad_input
/// where prices only ever rise or only ever fall there.
std::vector<double> direction_scores(DirectionModel model, const DirectionRows& rows, std::int64_t begin,
                                     std::int64_t end, const ForecastOptions& options);

/// The same for the decision `at` of the block that starts at `begin`, taken apart: features.cols contributions, one of
/// the whole model where it has none by feature (the transformer), and the base; they add up to the score.
struct DirectionParts {
  std::vector<double> features;
  double model = 0, base = 0;
};
DirectionParts direction_parts(DirectionModel model, const DirectionRows& rows, std::int64_t begin, std::int64_t at,
                               const ForecastOptions& options);

/// How many blocks a model is kept: the transformer, slow to train, is refitted every fourth.
int blocks_kept(DirectionModel model);

}  // namespace ballast::risk
