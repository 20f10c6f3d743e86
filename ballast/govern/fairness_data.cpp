// SPDX-License-Identifier: Apache-2.0
// The data behind fairness: coverage, proxies, and what mitigation in training costs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/govern/fairness.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"

namespace ballast::govern {
namespace {

using base::Json;
using risk::GroupLabels;
using tabular::FitOptions;
using tabular::ModelKind;

constexpr int kFolds = 5;
constexpr std::size_t kShownInputs = 5;

std::array<double, 2> bad_rate_interval(double bads, double n) {
  const double z = tabular::normal_quantile(0.975), p = bads / n;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

std::vector<std::int64_t> sizes_of(const GroupLabels& labels) {
  std::vector<std::int64_t> sizes(labels.names.size(), 0);
  for (const int g : labels.group) ++sizes[static_cast<std::size_t>(g)];
  return sizes;
}

/// The inputs that tell a group, by what they add to the score of a model fitted on all rows.
std::vector<ProxyTest::Input> telling_inputs(const tabular::Table& inputs, std::span<const std::uint8_t> truth,
                                             const FitOptions& options) {
  const auto contributions = tabular::Pipeline::fit(inputs, truth, {}, options).contributions(inputs);
  std::vector<ProxyTest::Input> found;
  double all = 0;
  for (std::size_t c = 0; c < contributions.columns.size(); ++c) {
    double sum = 0;
    for (std::int64_t r = 0; r < contributions.values.rows; ++r) sum += std::abs(contributions.values.row(r)[c]);
    found.push_back({contributions.columns[c], sum});
    all += sum;
  }
  for (ProxyTest::Input& input : found) input.share = all > 0 ? input.share / all : 0;
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  if (found.size() > kShownInputs) found.resize(kShownInputs);
  return found;
}

/// The cut-off at or below which this share of rows lies.
double cut_off_for(std::span<const double> scores, double approve) {
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end());
  const auto count = static_cast<std::size_t>(std::llround(approve * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(count, 1, sorted.size()) - 1];
}

MitigationPoint point_of(const std::string& method, std::span<const double> scores, std::span<const std::uint8_t> bad,
                         std::span<const GroupLabels> columns, double approve, std::uint64_t seed) {
  MitigationPoint point;
  point.method = method;
  point.auc = tabular::auc_with_interval(scores, bad);
  point.cut_off = cut_off_for(scores, approve);
  for (const GroupLabels& column : columns) {
    const auto audit = risk::audit_fairness(column, scores, bad, point.cut_off, seed);
    const risk::ThresholdOutcome& at = audit.thresholds.front();
    point.accuracy = at.accuracy;
    for (const risk::GroupOutcome& o : at.groups) {
      if (!o.judged) continue;
      if (o.adverse_impact < point.worst_ratio) {
        point.worst_ratio = o.adverse_impact;
        point.worst_interval = o.adverse_impact_interval;
        point.worst_group = column.column + " \"" + o.group + "\"";
      }
      if (!std::isnan(o.opportunity_gap)) point.widest_gap = std::max(point.widest_gap, o.opportunity_gap);
    }
  }
  return point;
}

}  // namespace

std::vector<ProxyTest> test_proxies(const tabular::Table& inputs, std::span<const GroupLabels> columns,
                                    std::uint64_t seed) {
  FitOptions options;
  options.kind = ModelKind::boosted;
  options.seed = seed;
  std::vector<ProxyTest> tests;
  for (const GroupLabels& column : columns) {
    const std::vector<std::int64_t> sizes = sizes_of(column);
    const auto rows = static_cast<std::int64_t>(column.group.size());
    for (std::size_t g = 0; g < sizes.size(); ++g) {
      if (sizes[g] < risk::kFewestJudged || rows - sizes[g] < risk::kFewestJudged) continue;
      std::vector<std::uint8_t> truth;
      for (const int own : column.group) truth.push_back(own == static_cast<int>(g) ? 1 : 0);
      const std::vector<int> fold = tabular::stratified_folds(truth, kFolds, seed);
      const std::vector<double> scores = tabular::cross_fit(inputs, truth, {}, fold, options);
      tests.push_back({column.column, column.names[g], sizes[g], tabular::auc_with_interval(scores, truth),
                       telling_inputs(inputs, truth, options)});
      if (sizes.size() == 2) break;  // the other group's test is the same one
    }
  }
  return tests;
}

std::vector<GroupCoverage> data_coverage(const tabular::Table& inputs, std::span<const std::uint8_t> bad,
                                         std::span<const GroupLabels> columns) {
  std::vector<GroupLabels> all(columns.begin(), columns.end());
  for (std::size_t a = 0; a < columns.size(); ++a) {
    for (std::size_t b = a + 1; b < columns.size(); ++b) all.push_back(intersection(columns[a], columns[b]));
  }
  std::vector<GroupCoverage> out;
  for (const GroupLabels& column : all) {
    for (std::size_t g = 0; g < column.names.size(); ++g) {
      double rows = 0, bads = 0, missing = 0;
      for (std::size_t i = 0; i < column.group.size(); ++i) {
        if (column.group[i] != static_cast<int>(g)) continue;
        ++rows;
        bads += bad[i];
        for (const tabular::Column& c : inputs.columns) missing += c.missing(static_cast<std::int64_t>(i)) ? 1 : 0;
      }
      if (rows == 0) continue;
      const double cells = rows * static_cast<double>(inputs.columns.size());
      out.push_back({column.column, column.names[g], static_cast<std::int64_t>(rows),
                     rows / static_cast<double>(column.group.size()), bads / rows, bad_rate_interval(bads, rows),
                     cells > 0 ? missing / cells : 0,
                     std::min(bads, rows - bads) >= static_cast<double>(risk::kFewestJudged)});
    }
  }
  return out;
}

std::vector<MitigationPoint> mitigation_curve(const tabular::Table& inputs, std::span<const std::uint8_t> bad,
                                              std::span<const GroupLabels> columns, const MitigationOptions& options) {
  const std::vector<int> fold = tabular::stratified_folds(bad, kFolds, options.seed);
  const double goods = static_cast<double>(std::count(bad.begin(), bad.end(), std::uint8_t{0}));
  const double approve = options.approve > 0 ? options.approve : goods / static_cast<double>(bad.size());
  FitOptions fit;
  fit.kind = ModelKind::logistic;
  fit.seed = options.seed;
  std::vector<MitigationPoint> curve;
  const auto add = [&](const std::string& method, std::span<const double> weights) {
    const std::vector<double> scores = tabular::cross_fit(inputs, bad, weights, fold, fit);
    curve.push_back(point_of(method, scores, bad, columns, approve, options.seed));
  };
  add("as trained", {});
  add("reweighed", risk::reweighing(columns, bad));
  for (const GroupLabels& column : columns) fit.logistic.penalty.groups.push_back(column.group);
  for (const double strength : options.penalties) {
    fit.logistic.penalty.strength = strength;
    add(fmt::format("penalty {}", strength), {});
  }
  return curve;
}

Json to_json(const ProxyTest& test) {
  Json inputs = Json::array();
  for (const ProxyTest::Input& input : test.inputs)
    inputs.push_back({{"column", input.column}, {"share", input.share}});
  return {{"column", test.column},
          {"group", test.group},
          {"rows", test.rows},
          {"auc", test.auc.auc},
          {"auc_interval_95", {test.auc.low, test.auc.high}},
          {"inputs", inputs}};
}

Json to_json(const GroupCoverage& c) {
  return {{"column", c.column},   {"group", c.group},       {"rows", c.rows},
          {"share", c.share},     {"bad_rate", c.bad_rate}, {"bad_rate_interval_95", c.bad_interval},
          {"missing", c.missing}, {"enough", c.enough}};
}

Json to_json(const MitigationPoint& p) {
  return {{"method", p.method},
          {"auc", p.auc.auc},
          {"auc_interval_95", {p.auc.low, p.auc.high}},
          {"accuracy", p.accuracy},
          {"worst_group", p.worst_group},
          {"worst_ratio", p.worst_ratio},
          {"worst_ratio_interval_95", p.worst_interval},
          {"widest_opportunity_gap", p.widest_gap}};
}

}  // namespace ballast::govern
