// SPDX-License-Identifier: Apache-2.0
// What advice is computed on: positions in one currency, the returns of those with enough prices, and the index.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ballast/decide/advice.h"

namespace ballast::decide {

/// A position of the universe that the optimiser may move.
struct Universe {
  std::vector<Position> positions;   // held first, in file order; then what may be bought
  std::vector<std::size_t> movable;  // positions with enough prices
  std::vector<std::size_t> columns;  // of the panels, one a movable position
  risk::PricePanel recent;           // prices in the advice's currency, all columns
  std::vector<risk::PricePanel> crises;
  risk::ReturnMatrix returns;        // of the movable positions
  std::vector<double> index;         // the index's returns, same days; empty: none
  std::string from;                  // day of the first return
  std::vector<risk::Exposure> cash;  // one a currency
  double value = 0, cash_value = 0;  // money
  std::vector<std::string> thin;     // held, too few prices
  double thin_weight = 0;

  /// Weights of the movable positions.
  std::vector<double> weights(double Position::*member) const;
};

inline constexpr std::size_t kLeastReturns = 250;  // fewer say nothing about a tail

/// Values holdings and selects prices. `returns` is empty where nothing has kLeastReturns + 1 prices. Throws bad_input
/// for instruments without a column and currencies without a rate.
Universe make_universe(const AdviceInputs& inputs, const std::string& currency);

}  // namespace ballast::decide
