// SPDX-License-Identifier: Apache-2.0
// Charts as inline SVG: numbers come in, one <svg> element goes out. Sizes are in pixels of the page; text is escaped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/decide/html.h"

namespace ballast::decide {

struct BarRow {
  std::string label;
  std::vector<double> values;  // one a series; NaN: none
};
/// Horizontal bars from zero, values shown in percent; one colour a series with a legend on top.
std::string bar_chart(const std::vector<std::string>& series, const std::vector<BarRow>& rows, int width);

struct LineSeries {
  std::string name;
  std::vector<double> values;
};
struct LineChart {
  std::vector<std::string> days;  // "2005-01-03", one a value
  std::vector<LineSeries> series;
  bool logarithmic = false;  // values > 0
  bool percent = false;
  int width = 680, height = 220;
};
/// Lines over time with a grid, years below and values at the left.
std::string line_chart(const LineChart& chart);

}  // namespace ballast::decide
