// SPDX-License-Identifier: Apache-2.0
// A comparison as JSON and as text for the terminal.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/govern/comparison_report.h"

namespace ballast::govern {
namespace {

using base::Json;

constexpr int kChartWidth = 48;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json estimate_json(const Estimate& e) {
  return {{"value", number(e.value)}, {"interval_95", {number(e.low), number(e.high)}}};
}

Json method_json(const Comparison& c, const MethodFigures& m, bool with_cost) {
  Json measures = Json::object();
  for (std::size_t k = 0; k < c.measures.size(); ++k) measures[c.measures[k].name] = estimate_json(m.measures[k]);
  Json json = {
      {"name", m.name}, {"family", family_name(m.family)}, {"note", m.note}, {"measures", std::move(measures)}};
  if (m.calibration) {
    json["calibration"] = {
        {"ece", m.calibration->ece}, {"ece_chance_95", m.calibration->chance_95}, {"fine", m.calibration->fine()}};
  }
  for (const auto& [name, value] : m.extra) json["extra"][name] = number(value);
  json["model_sha256"] = m.model_hash;
  json["model_bytes"] = m.model_bytes;
  if (with_cost) {
    json["train_seconds"] = m.cost.train_seconds;
    json["score_seconds"] = m.cost.score_seconds;
    json["memory_bytes"] = m.cost.memory_bytes;
  }
  return json;
}

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::language_model:
      return "language_model";
    case Outcome::traditional:
      return "traditional";
    case Outcome::no_difference:
      return "no_significant_difference";
    case Outcome::nothing_to_compare:
      return "no_language_model";
  }
  return "";
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Columns padded to their widest cell; the first one to the left, the others to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width_of(row[i]), ' ');
      line += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string estimate_text(const Estimate& e) {
  if (!std::isfinite(e.low)) return figure_text(e.value);
  return fmt::format("{} [{}, {}]", figure_text(e.value), figure_text(e.low), figure_text(e.high));
}

std::string measures_table(const Comparison& c) {
  std::vector<std::vector<std::string>> rows(1);
  rows[0] = {"method"};
  for (const Measure& m : c.measures) rows[0].push_back(m.name + (m.higher_is_better ? "" : " ↓"));
  const bool calibrated = std::any_of(c.methods.begin(), c.methods.end(), [](const auto& m) { return m.calibration; });
  if (calibrated) rows[0].push_back("ECE (chance)");
  for (const auto& [name, value] : c.methods.front().extra) rows[0].push_back(name);
  for (const MethodFigures& m : c.methods) {
    auto& row = rows.emplace_back();
    row.push_back(m.name);
    for (const Estimate& e : m.measures) row.push_back(estimate_text(e));
    if (calibrated) {
      row.push_back(m.calibration ? fmt::format("{:.3f} ({:.3f}){}", m.calibration->ece, m.calibration->chance_95,
                                                m.calibration->fine() ? "" : " !")
                                  : "-");
    }
    for (const auto& [name, value] : m.extra) row.push_back(figure_text(value));
  }
  return aligned(rows);
}

std::string costs_table(const Comparison& c) {
  std::vector<std::vector<std::string>> rows = {{"method", "kind", "train s", "score s", "memory", "model"}};
  for (const MethodFigures& m : c.methods) {
    rows.push_back({m.name, family_name(m.family), fmt::format("{:.2f}", m.cost.train_seconds),
                    fmt::format("{:.3f}", m.cost.score_seconds), bytes_text(m.cost.memory_bytes),
                    bytes_text(m.model_bytes)});
  }
  return aligned(rows);
}

std::string tests_table(const Comparison& c) {
  std::vector<std::vector<std::string>> rows = {{"second − first", "difference", "p", "p after Holm"}};
  for (const PairTest& t : c.tests) {
    rows.push_back({c.methods[t.second].name + " - " + c.methods[t.first].name, estimate_text(t.difference),
                    fmt::format("{:.3g}", t.p_value), fmt::format("{:.3g}", t.p_holm)});
  }
  rows[0][0] = "second - first";
  return aligned(rows);
}

/// One line a method: the interval of the deciding measure between the ends of all of them.
std::string chart(const Comparison& c) {
  double low = INFINITY, high = -INFINITY;
  std::size_t width = 0;
  for (const MethodFigures& m : c.methods) {
    const Estimate& e = m.measures[c.primary];
    for (const double x : {e.value, e.low, e.high}) {
      if (!std::isfinite(x)) continue;
      low = std::min(low, x);
      high = std::max(high, x);
    }
    width = std::max(width, m.name.size());
  }
  if (!(high > low)) return "";
  const auto place = [&](double x) {
    return static_cast<int>(std::lround((std::clamp(x, low, high) - low) / (high - low) * (kChartWidth - 1)));
  };
  std::string out;
  for (const MethodFigures& m : c.methods) {
    const Estimate& e = m.measures[c.primary];
    if (!std::isfinite(e.value)) continue;
    const int from = std::isfinite(e.low) ? place(e.low) : place(e.value);
    const int to = std::isfinite(e.high) ? place(e.high) : place(e.value);
    std::string line;
    for (int i = 0; i < kChartWidth; ++i) line += i == place(e.value) ? "●" : i >= from && i <= to ? "━" : "·";
    out += fmt::format("{:<{}}  {}  {}\n", m.name, width, line, figure_text(e.value));
  }
  return out + fmt::format("{:<{}}  {}{:>{}}\n", "", width, figure_text(low), figure_text(high),
                           kChartWidth - static_cast<int>(figure_text(low).size()));
}

}  // namespace

std::string figure_text(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  return size != 0 && size < 0.001 ? fmt::format("{:.2e}", value)
         : size < 0.01             ? fmt::format("{:.5f}", value)
         : size < 10               ? fmt::format("{:.4f}", value)
                                   : fmt::format("{:.2f}", value);
}

std::string bytes_text(std::int64_t bytes) {
  const auto b = static_cast<double>(bytes);
  return b >= 1e9   ? fmt::format("{:.2f} GB", b / 1e9)
         : b >= 1e6 ? fmt::format("{:.1f} MB", b / 1e6)
         : b >= 1e3 ? fmt::format("{:.0f} kB", b / 1e3)
                    : fmt::format("{} B", bytes);
}

Json to_json(const Comparison& c, bool with_cost) {
  Json measures = Json::array(), methods = Json::array(), tests = Json::array();
  for (const Measure& m : c.measures) measures.push_back({{"name", m.name}, {"higher_is_better", m.higher_is_better}});
  for (const MethodFigures& m : c.methods) methods.push_back(method_json(c, m, with_cost));
  for (const PairTest& t : c.tests) {
    tests.push_back({{"first", c.methods[t.first].name},
                     {"second", c.methods[t.second].name},
                     {"test", t.test},
                     {"difference", estimate_json(t.difference)},
                     {"p_value", number(t.p_value)},
                     {"p_holm", number(t.p_holm)}});
  }
  return {{"task", c.task},
          {"rows", c.rows},
          {"decides", c.measures[c.primary].name},
          {"measures", std::move(measures)},
          {"methods", std::move(methods)},
          {"tests", std::move(tests)},
          {"verdict",
           {{"outcome", outcome_name(c.verdict.outcome)},
            {"take", c.verdict.take},
            {"en", c.verdict.en},
            {"zh", c.verdict.zh},
            {"rule", verdict_rule()}}}};
}

std::string to_text(const Comparison& c, const ReportContext& context) {
  std::string out = fmt::format("{}: {}\n{} rows judged, 95 % intervals", c.task, context.data, c.rows);
  for (const std::string& note : context.notes) out += "; " + note;
  out += "\n";
  for (const std::string& check : context.checks) out += "check  " + check + "\n";
  out += "\n" + measures_table(c) + "\n" + costs_table(c);
  if (!c.tests.empty())
    out += fmt::format("\n{}, {}\n", c.measures[c.primary].name, c.tests.front().test) + tests_table(c);
  const std::string bars = chart(c);
  if (!bars.empty()) out += fmt::format("\n{}\n", c.measures[c.primary].name) + bars;
  for (const MethodFigures& m : c.methods) {
    if (!m.note.empty()) out += fmt::format("\n{}: {}", m.name, m.note);
  }
  out += fmt::format("\n\nverdict  {}\n结论     {}\nrule     {}\n", c.verdict.en, c.verdict.zh, verdict_rule());
  return out;
}

}  // namespace ballast::govern
