// SPDX-License-Identifier: Apache-2.0
// Fairness of approvals by group: what groups a protected column makes, how each fares at every threshold, whether a
// limit is breached, and what can be done about it.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/tabular/table.h"

namespace ballast::risk {

/// Groups of a protected column: levels, values of a column with at most six of them, the bands under 25, 25 to 39, 40
/// to 59 and from 60 for a column called age, quarters otherwise. Missing values are a group.
struct GroupLabels {
  std::string column;
  std::vector<std::string> names;
  std::vector<int> group;  // of each row
};
GroupLabels groups_of(const tabular::Column& column);

/// One group at one threshold: approved is PD <= threshold.
struct GroupOutcome {
  std::string group;
  std::int64_t rows = 0, goods = 0;
  double approval_rate = 0;
  double adverse_impact = 1;   // approval rate over the best group's; NaN where nobody is approved
  double opportunity = 0;      // approval rate among those who repaid; NaN without any
  double opportunity_gap = 0;  // the best group's less this one's
  bool judged = true;          // at least kFewestJudged rows: smaller groups are shown, not judged
  // 95 %, bootstrap over rows; at the cut-off only, NaN elsewhere.
  std::array<double, 2> adverse_impact_interval = {std::numeric_limits<double>::quiet_NaN(),
                                                   std::numeric_limits<double>::quiet_NaN()};
  std::array<double, 2> opportunity_gap_interval = {std::numeric_limits<double>::quiet_NaN(),
                                                    std::numeric_limits<double>::quiet_NaN()};
};
constexpr std::int64_t kFewestJudged = 30;

struct ThresholdOutcome {
  double threshold = 0;
  double approval_rate = 0;
  double accuracy = 0;  // share of rows that were approved and repaid, or declined and did not
  double youden = 0;    // approval rate of those who repaid less that of those who did not
  std::vector<GroupOutcome> groups;
};

/// Calibration within a group: predicted against observed default rate, with the chance that the outcomes are as far
/// off as that, were the PDs right (normal approximation of Σ PD(1 − PD)).
struct GroupCalibration {
  std::string group;
  std::int64_t rows = 0;
  double mean_pd = 0, observed = 0, p_value = 1;
};

struct FairnessAudit {
  std::string column;
  std::vector<ThresholdOutcome> thresholds;  // the cut-off first, then PD quantiles 5 %, 10 % … 95 %
  std::vector<GroupCalibration> calibration;

  base::Json to_json() const;
  static FairnessAudit from_json(const base::Json& json, const std::string& where);
};

FairnessAudit audit_fairness(const GroupLabels& groups, std::span<const double> pd, std::span<const std::uint8_t> bad,
                             double cut_off, std::uint64_t seed = 42);

struct FairnessLimit {
  double min_adverse_impact = 0.8;  // the four-fifths rule of the US EEOC guidelines (1978)
  double max_opportunity_gap = 1;   // no limit
};

struct FairnessBreach {
  std::string column, group, measure;  // measure: "adverse impact" or "opportunity gap"
  double value = 0, limit = 0;
};

/// Breaches at the cut-off, the widest first. Groups that are too small to judge breach nothing.
std::vector<FairnessBreach> breaches(std::span<const FairnessAudit> audits, const FairnessLimit& limit);
/// "adverse impact ratio of personal_status_sex \"female\" is 0.712, below the limit 0.800 by 0.088".
std::string describe(const FairnessBreach& breach);

/// Weights P(group)·P(class) / P(group, class) (Kamiran & Calders 2012), under which group and outcome are independent;
/// groups are the combinations over all columns, weights kept within [0.1, 10].
std::vector<double> reweighing(std::span<const GroupLabels> columns, std::span<const std::uint8_t> bad);

/// The one threshold for everybody that approves most of those who repaid less those who did not (Youden's J), among
/// the PD percentiles at which no limit is breached; nothing where there is none.
std::optional<double> fair_threshold(std::span<const GroupLabels> columns, std::span<const double> pd,
                                     std::span<const std::uint8_t> bad, const FairnessLimit& limit);

}  // namespace ballast::risk
