// SPDX-License-Identifier: Apache-2.0
// A comparison for people: an aligned table with a bar chart for the terminal, and one HTML file with its charts
// inside.
#pragma once

#include <string>
#include <vector>

#include "ballast/govern/comparison.h"

namespace ballast::govern {

/// What stands around the figures.
struct ReportContext {
  std::string command;              // that repeats it
  std::string data;                 // "train.csv (3354 rows) to dev.csv (504 rows)"
  std::vector<std::string> notes;   // how it was judged
  std::vector<std::string> checks;  // what the checks of the split found, or that they found nothing
  std::string decision_id, created_at;
};

/// Table of methods and measures, tests, chart of the deciding measure, verdict in English and Chinese.
std::string to_text(const Comparison& comparison, const ReportContext& context);

/// A self-contained page: the same, with an SVG chart of each measure's intervals. No scripts, nothing loaded.
std::string to_html(const Comparison& comparison, const ReportContext& context);

/// "0.731", "NaN" as "-".
std::string figure_text(double value);
/// "12.3 MB".
std::string bytes_text(std::int64_t bytes);

}  // namespace ballast::govern
