// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/decide/advice/words.h"

namespace ballast::decide {
namespace {

constexpr const char* kColours[] = {"#9aa7b5", "#12355b", "#b8863b", "#4c7a5d"};
constexpr std::size_t kPoints = 1500;  // of a line; more cannot be seen on paper
constexpr int kLabelWidth = 165, kValueWidth = 60;
constexpr int kLeft = 52, kRight = 12, kTop = 26, kBottom = 24;

const char* colour(std::size_t series) {
  return kColours[series % std::size(kColours)];
}

std::string legend(const std::vector<std::string>& names, int x, int y) {
  std::string out;
  for (std::size_t s = 0; s < names.size(); ++s) {
    out += fmt::format(R"(<rect x="{}" y="{}" width="10" height="10" rx="2" fill="{}"/>)", x, y - 9, colour(s));
    out += fmt::format(R"(<text x="{}" y="{}">{}</text>)", x + 15, y, escaped(names[s]));
    double width = 0;  // Chinese characters are twice as wide
    for (const char c : names[s]) width += (c & 0x80) != 0 ? 4.2 : 6.4;
    x += 34 + static_cast<int>(width);
  }
  return out;
}

std::string open(int width, int height) {
  return fmt::format(
      R"(<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" xmlns="http://www.w3.org/2000/svg">)", width,
      height);
}

/// 1, 2 or 5 times a power of ten, so that about `count` steps fill the range.
double step_of(double range, int count) {
  const double raw = range / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw * 0.999) return factor * power;
  return 10 * power;
}

struct Axis {
  double low = 0, high = 1, step = 1;
  bool logarithmic = false;
  int top = 0, bottom = 0;
  double place(double v) const {
    const double share =
        logarithmic ? (std::log(v) - std::log(low)) / (std::log(high) - std::log(low)) : (v - low) / (high - low);
    return bottom - share * (bottom - top);
  }
  std::vector<double> ticks() const {
    std::vector<double> out;
    if (logarithmic) {
      for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10)
        for (const double f : {1.0, 2.0, 5.0})
          if (f * power >= low * 0.999 && f * power <= high * 1.001) out.push_back(f * power);
    } else {
      for (double v = std::ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) out.push_back(v);
    }
    return out;
  }
};

Axis axis_of(const LineChart& chart) {
  Axis axis;
  axis.low = 1e300;
  axis.high = -1e300;
  for (const LineSeries& s : chart.series)
    for (const double v : s.values) {
      axis.low = std::min(axis.low, v);
      axis.high = std::max(axis.high, v);
    }
  axis.logarithmic = chart.logarithmic;
  if (!(axis.high > axis.low)) axis.high = axis.low + (axis.low == 0 ? 1 : std::abs(axis.low));
  axis.step = step_of(axis.high - axis.low, 5);
  if (!chart.logarithmic) {
    axis.low = std::floor(axis.low / axis.step + 1e-9) * axis.step;
    axis.high = std::ceil(axis.high / axis.step - 1e-9) * axis.step;
  }
  axis.top = kTop;
  axis.bottom = chart.height - kBottom;
  return axis;
}

/// Grid lines where a year begins, thinned to a dozen.
std::string years(const LineChart& chart, const Axis& axis) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 1; i < chart.days.size(); ++i)
    if (chart.days[i].substr(0, 4) != chart.days[i - 1].substr(0, 4)) starts.push_back(i);
  const std::size_t every = starts.size() / 10 + 1;
  std::string out;
  for (std::size_t k = 0; k < starts.size(); k += every) {
    const double x = kLeft + static_cast<double>(starts[k]) / static_cast<double>(chart.days.size() - 1) *
                                 (chart.width - kLeft - kRight);
    out += fmt::format(R"(<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" stroke="#eef1f4"/>)", x, axis.top,
                       axis.bottom);
    out += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle" class="axis">{}</text>)", x, axis.bottom + 16,
                       chart.days[starts[k]].substr(0, 4));
  }
  return out;
}

std::string polyline(const LineChart& chart, const Axis& axis, std::size_t s) {
  const auto& values = chart.series[s].values;
  const std::size_t every = std::max<std::size_t>(1, values.size() / kPoints);
  std::string points;
  for (std::size_t i = 0; i < values.size(); i += every) {
    const double x =
        kLeft + static_cast<double>(i) / static_cast<double>(values.size() - 1) * (chart.width - kLeft - kRight);
    points += fmt::format("{:.1f},{:.1f} ", x, axis.place(values[i]));
  }
  return fmt::format(R"(<polyline fill="none" stroke="{}" stroke-width="1.6" stroke-linejoin="round" points="{}"/>)",
                     colour(s), points);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string bar_chart(const std::vector<std::string>& series, const std::vector<BarRow>& rows, int width) {
  double most = 0, least = 0;
  for (const BarRow& row : rows) {
    for (const double v : row.values) {
      if (!std::isfinite(v)) continue;
      most = std::max(most, v);
      least = std::min(least, v);
    }
  }
  if (most - least == 0) most = 1;
  const int bar = 11, row_height = static_cast<int>(series.size()) * (bar + 2) + 10;
  const int height = 24 + static_cast<int>(rows.size()) * row_height;
  const double unit = (width - kLabelWidth - kValueWidth) / (most - least);
  const double zero = kLabelWidth - least * unit;
  std::string out = open(width, height) + legend(series, kLabelWidth, 11);
  int y = 24;
  for (const BarRow& row : rows) {
    out += fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", kLabelWidth - 10,
                       y + (row_height - 10) / 2.0 + 4, escaped(row.label));
    for (std::size_t s = 0; s < row.values.size(); ++s) {
      const double v = row.values[s];
      if (!std::isfinite(v)) continue;
      const double top = y + static_cast<double>(s) * (bar + 2);
      out += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" rx="1.5" fill="{}"/>)",
                         zero + std::min(0.0, v) * unit, top, std::abs(v) * unit, bar, colour(s));
      out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="axis">{} %</text>)", zero + std::max(0.0, v) * unit + 6,
                         top + bar - 2, shown_percent(v, 1));
    }
    y += row_height;
  }
  out += fmt::format(R"(<line x1="{0:.1f}" x2="{0:.1f}" y1="20" y2="{1}" stroke="#8795a3"/></svg>)", zero, height);
  return out;
}

std::string line_chart(const LineChart& chart) {
  if (chart.days.size() < 2) return "";
  const Axis axis = axis_of(chart);
  std::vector<std::string> names;
  for (const LineSeries& s : chart.series) names.push_back(s.name);
  std::string out = open(chart.width, chart.height) + legend(names, kLeft, 13) + years(chart, axis);
  for (const double tick : axis.ticks()) {
    const double y = axis.place(tick);
    out += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="#e3e8ed"/>)", kLeft,
                       chart.width - kRight, y, y);
    out += fmt::format(
        R"(<text x="{}" y="{:.1f}" text-anchor="end" class="axis">{}</text>)", kLeft - 6, y + 4,
        chart.percent ? fmt::format("{:.0f} %", std::abs(tick) < 1e-9 ? 0.0 : 100 * tick) : fmt::format("{:g}", tick));
  }
  for (std::size_t s = 0; s < chart.series.size(); ++s) out += polyline(chart, axis, s);
  return out + "</svg>";
}

}  // namespace ballast::decide
