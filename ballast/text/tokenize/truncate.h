// SPDX-License-Identifier: Apache-2.0
// Cutting tokens off the end so that one text or a pair fits, as the Rust library does it.
#pragma once

#include <vector>

#include "ballast/text/tokenize/model.h"
#include "ballast/text/tokenizer.h"

namespace ballast::text {

/// Returns how many tokens were cut off. `second` is null for a single text, which any strategy shortens. Throws
/// bad_input when the strategy would have to leave nothing of its text.
std::size_t truncate(std::vector<Token>& first, std::vector<Token>* second, std::size_t room, Truncation strategy);

}  // namespace ballast::text
