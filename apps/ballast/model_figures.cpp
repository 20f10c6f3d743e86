// SPDX-License-Identifier: Apache-2.0
#include "model_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "marked_text.h"

namespace ballast::apps {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxRows = 12;

bool speaks_of_tests(const std::string& heading) {
  std::string lower = heading;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.find("test") != std::string::npos || lower.find("evaluat") != std::string::npos ||
         lower.find("score") != std::string::npos;
}

/// The cells of a Markdown table row; none for the rule below its head.
std::vector<std::string> cells_of_row(const std::string& line) {
  std::vector<std::string> cells;
  if (line.find_first_not_of("|-: \r") == std::string::npos) return cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(" `*\r"), last = cell.find_last_not_of(" `*\r");
    if (first != std::string::npos) cells.push_back(cell.substr(first, last - first + 1));
  }
  return cells;
}

std::vector<std::string> aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], columns_of(row[c]));
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) line += c + 1 < row.size() ? padded(row[c], widths[c] + 2) : row[c];
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> card_table(const fs::path& card) {
  std::istringstream in(base::read_file(card));
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line) && rows.size() < kMaxRows;) {
    if (line.starts_with('#')) inside = rows.empty() && speaks_of_tests(line);
    if (inside && line.starts_with('|')) {
      if (auto cells = cells_of_row(line); !cells.empty()) rows.push_back(std::move(cells));
    } else if (!rows.empty()) {
      break;
    }
  }
  return aligned(rows);
}

std::vector<std::string> out_of_fold(const fs::path& training) {
  std::vector<std::string> lines;
  const base::Json json = base::read_json(training);
  if (!json.is_object() || !json.contains("out_of_fold") || !json["out_of_fold"].is_object()) return lines;
  for (const auto& [head, scores] : json["out_of_fold"].items()) {
    if (!scores.is_object() || !scores.contains("macro_f1") || !scores["macro_f1"].is_number()) continue;
    if (lines.empty())
      lines.emplace_back("on rows of its own training data that each fold held out (real news is harder):");
    lines.push_back(fmt::format("{:<12}macro-F1 {:.3f}", head, scores["macro_f1"].get<double>()));
  }
  return lines;
}

}  // namespace

std::vector<std::string> model_figures(const fs::path& folder) {
  std::vector<std::string> lines;
  std::error_code ignored;
  if (fs::exists(folder / "README.md", ignored)) lines = card_table(folder / "README.md");
  if (lines.empty() && fs::exists(folder / "training.json", ignored)) lines = out_of_fold(folder / "training.json");
  return lines;
}

}  // namespace ballast::apps
