// SPDX-License-Identifier: Apache-2.0
// How groups of people fare under decisions: who is approved, of those who repay too, whether scores mean the same and
// rank as well in every group and intersection; how the data stand before training; whether the inputs tell the group;
// and what a jurisdiction's profile says to that.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/risk/credit_fairness.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/roc.h"

namespace ballast::govern {

/// One group under one rule. What is not known, or not defined, is nothing.
struct GroupFairness {
  std::string group;
  std::int64_t rows = 0;
  bool judged = true;  // at least risk::kFewestJudged rows; smaller groups are shown, not judged
  double selection_rate = 0;
  std::array<double, 2> selection_interval = {0, 1};  // 95 %, Wilson
  std::optional<double> ratio;                        // selection rate over the best judged group's
  std::array<double, 2> ratio_interval = {0, 0};      // 95 %, bootstrap over rows
  std::optional<double> opportunity,
      opportunity_gap;  // with a label: approval of those who repay; the best one's less it
  std::array<double, 2> gap_interval = {0, 0};
  std::optional<double> mean_pd, observed, calibration_p;  // with label and score
  std::optional<tabular::AucEstimate> auc;                 // with label and score, both outcomes in the group
};

/// "sex", or an intersection, "sex × age".
struct GroupedFairness {
  std::string column;
  std::vector<GroupFairness> groups;
};

/// Decisions to be judged. `pd` are scores where higher is worse; approved is pd <= cut_off. A table of decisions
/// without scores has pd 0 (approved) and 1.
struct JudgedDecisions {
  std::vector<double> pd;
  std::vector<std::uint8_t> bad;  // empty: outcomes are not known
  double cut_off = 0.5;
  bool has_score = true;
};

/// Every column by itself and every pair of columns.
std::vector<GroupedFairness> judge_fairness(std::span<const risk::GroupLabels> columns,
                                            const JudgedDecisions& decisions, std::uint64_t seed);

/// The groups of two columns together: "female × under 25".
risk::GroupLabels intersection(const risk::GroupLabels& a, const risk::GroupLabels& b);

/// Can the protected group be told from the inputs? Boosted trees out of fold (five folds).
struct ProxyTest {
  std::string column, group;  // the group against all others
  std::int64_t rows = 0;
  tabular::AucEstimate auc;  // 0.5: the inputs say nothing
  struct Input {
    std::string column;
    double share = 0;  // of the mean absolute contributions
  };
  std::vector<Input> inputs;  // the five that tell most
};
/// One test for a column of two judged groups, else one a judged group. `inputs` without the protected columns.
std::vector<ProxyTest> test_proxies(const tabular::Table& inputs, std::span<const risk::GroupLabels> columns,
                                    std::uint64_t seed);

/// The data before training: how many of each group, how many of them bad, how complete.
struct GroupCoverage {
  std::string column, group;
  std::int64_t rows = 0;
  double share = 0;
  double bad_rate = 0;
  std::array<double, 2> bad_interval = {0, 1};  // 95 %, Wilson
  double missing = 0;                           // share of its input cells without a value
  bool enough = true;                           // at least risk::kFewestJudged rows of either outcome
};
std::vector<GroupCoverage> data_coverage(const tabular::Table& inputs, std::span<const std::uint8_t> bad,
                                         std::span<const risk::GroupLabels> columns);

/// What a jurisdiction asks, from a TOML file (docs/fairness.md).
struct FairnessProfile {
  std::string name, note;
  std::vector<std::string> never_inputs;  // words; an input column whose name holds one is disparate treatment
  double min_ratio = 0;                   // of selection rates; 0: none
  double max_opportunity_gap = 1;
  bool only_significant = false;  // a breach counts only where the whole interval is beyond the limit
};
FairnessProfile read_profile(const std::filesystem::path& file);

struct ProfileBreach {
  std::string kind;  // "disparate treatment", "disparate impact", "unequal opportunity"
  std::string text;
};
/// `inputs`: names of the model's input columns; `protected_columns` are never to be among them.
std::vector<ProfileBreach> check_profile(const FairnessProfile& profile, std::span<const GroupedFairness> found,
                                         std::span<const std::string> inputs,
                                         std::span<const std::string> protected_columns);

/// Accuracy against fairness: logistic regression out of fold, without and with mitigation, all approving the same
/// share of rows.
struct MitigationPoint {
  std::string method;  // "as trained", "reweighed", "penalty 10"
  tabular::AucEstimate auc;
  double accuracy = 0, cut_off = 0;
  std::string worst_group;  // column and group with the lowest ratio among the judged
  double worst_ratio = 1;
  std::array<double, 2> worst_interval = {0, 0};
  double widest_gap = 0;  // of opportunity
};
struct MitigationOptions {
  std::vector<double> penalties = {0.1, 1, 10, 100};
  double approve = 0;  // share of rows approved; 0: the share of those who repay
  std::uint64_t seed = 42;
};
std::vector<MitigationPoint> mitigation_curve(const tabular::Table& inputs, std::span<const std::uint8_t> bad,
                                              std::span<const risk::GroupLabels> columns,
                                              const MitigationOptions& options);

base::Json to_json(const GroupedFairness& grouped);
base::Json to_json(const ProxyTest& test);
base::Json to_json(const GroupCoverage& coverage);
base::Json to_json(const MitigationPoint& point);

}  // namespace ballast::govern
