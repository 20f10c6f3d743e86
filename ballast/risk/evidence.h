// SPDX-License-Identifier: Apache-2.0
// The words of a text as evidence counts them: whole words and numbers, single Chinese characters.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "ballast/risk/signals.h"

namespace ballast::risk {

struct TextUnit {
  std::size_t start = 0, end = 0;  // bytes of the text, half-open
  bool han = false;                // one Chinese character
  bool stop = false;               // says little by itself: never the beginning or end of evidence
  double weight = 0;
};

/// The units of a text in order, without weights. Punctuation and spaces belong to none.
std::vector<TextUnit> text_units(std::string_view text);

/// Shares each token's weight out among the units that it covers, by bytes. Tokens in text order.
void spread_weights(const std::vector<TokenWeight>& weights, std::vector<TextUnit>& units);

}  // namespace ballast::risk
