// SPDX-License-Identifier: Apache-2.0
// Decisions by group and intersection, and profiles.
#include "ballast/govern/fairness.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using risk::GroupLabels;

std::array<double, 2> wilson(double hits, double n) {
  if (n == 0) return {0, 1};
  const double z = tabular::normal_quantile(0.975), p = hits / n;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

std::optional<double> known(double x) {
  return std::isnan(x) ? std::nullopt : std::optional(x);
}

std::optional<tabular::AucEstimate> auc_within(const GroupLabels& labels, int group, const JudgedDecisions& d) {
  std::vector<double> scores;
  std::vector<std::uint8_t> truth;
  for (std::size_t i = 0; i < d.pd.size(); ++i) {
    if (labels.group[i] != group) continue;
    scores.push_back(d.pd[i]);
    truth.push_back(d.bad[i]);
  }
  const auto bads = std::count(truth.begin(), truth.end(), std::uint8_t{1});
  // DeLong's error needs two rows of either outcome.
  if (bads < 2 || static_cast<std::ptrdiff_t>(truth.size()) - bads < 2) return {};
  return tabular::auc_with_interval(scores, truth);
}

GroupedFairness judge_column(const GroupLabels& labels, const JudgedDecisions& d, std::uint64_t seed) {
  // Without outcomes everybody counts as good: approvals are then all there is to say.
  const std::vector<std::uint8_t> bad = d.bad.empty() ? std::vector<std::uint8_t>(d.pd.size(), 0) : d.bad;
  const risk::FairnessAudit audit = risk::audit_fairness(labels, d.pd, bad, d.cut_off, seed);
  GroupedFairness out{labels.column, {}};
  for (std::size_t g = 0; g < labels.names.size(); ++g) {
    const risk::GroupOutcome& o = audit.thresholds.front().groups[g];
    if (o.rows == 0) continue;
    GroupFairness one;
    one.group = o.group;
    one.rows = o.rows;
    one.judged = o.judged;
    one.selection_rate = o.approval_rate;
    one.selection_interval =
        wilson(std::round(o.approval_rate * static_cast<double>(o.rows)), static_cast<double>(o.rows));
    one.ratio = known(o.adverse_impact);
    one.ratio_interval = o.adverse_impact_interval;
    if (!d.bad.empty()) {
      one.opportunity = known(o.opportunity);
      one.opportunity_gap = known(o.opportunity_gap);
      one.gap_interval = o.opportunity_gap_interval;
    }
    if (!d.bad.empty() && d.has_score) {
      one.mean_pd = audit.calibration[g].mean_pd;
      one.observed = audit.calibration[g].observed;
      one.calibration_p = audit.calibration[g].p_value;
      one.auc = auc_within(labels, static_cast<int>(g), d);
    }
    out.groups.push_back(std::move(one));
  }
  return out;
}

Json optional_json(const std::optional<double>& x) {
  return x ? Json(*x) : Json();
}

Json interval_json(const std::array<double, 2>& x) {
  return std::isnan(x[0]) ? Json() : Json(x);
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace

GroupLabels intersection(const GroupLabels& a, const GroupLabels& b) {
  GroupLabels out{a.column + " × " + b.column, {}, {}};
  std::map<std::pair<int, int>, int> numbered;
  for (std::size_t i = 0; i < a.group.size(); ++i) numbered.emplace(std::pair(a.group[i], b.group[i]), 0);
  for (auto& [both, number] : numbered) {
    number = static_cast<int>(out.names.size());
    out.names.push_back(a.names[static_cast<std::size_t>(both.first)] + " × " +
                        b.names[static_cast<std::size_t>(both.second)]);
  }
  for (std::size_t i = 0; i < a.group.size(); ++i) out.group.push_back(numbered.at({a.group[i], b.group[i]}));
  return out;
}

std::vector<GroupedFairness> judge_fairness(std::span<const GroupLabels> columns, const JudgedDecisions& decisions,
                                            std::uint64_t seed) {
  std::vector<GroupedFairness> out;
  for (const GroupLabels& column : columns) out.push_back(judge_column(column, decisions, seed));
  for (std::size_t a = 0; a < columns.size(); ++a) {
    for (std::size_t b = a + 1; b < columns.size(); ++b) {
      out.push_back(judge_column(intersection(columns[a], columns[b]), decisions, seed));
    }
  }
  return out;
}

FairnessProfile read_profile(const std::filesystem::path& file) {
  const std::string where = file.string();
  const toml::table root = risk::parse_toml(base::read_file(file), where);
  risk::refuse_unknown(root, {"name", "note", "treatment", "impact"}, where, "");
  FairnessProfile profile;
  profile.name = root["name"].value_or(file.stem().string());
  profile.note = root["note"].value_or(std::string());
  if (const toml::table* treatment = root["treatment"].as_table()) {
    risk::refuse_unknown(*treatment, {"never_inputs"}, where, "treatment");
    const toml::array* words = (*treatment)["never_inputs"].as_array();
    if (words == nullptr) throw Error(ErrorCode::bad_input, "treatment.never_inputs is no list", where);
    for (const toml::node& word : *words) {
      const auto text = word.value<std::string>();
      if (!text || text->empty()) {
        throw Error(ErrorCode::bad_input, "treatment.never_inputs holds something else than words", where);
      }
      profile.never_inputs.push_back(lower(*text));
    }
  }
  if (const toml::table* impact = root["impact"].as_table()) {
    risk::refuse_unknown(*impact, {"min_ratio", "max_opportunity_gap", "only_significant"}, where, "impact");
    profile.min_ratio = risk::number_field(*impact, "min_ratio", 0, 0, 1, where, "impact");
    profile.max_opportunity_gap = risk::number_field(*impact, "max_opportunity_gap", 1, 0, 1, where, "impact");
    profile.only_significant = (*impact)["only_significant"].value_or(false);
  }
  return profile;
}

std::vector<ProfileBreach> check_profile(const FairnessProfile& profile, std::span<const GroupedFairness> found,
                                         std::span<const std::string> inputs,
                                         std::span<const std::string> protected_columns) {
  std::vector<ProfileBreach> breaches;
  for (const std::string& input : inputs) {
    const bool guarded =
        std::find(protected_columns.begin(), protected_columns.end(), input) != protected_columns.end();
    const auto word = std::find_if(profile.never_inputs.begin(), profile.never_inputs.end(),
                                   [&](const std::string& w) { return lower(input).find(w) != std::string::npos; });
    if (word != profile.never_inputs.end()) {
      breaches.push_back({"disparate treatment", fmt::format("{} is an input, and \"{}\" must be none", input, *word)});
    } else if (guarded) {
      breaches.push_back({"disparate treatment", input + " is protected and an input"});
    }
  }
  for (const GroupedFairness& grouped : found) {
    for (const GroupFairness& g : grouped.groups) {
      if (!g.judged) continue;
      const double ratio_at = profile.only_significant ? g.ratio_interval[1] : g.ratio.value_or(1);
      if (g.ratio && ratio_at < profile.min_ratio) {
        breaches.push_back(
            {"disparate impact",
             fmt::format("{} \"{}\" is approved {:.3f} [{:.3f}, {:.3f}] times as often as the best group, "
                         "the limit is {:.3f}",
                         grouped.column, g.group, *g.ratio, g.ratio_interval[0], g.ratio_interval[1],
                         profile.min_ratio)});
      }
      const double gap_at = profile.only_significant ? g.gap_interval[0] : g.opportunity_gap.value_or(0);
      if (g.opportunity_gap && gap_at > profile.max_opportunity_gap) {
        breaches.push_back(
            {"unequal opportunity",
             fmt::format("of those in {} \"{}\" who repay {:.3f} [{:.3f}, {:.3f}] fewer are approved than in the best "
                         "group, the limit is {:.3f}",
                         grouped.column, g.group, *g.opportunity_gap, g.gap_interval[0], g.gap_interval[1],
                         profile.max_opportunity_gap)});
      }
    }
  }
  return breaches;
}

Json to_json(const GroupedFairness& grouped) {
  Json groups = Json::array();
  for (const GroupFairness& g : grouped.groups) {
    groups.push_back({{"group", g.group},
                      {"rows", g.rows},
                      {"too_small", !g.judged},
                      {"selection_rate", g.selection_rate},
                      {"selection_interval_95", g.selection_interval},
                      {"ratio", optional_json(g.ratio)},
                      {"ratio_interval_95", interval_json(g.ratio_interval)},
                      {"four_fifths", g.ratio && g.judged ? Json(*g.ratio >= 0.8) : Json()},
                      {"opportunity", optional_json(g.opportunity)},
                      {"opportunity_gap", optional_json(g.opportunity_gap)},
                      {"opportunity_gap_interval_95", g.opportunity_gap ? interval_json(g.gap_interval) : Json()},
                      {"mean_pd", optional_json(g.mean_pd)},
                      {"observed", optional_json(g.observed)},
                      {"calibration_p", optional_json(g.calibration_p)},
                      {"auc", g.auc ? Json(g.auc->auc) : Json()},
                      {"auc_interval_95", g.auc ? Json({g.auc->low, g.auc->high}) : Json()}});
  }
  return {{"column", grouped.column}, {"groups", groups}};
}

}  // namespace ballast::govern
