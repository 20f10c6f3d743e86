// SPDX-License-Identifier: Apache-2.0
// A comparison as one HTML page with its charts inside.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/decide/html.h"
#include "ballast/govern/comparison_report.h"

namespace ballast::govern {
namespace {

constexpr double kWidth = 760, kLeft = 220, kRight = 90, kLine = 26;

constexpr const char* kStyle =
    "body{font:15px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c2733}table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}"
    "th,td{padding:.3rem .7rem;border-bottom:1px solid #d5dce3;text-align:right}th:first-child,td:first-child"
    "{text-align:left}.verdict{background:#eef4fa;border-left:4px solid #2b6cb0;padding:.6rem 1rem;margin:1rem 0}"
    ".warn{color:#a33}code{background:#f1f3f5;padding:.1rem .3rem}.scroll{overflow-x:auto}";

using decide::escaped;

const char* colour(Family family) {
  switch (family) {
    case Family::language_model:
      return "#2b6cb0";
    case Family::hybrid:
      return "#805ad5";
    case Family::traditional:
      return "#c05621";
    case Family::baseline:
      return "#718096";
  }
  return "#000";
}

std::string row(const std::vector<std::string>& cells, const char* tag) {
  std::string out = "<tr>";
  for (const std::string& cell : cells) out += fmt::format("<{0}>{1}</{0}>", tag, escaped(cell));
  return out + "</tr>\n";
}

/// Points with their intervals on one axis, a line a method.
std::string svg(const Comparison& c, std::size_t k) {
  double low = INFINITY, high = -INFINITY;
  for (const MethodFigures& m : c.methods) {
    const Estimate& e = m.measures[k];
    for (const double x : {e.value, e.low, e.high}) {
      if (std::isfinite(x)) low = std::min(low, x), high = std::max(high, x);
    }
  }
  if (!(high >= low)) return "";
  const double margin = high > low ? (high - low) * 0.05 : std::max(1e-6, std::abs(high) * 0.05);
  low -= margin;
  high += margin;
  const auto x = [&](double v) { return kLeft + (v - low) / (high - low) * (kWidth - kLeft - kRight); };
  const double height = kLine * (static_cast<double>(c.methods.size()) + 2);
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" aria-label=\"{2}\" "
      "font-family=\"system-ui,sans-serif\" font-size=\"13\">\n",
      kWidth, height, escaped(c.measures[k].name + " by method with 95 % intervals"));
  for (int tick = 0; tick <= 4; ++tick) {
    const double v = low + (high - low) * tick / 4;
    out += fmt::format("<line x1=\"{0:.1f}\" y1=\"4\" x2=\"{0:.1f}\" y2=\"{1:.1f}\" stroke=\"#e2e8f0\"/>", x(v),
                       height - kLine);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"#4a5568\">{}</text>\n", x(v),
                       height - 8, figure_text(v));
  }
  for (std::size_t m = 0; m < c.methods.size(); ++m) {
    const Estimate& e = c.methods[m].measures[k];
    const double y = kLine * (static_cast<double>(m) + 0.8);
    out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 12, y + 4,
                       escaped(c.methods[m].name));
    if (!std::isfinite(e.value)) continue;
    const char* ink = colour(c.methods[m].family);
    if (std::isfinite(e.low) && std::isfinite(e.high)) {
      out += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"3\" "
          "stroke-linecap=\"round\"/>",
          x(e.low), y, x(e.high), y, ink);
    }
    out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\"/>", x(e.value), y, ink);
    out +=
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", kWidth - kRight + 10, y + 4, figure_text(e.value));
  }
  return out + "</svg>\n";
}

std::string with_interval(const Estimate& e) {
  if (!std::isfinite(e.low)) return figure_text(e.value);
  return fmt::format("{} [{}, {}]", figure_text(e.value), figure_text(e.low), figure_text(e.high));
}

std::string methods_table(const Comparison& c) {
  std::vector<std::string> head = {"method", "kind"};
  for (const Measure& m : c.measures) head.push_back(m.name + (m.higher_is_better ? " ↑" : " ↓"));
  for (const char* name : {"ECE (chance)", "train s", "score s", "memory", "model"}) head.push_back(name);
  for (const auto& [name, value] : c.methods.front().extra) head.push_back(name);
  std::string out = "<div class=\"scroll\"><table>\n" + row(head, "th");
  for (const MethodFigures& m : c.methods) {
    std::vector<std::string> cells = {m.name, family_name(m.family)};
    for (const Estimate& e : m.measures) cells.push_back(with_interval(e));
    cells.push_back(m.calibration ? fmt::format("{:.3f} ({:.3f})", m.calibration->ece, m.calibration->chance_95) : "-");
    cells.push_back(fmt::format("{:.2f}", m.cost.train_seconds));
    cells.push_back(fmt::format("{:.3f}", m.cost.score_seconds));
    cells.push_back(bytes_text(m.cost.memory_bytes));
    cells.push_back(bytes_text(m.model_bytes));
    for (const auto& [name, value] : m.extra) cells.push_back(figure_text(value));
    out += row(cells, "td");
  }
  return out + "</table></div>\n";
}

std::string tests_table(const Comparison& c) {
  if (c.tests.empty()) return "";
  std::string out =
      fmt::format("<h2>{}: {}</h2>\n<table>\n", escaped(c.measures[c.primary].name), escaped(c.tests.front().test));
  out += row({"second − first", "difference", "p", "p after Holm"}, "th");
  for (const PairTest& t : c.tests) {
    out += row({c.methods[t.second].name + " − " + c.methods[t.first].name, with_interval(t.difference),
                fmt::format("{:.3g}", t.p_value), fmt::format("{:.3g}", t.p_holm)},
               "td");
  }
  return out + "</table>\n";
}

}  // namespace

std::string to_html(const Comparison& c, const ReportContext& context) {
  const std::string title = escaped("Comparison: " + c.task);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{}</title><style>{}</style></head><body>\n<h1>{}</h1>\n",
      title, kStyle, title);
  out += fmt::format("<p>{}; {} rows judged; 95 % intervals.</p>\n", escaped(context.data), c.rows);
  out += fmt::format("<div class=\"verdict\"><p>{}</p><p lang=\"zh\">{}</p></div>\n<p>Rule: {}.</p>\n",
                     escaped(c.verdict.en), escaped(c.verdict.zh), escaped(verdict_rule()));
  out += methods_table(c);
  for (std::size_t k = 0; k < c.measures.size(); ++k) {
    out += fmt::format("<h2>{} {}</h2>\n", escaped(c.measures[k].name),
                       c.measures[k].higher_is_better ? "(higher is better)" : "(lower is better)");
    out += svg(c, k);
  }
  out += tests_table(c) + "<h2>Checks and notes</h2>\n<ul>\n";
  for (const std::string& check : context.checks) out += "<li>" + escaped(check) + "</li>\n";
  for (const std::string& note : context.notes) out += "<li>" + escaped(note) + "</li>\n";
  for (const MethodFigures& m : c.methods) {
    if (!m.note.empty()) out += fmt::format("<li>{}: {}</li>\n", escaped(m.name), escaped(m.note));
  }
  out += fmt::format(
      "</ul>\n<p><code>{}</code></p>\n<p>Decision {}, {}; times and memory are of the machine it ran on.</p>\n",
      escaped(context.command), escaped(context.decision_id), escaped(context.created_at));
  return out + "</body></html>\n";
}

}  // namespace ballast::govern
