// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/split_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <unordered_map>

#include "ballast/base/error.h"
#include "ballast/govern/checks/shingles.h"

namespace ballast::govern {
namespace {

constexpr std::size_t kExamples = 20;

bool judge_each_other(int a, int b) {
  return a != b;
}

/// Which of two rows has to go, and which stays.
Violation violation(const SplitRows& rows, std::size_t a, std::size_t b, double similarity) {
  const bool first = rows.folds[a] == kTrainOnly || (rows.folds[b] != kTrainOnly && a > b);
  return first ? Violation{a, b, similarity} : Violation{b, a, similarity};
}

/// Rows in the order in which they are kept: judged ones first when others only train.
std::vector<std::size_t> keeping_order(const SplitRows& rows) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.folds[i] != kTrainOnly) order.push_back(i);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.folds[i] == kTrainOnly) order.push_back(i);
  }
  return order;
}

/// Rows that share a key with a row kept before on another side.
SplitFinding shared_keys(const std::string& check, const SplitRows& rows, const std::vector<std::string>& keys) {
  SplitFinding finding{check, {}};
  std::unordered_map<std::string, std::vector<std::size_t>> kept;
  for (const std::size_t row : keeping_order(rows)) {
    if (keys[row].empty()) continue;
    std::vector<std::size_t>& before = kept[keys[row]];
    const auto other = std::find_if(before.begin(), before.end(),
                                    [&](std::size_t b) { return judge_each_other(rows.folds[b], rows.folds[row]); });
    if (other != before.end()) {
      finding.violations.push_back(violation(rows, row, *other, 1));
    } else if (before.empty()) {
      before.push_back(row);
    }
  }
  return finding;
}

SplitFinding near_duplicates(const SplitRows& rows, const std::vector<std::string>& forms, const SplitFinding& exact,
                             const SplitCheckOptions& options, std::int64_t& left_out) {
  SplitFinding finding{"near contamination", {}};
  std::vector<std::uint8_t> gone(rows.size(), 0);
  for (const Violation& v : exact.violations) gone[v.row] = 1;
  std::vector<Shingles> shingles;
  for (const std::string& form : forms) shingles.push_back(shingles_of(form));
  SimilarityIndex index(shingles, options.jaccard);
  for (const std::size_t row : keeping_order(rows)) {
    if (gone[row] != 0) continue;
    const auto usable = [&](std::size_t other) { return judge_each_other(rows.folds[other], rows.folds[row]); };
    const auto match = index.first_match(row, usable, options.most_pairs, left_out);
    if (match) {
      finding.violations.push_back(violation(rows, row, match->other, match->similarity));
    } else if (rows.folds[row] != kTrainOnly) {
      index.add(row);
    }
  }
  return finding;
}

SplitFinding look_ahead(const SplitRows& rows) {
  SplitFinding finding{"look-ahead", {}};
  std::size_t earliest = rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.folds[i] == kTrainOnly) continue;
    if (earliest == rows.size() || rows.times[i] < rows.times[earliest]) earliest = i;
  }
  if (earliest == rows.size()) return finding;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.folds[i] == kTrainOnly && rows.times[i] > rows.times[earliest]) {
      finding.violations.push_back({i, earliest, 1});
    }
  }
  return finding;
}

SplitFinding late_inputs(const SplitRows& rows) {
  SplitFinding finding{"late inputs", {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.available[i] > rows.times[i]) finding.violations.push_back({i, i, 1});
  }
  return finding;
}

std::string name_of(const SplitRows& rows, std::size_t row) {
  return fmt::format("{}:{}", std::filesystem::path(rows.sources[row]).filename().string(), rows.lines[row]);
}

}  // namespace

std::vector<std::uint8_t> SplitReport::rows_to_drop(std::size_t rows) const {
  std::vector<std::uint8_t> drop(rows, 0);
  for (const SplitFinding& finding : findings) {
    for (const Violation& v : finding.violations) drop[v.row] = 1;
  }
  return drop;
}

SplitReport check_split(const SplitRows& rows, const SplitCheckOptions& options) {
  BALLAST_CHECK(rows.sources.size() == rows.size() && rows.lines.size() == rows.size(), rows.size());
  SplitReport report;
  const auto add = [&](SplitFinding finding) {
    report.checked.push_back(finding.check);
    if (finding.violations.empty()) return;
    std::stable_sort(finding.violations.begin(), finding.violations.end(),
                     [](const Violation& a, const Violation& b) { return a.row < b.row; });
    report.findings.push_back(std::move(finding));
  };
  if (!rows.contents.empty()) {
    std::vector<std::string> forms;
    for (const std::string& content : rows.contents) forms.push_back(rows.is_text ? normal_form(content) : content);
    const SplitFinding exact = shared_keys("exact contamination", rows, forms);
    add(exact);
    if (rows.is_text) add(near_duplicates(rows, forms, exact, options, report.pairs_left_out));
  }
  if (!rows.groups.empty()) add(shared_keys("group leakage", rows, rows.groups));
  if (!rows.times.empty()) add(look_ahead(rows));
  if (!rows.times.empty() && !rows.available.empty()) add(late_inputs(rows));
  return report;
}

std::string describe(const SplitFinding& finding, const SplitRows& rows, std::size_t shown) {
  static const std::map<std::string, std::pair<const char*, const char*>> kWords = {
      {"exact contamination", {"training row(s) repeat evaluation rows", "="}},
      {"near contamination", {"training row(s) nearly repeat evaluation rows", "~"}},
      {"group leakage", {"training row(s) share their group with evaluation rows", "with"}},
      {"look-ahead", {"training row(s) are dated after the first evaluation row", "after"}},
      {"late inputs", {"row(s) have inputs that were not known yet when the decision was made", ""}}};
  const auto& [words, sign] = kWords.at(finding.check);
  std::string examples;
  for (std::size_t i = 0; i < std::min(shown, finding.violations.size()); ++i) {
    const Violation& v = finding.violations[i];
    examples += (i > 0 ? ", " : "") + name_of(rows, v.row);
    if (v.other != v.row) examples += fmt::format(" {} {}", sign, name_of(rows, v.other));
    if (v.similarity < 1) examples += fmt::format(" ({:.2f})", v.similarity);
  }
  if (finding.violations.size() > shown) examples += " …";
  return fmt::format("{}: {} {}: {}", finding.check, finding.violations.size(), words, examples);
}

base::Json to_json(const SplitReport& report, const SplitRows& rows) {
  base::Json findings = base::Json::array();
  for (const SplitFinding& finding : report.findings) {
    base::Json examples = base::Json::array();
    for (std::size_t i = 0; i < std::min(kExamples, finding.violations.size()); ++i) {
      const Violation& v = finding.violations[i];
      examples.push_back(
          {{"row", name_of(rows, v.row)}, {"other", name_of(rows, v.other)}, {"similarity", v.similarity}});
    }
    findings.push_back({{"check", finding.check},
                        {"rows", finding.violations.size()},
                        {"text", describe(finding, rows)},
                        {"examples", std::move(examples)}});
  }
  return {{"checked", report.checked}, {"findings", std::move(findings)}, {"pairs_left_out", report.pairs_left_out}};
}

}  // namespace ballast::govern
