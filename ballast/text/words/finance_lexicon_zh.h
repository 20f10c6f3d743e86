// SPDX-License-Identifier: Apache-2.0
// Chinese financial words that ICU's general dictionary cuts apart.
#pragma once

#include <cstddef>
#include <string_view>

namespace ballast::text {

/// Length in bytes of the longest lexicon word that begins at byte `at`; 0 where none does.
std::size_t match_finance_word(std::string_view text, std::size_t at);

}  // namespace ballast::text
