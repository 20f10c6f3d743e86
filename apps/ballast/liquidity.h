// SPDX-License-Identifier: Apache-2.0
// What the files of `ballast liquidity` share: reading makes the inputs of a decision, assessing makes the decision.
#pragma once

#include <cstdint>
#include <string>

#include "ballast/decide/decision.h"
#include "verb.h"

namespace ballast::apps {

struct LiquidityArguments {
  std::string cashflows, table, scenarios, prices, as_of, entity;
  double buffer = -1;  // negative: the LCR's stock
  std::int64_t horizon = 365;
  bool signals = false, strict = false;
};

/// All that an assessment is computed from, as one JSON object: as_of, horizon, buffer, scenarios (TOML text), flows,
/// items, prices (up to as_of) and signals, each null where it was not asked for.
base::Json read_liquidity_inputs(const LiquidityArguments& arguments, const Common& common);

/// A decision of kind "liquidity", not yet sealed.
decide::Decision assess_liquidity(const base::Json& inputs, std::uint64_t seed);

}  // namespace ballast::apps
