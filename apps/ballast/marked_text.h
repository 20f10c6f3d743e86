// SPDX-License-Identifier: Apache-2.0
// Texts with their evidence marked, laid out for a terminal on which Chinese characters are two columns wide.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/risk/signals.h"

namespace ballast::apps {

/// "none", "watch", "material", "critical".
const char* severity_name(int severity);
/// The escape sequence of a severity's colour, and the one that ends it.
const char* severity_colour(int severity);
inline constexpr const char* kResetColour = "\033[0m";

/// Columns of a terminal that a UTF-8 text fills.
std::size_t columns_of(std::string_view text);
/// The text followed by spaces up to `columns`.
std::string padded(std::string_view text, std::size_t columns);

struct MarkOptions {
  bool colour = false;        // bold and underlined; else in square brackets
  std::size_t columns = 0;    // of a line; 0: all on one line
  std::size_t max_bytes = 0;  // of the text shown; 0: all
};

using Spans = std::vector<std::pair<std::size_t, std::size_t>>;  // half-open bytes of the text
Spans evidence_spans(const risk::Signal& signal);

/// The lines of a text with `spans` marked; control characters become spaces.
std::vector<std::string> mark_evidence(std::string_view text, const Spans& spans, const MarkOptions& options);

}  // namespace ballast::apps
