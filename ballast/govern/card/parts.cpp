// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/card/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ballast::govern {

using base::Json;

CardBlock card_text(std::string text) {
  CardBlock block;
  block.text = std::move(text);
  return block;
}

CardBlock card_list(std::vector<std::string> bullets) {
  CardBlock block;
  block.bullets = std::move(bullets);
  return block;
}

CardBlock card_table(std::vector<std::string> head, std::vector<std::vector<std::string>> rows) {
  CardBlock block;
  block.table = {std::move(head), std::move(rows)};
  return block;
}

CardBlock reliability_drawing(const std::vector<std::pair<double, double>>& points, const std::string& caption) {
  constexpr double kSide = 220, kLeft = 44, kTop = 8;
  double most = 0.05;
  for (const auto& [p, observed] : points) most = std::max({most, p, observed});
  most = std::min(1.0, std::ceil(most * 10) / 10);
  const auto x = [&](double v) { return kLeft + v / most * kSide; };
  const auto y = [&](double v) { return kTop + kSide - v / most * kSide; };
  std::string svg = fmt::format(
      R"(<svg viewBox="0 0 680 {0}" width="680" height="{0}" role="img" xmlns="http://www.w3.org/2000/svg">)",
      kTop + kSide + 36);
  for (int i = 0; i <= 4; ++i) {
    const double v = most * i / 4;
    svg += fmt::format(R"(<line x1="{0:.1f}" y1="{1:.1f}" x2="{2:.1f}" y2="{1:.1f}" stroke="#e3e8ed"/>)", x(0), y(v),
                       x(most));
    svg += fmt::format(R"(<text class="axis" x="{:.1f}" y="{:.1f}" text-anchor="end">{:.2f}</text>)", x(0) - 6,
                       y(v) + 4, v);
    svg += fmt::format(R"(<text class="axis" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:.2f}</text>)", x(v),
                       y(0) + 16, v);
  }
  svg +=
      fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="#9aa7b5" stroke-dasharray="4 3"/>)",
                  x(0), y(0), x(most), y(most));
  std::string line;
  for (const auto& [p, observed] : points) line += fmt::format("{:.1f},{:.1f} ", x(p), y(observed));
  svg += fmt::format(R"(<polyline points="{}" fill="none" stroke="#12355b"/>)", line);
  for (const auto& [p, observed] : points)
    svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="#12355b"/>)", x(p), y(observed));
  svg +=
      fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">mean probability of a tenth of the rows</text>)",
                  x(most / 2), y(0) + 32);
  svg += fmt::format(R"(<text x="{:.1f}" y="{:.1f}">up: share that came true; dashed: a perfect model</text>)",
                     x(most) + 16, y(most) + 10);
  CardBlock block;
  block.svg = svg + "</svg>";
  block.caption = caption;
  return block;
}

std::string card_figure(const Json& json, const char* key, int digits) {
  if (!json.is_object() || !json.contains(key) || !json.at(key).is_number()) return "-";
  return fmt::format("{:.{}f}", json.at(key).get<double>(), digits);
}

std::string card_interval(const Json& json, const char* key, const Json& bounds, int digits) {
  const std::string value = card_figure(json, key, digits);
  if (!bounds.is_array() || bounds.size() != 2 || !bounds[0].is_number() || !bounds[1].is_number()) return value;
  return fmt::format("{} [{:.{}f}, {:.{}f}]", value, bounds[0].get<double>(), digits, bounds[1].get<double>(), digits);
}

std::string card_estimate(const Estimate& e) {
  if (!std::isfinite(e.value)) return "-";
  if (!std::isfinite(e.low)) return fmt::format("{:.3f}", e.value);
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", e.value, e.low, e.high);
}

}  // namespace ballast::govern
