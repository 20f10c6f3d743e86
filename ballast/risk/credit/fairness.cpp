// SPDX-License-Identifier: Apache-2.0
// Approval rates by group.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/risk/credit_fairness.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using tabular::Column;
using tabular::ColumnKind;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFewValues = 6;
constexpr int kDraws = 300;
constexpr std::uint64_t kDrawStream = 0xfa12;

bool is_age(const std::string& name) {
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower == "age" || lower.starts_with("age_") || lower.ends_with("_age");
}

/// Upper ends (exclusive) of the groups of a numeric column, with their names; empty: one group a value.
std::vector<double> bands_of(const Column& column) {
  if (is_age(column.spec.name)) return {25, 40, 60};
  std::vector<double> values;
  for (const double v : column.numbers) {
    if (!std::isnan(v)) values.push_back(v);
  }
  std::sort(values.begin(), values.end());
  if (values.empty()) return {};
  std::vector<double> cuts;
  for (const double p : {0.25, 0.5, 0.75}) cuts.push_back(tabular::quantile(values, p));
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

std::string group_name(const Column& column, std::int64_t row, const std::vector<double>& bands) {
  if (column.missing(row)) return "(missing)";
  if (column.spec.kind == ColumnKind::categorical || bands.empty()) {
    const std::string text = tabular::cell_text(column, row);
    return text.empty() ? "(unseen)" : text;
  }
  const double v = column.numbers[static_cast<std::size_t>(row)];
  const auto at = std::upper_bound(bands.begin(), bands.end(), v);
  if (at == bands.begin()) return fmt::format("under {}", bands.front());
  return at == bands.end() ? fmt::format("from {}", bands.back()) : fmt::format("{} to under {}", *(at - 1), *at);
}

ThresholdOutcome at_threshold(const GroupLabels& groups, std::span<const double> pd, std::span<const std::uint8_t> bad,
                              double threshold, const ThresholdOutcome* judged_as = nullptr) {
  ThresholdOutcome out;
  out.threshold = threshold;
  std::vector<std::int64_t> approved(groups.names.size()), approved_goods(groups.names.size());
  for (const std::string& name : groups.names) out.groups.push_back({name, 0, 0, 0, kNaN, kNaN, kNaN});
  std::int64_t all = 0, all_goods = 0, approved_of_goods = 0;
  for (std::size_t i = 0; i < pd.size(); ++i) {
    const auto g = static_cast<std::size_t>(groups.group[i]);
    const bool yes = pd[i] <= threshold, good = bad[i] == 0;
    ++out.groups[g].rows;
    out.groups[g].goods += good ? 1 : 0;
    approved[g] += yes ? 1 : 0;
    approved_goods[g] += yes && good ? 1 : 0;
    all += yes ? 1 : 0;
    all_goods += good ? 1 : 0;
    approved_of_goods += yes && good ? 1 : 0;
  }
  double best_rate = 0, best_opportunity = 0;
  for (std::size_t g = 0; g < out.groups.size(); ++g) {
    GroupOutcome& o = out.groups[g];
    o.judged = judged_as != nullptr ? judged_as->groups[g].judged : o.rows >= kFewestJudged;
    o.approval_rate = o.rows > 0 ? static_cast<double>(approved[g]) / static_cast<double>(o.rows) : 0;
    if (o.goods > 0) o.opportunity = static_cast<double>(approved_goods[g]) / static_cast<double>(o.goods);
    if (!o.judged) continue;
    best_rate = std::max(best_rate, o.approval_rate);
    if (o.goods > 0) best_opportunity = std::max(best_opportunity, o.opportunity);
  }
  for (GroupOutcome& o : out.groups) {
    if (best_rate > 0) o.adverse_impact = o.approval_rate / best_rate;
    if (o.goods > 0) o.opportunity_gap = best_opportunity - o.opportunity;
  }
  const auto rows = static_cast<double>(pd.size());
  const auto goods = static_cast<double>(all_goods), bads = rows - goods;
  const auto good_yes = static_cast<double>(approved_of_goods), bad_yes = static_cast<double>(all) - good_yes;
  out.approval_rate = static_cast<double>(all) / rows;
  out.accuracy = (good_yes + bads - bad_yes) / rows;
  out.youden = goods > 0 && bads > 0 ? good_yes / goods - bad_yes / bads : 0;
  return out;
}

/// 95 % bootstrap intervals of each group's ratio and gap at one threshold: whole rows are drawn, so the best group may
/// change from draw to draw.
void add_intervals(const GroupLabels& groups, std::span<const double> pd, std::span<const std::uint8_t> bad,
                   std::uint64_t seed, ThresholdOutcome& at) {
  const std::size_t count = groups.names.size();
  std::vector<std::vector<double>> impacts(count), gaps(count);
  for (int draw = 0; draw < kDraws; ++draw) {
    base::Random random(seed, kDrawStream + static_cast<std::uint64_t>(draw));
    GroupLabels drawn{groups.column, groups.names, {}};
    std::vector<double> drawn_pd;
    std::vector<std::uint8_t> drawn_bad;
    for (std::size_t i = 0; i < pd.size(); ++i) {
      const auto row = static_cast<std::size_t>(random.below(pd.size()));
      drawn.group.push_back(groups.group[row]);
      drawn_pd.push_back(pd[row]);
      drawn_bad.push_back(bad[row]);
    }
    const ThresholdOutcome again = at_threshold(drawn, drawn_pd, drawn_bad, at.threshold, &at);
    for (std::size_t g = 0; g < count; ++g) {
      if (!std::isnan(again.groups[g].adverse_impact)) impacts[g].push_back(again.groups[g].adverse_impact);
      if (!std::isnan(again.groups[g].opportunity_gap)) gaps[g].push_back(again.groups[g].opportunity_gap);
    }
  }
  for (std::size_t g = 0; g < count; ++g) {
    for (auto* values : {&impacts[g], &gaps[g]}) {
      std::sort(values->begin(), values->end());
      if (values->empty()) continue;
      auto& interval =
          values == &gaps[g] ? at.groups[g].opportunity_gap_interval : at.groups[g].adverse_impact_interval;
      interval = {tabular::quantile(*values, 0.025), tabular::quantile(*values, 0.975)};
    }
  }
}

void find_breaches(const std::string& column, const ThresholdOutcome& at, const FairnessLimit& limit,
                   std::vector<FairnessBreach>& found) {
  for (const GroupOutcome& o : at.groups) {
    if (!o.judged) continue;
    if (o.adverse_impact < limit.min_adverse_impact) {
      found.push_back({column, o.group, "adverse impact", o.adverse_impact, limit.min_adverse_impact});
    }
    if (o.opportunity_gap > limit.max_opportunity_gap) {
      found.push_back({column, o.group, "opportunity gap", o.opportunity_gap, limit.max_opportunity_gap});
    }
  }
}

std::vector<double> percentiles(std::span<const double> pd, int step) {
  std::vector<double> sorted(pd.begin(), pd.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> out;
  for (int p = step; p < 100; p += step) out.push_back(tabular::quantile(sorted, p / 100.0));
  return out;
}

}  // namespace

GroupLabels groups_of(const Column& column) {
  GroupLabels labels{column.spec.name, {}, {}};
  std::vector<double> bands;
  if (column.spec.kind == ColumnKind::numeric) {
    std::set<double> values;
    for (const double v : column.numbers) {
      if (!std::isnan(v) && values.size() <= kFewValues) values.insert(v);
    }
    if (values.size() > kFewValues) bands = bands_of(column);
  }
  std::map<std::string, int> numbered;
  const auto rows = static_cast<std::int64_t>(std::max(column.numbers.size(), column.codes.size()));
  std::vector<std::string> names;
  for (std::int64_t r = 0; r < rows; ++r) {
    names.push_back(group_name(column, r, bands));
    numbered.emplace(names.back(), 0);
  }
  for (auto& [name, index] : numbered) {
    index = static_cast<int>(labels.names.size());
    labels.names.push_back(name);
  }
  for (const std::string& name : names) labels.group.push_back(numbered.at(name));
  return labels;
}

FairnessAudit audit_fairness(const GroupLabels& groups, std::span<const double> pd, std::span<const std::uint8_t> bad,
                             double cut_off, std::uint64_t seed) {
  BALLAST_CHECK(pd.size() == bad.size() && groups.group.size() == pd.size() && !pd.empty(), pd.size());
  FairnessAudit audit{groups.column, {}, {}};
  audit.thresholds.push_back(at_threshold(groups, pd, bad, cut_off));
  add_intervals(groups, pd, bad, seed, audit.thresholds.front());
  for (const double t : percentiles(pd, 5)) audit.thresholds.push_back(at_threshold(groups, pd, bad, t));
  std::vector<double> variance(groups.names.size()), expected(groups.names.size()), seen(groups.names.size());
  for (const std::string& name : groups.names) audit.calibration.push_back({name, 0, 0, 0, 1});
  for (std::size_t i = 0; i < pd.size(); ++i) {
    const auto g = static_cast<std::size_t>(groups.group[i]);
    ++audit.calibration[g].rows;
    expected[g] += pd[i];
    seen[g] += bad[i];
    variance[g] += pd[i] * (1 - pd[i]);
  }
  for (std::size_t g = 0; g < groups.names.size(); ++g) {
    GroupCalibration& c = audit.calibration[g];
    c.mean_pd = expected[g] / static_cast<double>(c.rows);
    c.observed = seen[g] / static_cast<double>(c.rows);
    if (variance[g] > 0) {
      c.p_value = std::erfc(std::abs(seen[g] - expected[g]) / std::sqrt(variance[g]) / std::numbers::sqrt2);
    }
  }
  return audit;
}

std::vector<FairnessBreach> breaches(std::span<const FairnessAudit> audits, const FairnessLimit& limit) {
  std::vector<FairnessBreach> found;
  for (const FairnessAudit& audit : audits) {
    if (!audit.thresholds.empty()) find_breaches(audit.column, audit.thresholds.front(), limit, found);
  }
  std::stable_sort(found.begin(), found.end(), [](const FairnessBreach& a, const FairnessBreach& b) {
    return std::abs(a.value - a.limit) > std::abs(b.value - b.limit);
  });
  return found;
}

std::string describe(const FairnessBreach& breach) {
  const bool ratio = breach.measure == "adverse impact";
  return fmt::format("{} of {} \"{}\" is {:.3f}, {} the limit {:.3f} by {:.3f}",
                     ratio ? "adverse impact ratio" : "equal-opportunity gap", breach.column, breach.group,
                     breach.value, ratio ? "below" : "above", breach.limit, std::abs(breach.value - breach.limit));
}

std::vector<double> reweighing(std::span<const GroupLabels> columns, std::span<const std::uint8_t> bad) {
  const auto rows = static_cast<double>(bad.size());
  std::vector<std::vector<int>> cells(bad.size());
  std::map<std::vector<int>, std::array<double, 2>> counts;
  double bads = 0;
  for (std::size_t i = 0; i < bad.size(); ++i) {
    for (const GroupLabels& column : columns) cells[i].push_back(column.group[i]);
    ++counts[cells[i]][bad[i]];
    bads += bad[i];
  }
  std::vector<double> weights;
  for (std::size_t i = 0; i < bad.size(); ++i) {
    const auto& count = counts[cells[i]];
    const double of_class = bad[i] != 0 ? bads : rows - bads;
    weights.push_back(std::clamp((count[0] + count[1]) * of_class / rows / count[bad[i]], 0.1, 10.0));
  }
  return weights;
}

std::optional<double> fair_threshold(std::span<const GroupLabels> columns, std::span<const double> pd,
                                     std::span<const std::uint8_t> bad, const FairnessLimit& limit) {
  std::optional<double> best;
  double most = -1;
  for (const double threshold : percentiles(pd, 1)) {
    std::vector<FairnessBreach> found;
    double value = 0;
    for (const GroupLabels& groups : columns) {
      const ThresholdOutcome at = at_threshold(groups, pd, bad, threshold);
      find_breaches(groups.column, at, limit, found);
      value = at.youden;  // the same for every column
    }
    if (found.empty() && value > most) most = value, best = threshold;
  }
  return best;
}

}  // namespace ballast::risk
