// SPDX-License-Identifier: Apache-2.0
// `ballast mask --evaluate`: how well personal data is found, by kind and language, with intervals.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/text/personal_evaluation.h"
#include "mask.h"

namespace ballast::apps {
namespace {

using base::Json;

struct Share {
  std::int64_t hits = 0, of = 0;
};

/// Wilson's 95 % score interval of a binomial share (1927): honest for the few tens of cases that a kind has.
std::array<double, 2> interval_mask_evaluate(Share s) {
  if (s.of == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;
  const double n = static_cast<double>(s.of), p = static_cast<double>(s.hits) / n;
  const double middle = (p + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ / (1 + kZ * kZ / n) * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Json share_json(Share s) {
  if (s.of == 0) return nullptr;
  return {{"value", static_cast<double>(s.hits) / static_cast<double>(s.of)}, {"interval", interval_mask_evaluate(s)}};
}

std::string share_text(Share s) {
  if (s.of == 0) return fmt::format("{:>22}", "-");
  const auto [lo, hi] = interval_mask_evaluate(s);
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", static_cast<double>(s.hits) / static_cast<double>(s.of), lo, hi);
}

Json score_json_mask_evaluate(const std::string& language, const std::string& kind, const text::PersonalScore& s) {
  return {{"language", language},
          {"kind", kind},
          {"marked", s.marked},
          {"found", s.found},
          {"precision", share_json({s.exact, s.found})},
          {"recall", share_json({s.exact, s.marked})},
          {"covered", share_json({s.covered, s.marked})}};
}

void print_score(const std::string& language, const std::string& kind, const text::PersonalScore& s) {
  fmt::print("{:<4} {:<14} {:>6} {:>6}  {}  {}  {}\n", language, kind, s.marked, s.found,
             share_text({s.exact, s.found}), share_text({s.exact, s.marked}), share_text({s.covered, s.marked}));
}

}  // namespace

void evaluate_masking(const std::string& path, const Common& common) {
  std::istringstream lines(base::read_file(path));
  text::PersonalEvaluation e;
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const text::MarkedSentence sentence = text::read_marked(line, path + ":" + std::to_string(number));
    e.add(sentence, text::find_personal_data(sentence.text));
  }
  if (e.sentences == 0) throw base::Error(base::ErrorCode::bad_input, "holds no sentence", path);
  if (common.json) {
    Json rows = Json::array();
    for (const auto& [key, s] : e.by_kind)
      rows.push_back(score_json_mask_evaluate(key.first, text::personal_kind_name(key.second), s));
    for (const auto& [language, s] : e.by_language) rows.push_back(score_json_mask_evaluate(language, "all", s));
    rows.push_back(score_json_mask_evaluate("all", "all", e.all));
    fmt::print("{}\n", base::dump_json({{"sentences", e.sentences},
                                        {"clean_sentences", e.clean},
                                        {"clean_sentences_touched", e.clean_touched},
                                        {"scores", rows}}));
    return;
  }
  fmt::print("{:<4} {:<14} {:>6} {:>6}  {:<22}  {:<22}  {}\n", "", "kind", "marked", "found", "precision", "recall",
             "covered (nothing of it shown)");
  for (const auto& [key, s] : e.by_kind) print_score(key.first, text::personal_kind_name(key.second), s);
  for (const auto& [language, s] : e.by_language) print_score(language, "all", s);
  print_score("", "all", e.all);
  fmt::print("{} sentences; of {} that hold nothing, {} were touched. Intervals: 95 % (Wilson).\n", e.sentences,
             e.clean, e.clean_touched);
}

}  // namespace ballast::apps
