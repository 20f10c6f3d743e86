// SPDX-License-Identifier: Apache-2.0
// Language model against traditional methods on the same rows: predictions and costs of each method come in; measures
// with intervals, paired tests, calibration and a verdict by a stated rule go out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::govern {

enum class Family {
  language_model,
  traditional,
  hybrid,    // both together
  baseline,  // what any method has to beat: the majority class, always-up …
};
const char* family_name(Family family);

/// What a method costs. Times and memory depend on the machine and are not part of a comparison's record.
struct MethodCost {
  double train_seconds = 0, score_seconds = 0;
  std::int64_t memory_bytes = 0;  // the most that training and scoring added to the resident memory
};

/// A method and what it said of every judged row. Which of the lists are filled depends on the judge.
struct MethodRun {
  std::string name;
  Family family = Family::traditional;
  std::string note;                   // one line: how it was trained
  std::string model_hash;             // SHA-256 of the fitted model; empty where there is nothing to store
  std::int64_t model_bytes = 0;       // its size as stored
  std::vector<double> probabilities;  // [rows] of the positive class, or [rows, classes]
  std::vector<double> scores;         // [rows], higher is more likely positive (detection)
  std::vector<std::uint8_t> said;     // [rows] or [rows, labels]: above the method's own threshold
  std::vector<double> losses;         // [days], lower is better
  std::vector<std::pair<std::string, double>> extra;  // figures of this method alone: "Kupiec p" …
  MethodCost cost;
};

struct Estimate {
  double value = 0, low = 0, high = 0;  // 95 % interval; NaN bounds where it has none
};

struct Measure {
  std::string name;
  bool higher_is_better = true;
};

struct CalibrationFigures {
  double ece = 0, chance_95 = 0;
  bool fine() const { return ece <= chance_95; }
};

struct MethodFigures {
  std::string name;
  Family family = Family::traditional;
  std::string note, model_hash;
  std::int64_t model_bytes = 0;
  std::vector<Estimate> measures;  // in the order of Comparison::measures
  std::optional<CalibrationFigures> calibration;
  std::vector<std::pair<std::string, double>> extra;
  MethodCost cost;
};

/// Two methods on the measure that decides.
struct PairTest {
  std::size_t first = 0, second = 0;  // indices into Comparison::methods
  std::string test;                   // "McNemar mid-p", "DeLong", "Diebold-Mariano", "paired bootstrap"
  Estimate difference;                // second − first
  double p_value = 1, p_holm = 1;     // the latter corrected over all pairs of the comparison
};

enum class Outcome { language_model, traditional, no_difference, nothing_to_compare };

struct Verdict {
  Outcome outcome = Outcome::nothing_to_compare;
  std::string take;    // the method to use
  std::string en, zh;  // the verdict in words
};

struct Comparison {
  std::string task;
  std::int64_t rows = 0;
  std::vector<Measure> measures;
  std::size_t primary = 0;  // the measure that decides
  std::vector<MethodFigures> methods;
  std::vector<PairTest> tests;  // every pair of methods
  Verdict verdict;
};

struct JudgeOptions {
  std::uint64_t seed = 42;
  int replicates = 1000;
  bool rare_event = false;  // judge_events: average precision decides (paired bootstrap), for few positives among many
};

/// Exclusive classes, probabilities [rows, classes]: accuracy (decides; McNemar's mid-p), macro-F1, MCC, log loss,
/// Brier; calibration of the said class. Intervals by bootstrap over the rows.
Comparison judge_classes(const std::string& task, std::span<const int> truth, int classes, std::vector<MethodRun> runs,
                         const JudgeOptions& options = {});

/// Any number of labels a row, truth, probabilities and marks [rows, labels]: macro-F1 (decides; paired bootstrap),
/// micro-F1, share of rows with every label right, Brier; calibration over all labels.
Comparison judge_labels(const std::string& task, std::span<const std::uint8_t> truth, int labels,
                        std::vector<MethodRun> runs, const JudgeOptions& options = {});

/// Probabilities of one event: AUC (decides; DeLong), average precision, Brier, log loss; calibration.
Comparison judge_events(const std::string& task, std::span<const std::uint8_t> truth, std::vector<MethodRun> runs,
                        const JudgeOptions& options = {});

/// Scores without a probability, and what each method marks: average precision (decides; paired bootstrap), AUC, F1,
/// precision, recall.
Comparison judge_detection(const std::string& task, std::span<const std::uint8_t> truth, std::vector<MethodRun> runs,
                           const JudgeOptions& options = {});

/// Daily losses of forecasts in order of time: their mean (decides; Diebold-Mariano for one step ahead), with an
/// interval by bootstrap of blocks of 21 days.
Comparison judge_losses(const std::string& task, const std::string& measure, std::vector<MethodRun> runs,
                        const JudgeOptions& options = {});

/// The rule, from the measure that decides and its tests. L is the best language model (or hybrid), T the best
/// traditional method. Where p < 0.05 after Holm's correction over all pairs, the better of the two wins; otherwise
/// there is no significant difference, and the smaller stored model is taken, since it costs less to run and to
/// explain. Without a language model the best traditional method is named, and whether the next one is
/// significantly behind. A winner that does not beat every baseline significantly is said not to.
Verdict decide_verdict(const Comparison& comparison);
/// That rule in one sentence.
const char* verdict_rule();

/// Everything; times and memory only where asked, since they never repeat.
base::Json to_json(const Comparison& comparison, bool with_cost);

}  // namespace ballast::govern
