// SPDX-License-Identifier: Apache-2.0
// Rules that tell from a model's figures what a validator would ask about.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/govern/model_card.h"

namespace ballast::govern {
namespace {

using base::Json;

constexpr std::int64_t kFewRows = 1000;
constexpr double kFourFifths = 0.8, kWeakF1 = 0.5, kSignificant = 0.05;
constexpr std::int64_t kFewestOfAClass = 50;

double number_or_nan(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json.at(key).is_number() ? json.at(key).get<double>() : NAN;
}

void object_to_candidates(const CardInputs& in, std::vector<std::string>& out) {
  const Json& d = in.model.document;
  const std::string champion = d.value("champion", "");
  for (const Json& c : d.value("candidates", Json::array())) {
    const std::string name = c.value("name", "");
    if (name == champion) {
      const double ece = number_or_nan(c, "ece"), chance = number_or_nan(c, "ece_chance_95");
      if (ece > chance) {
        out.push_back(
            fmt::format("The champion's probabilities are not calibrated out of fold: ECE {:.3f}, by chance up"
                        " to {:.3f}.",
                        ece, chance));
      }
      continue;
    }
    const double p = number_or_nan(c, "p_value");
    if (p >= kSignificant) {
      out.push_back(
          fmt::format("The champion ({}) does not rank significantly better than {} (AUC difference {:+.3f},"
                      " DeLong p {:.2g}): why not the simpler one?",
                      champion, name, number_or_nan(c, "auc_difference"), p));
    }
  }
  const std::int64_t rows = d.value("rows", std::int64_t{0});
  if (rows > 0 && rows < kFewRows)
    out.push_back(
        fmt::format("It learnt from {} rows only: intervals are wide and rare kinds of cases are absent.", rows));
  for (const Json& w : d.value("warnings", Json::array()))
    out.push_back("The data had a warning: " + w.value("text", "") + ".");
}

void object_to_groups(const CardInputs& in, std::vector<std::string>& out) {
  const Json& d = in.model.document;
  const Json training = d.value("training", Json::object());
  if (training.value("protected", Json::array()).empty()) {
    out.emplace_back("No protected column was named: fairness was not examined at all.");
    return;
  }
  if (training.value("fairness_limit", Json()).is_null())
    out.emplace_back("No fairness limit was set in training: promotion enforces none.");
  for (const Json& audit : d.value("fairness", Json::array())) {
    const Json thresholds = audit.value("thresholds", Json::array());
    if (thresholds.empty()) continue;
    for (const Json& g : thresholds.front().value("groups", Json::array())) {
      const double impact = number_or_nan(g, "adverse_impact");
      if (impact < kFourFifths && g.value("judged", true)) {
        out.push_back(fmt::format("{} \"{}\" is approved at {:.2f} of the best group's rate, below four fifths.",
                                  audit.value("column", ""), g.value("group", ""), impact));
      }
    }
    for (const Json& c : audit.value("calibration", Json::array())) {
      if (number_or_nan(c, "p_value") < 0.01) {
        out.push_back(fmt::format("PDs of {} \"{}\" do not fit: {:.3f} foretold, {:.3f} observed (p {:.2g}).",
                                  audit.value("column", ""), c.value("group", ""), number_or_nan(c, "mean_pd"),
                                  number_or_nan(c, "observed"), number_or_nan(c, "p_value")));
      }
    }
  }
}

void object_to_texts(const CardInputs& in, std::vector<std::string>& out) {
  if (in.model.document.empty())
    out.emplace_back("No training.json is in the folder: data, recipe and out-of-fold figures are unknown.");
  const Json heads = in.model.document.value("out_of_fold", Json::object());
  for (const auto& [name, s] : heads.items()) {
    const Json calibration = s.value("calibration", Json::object());
    const double ece = number_or_nan(calibration, "ece"), chance = number_or_nan(calibration, "ece_chance_95");
    if (ece > chance)
      out.push_back(fmt::format("{}: probabilities are not calibrated out of fold: ECE {:.3f}, by chance up to {:.3f}.",
                                name, ece, chance));
    const Json labels = s.value("labels", Json::object());
    for (const auto& [label, l] : labels.items()) {
      const double f1 = number_or_nan(l, "f1");
      const std::int64_t support = l.value("support", std::int64_t{0});
      if (f1 < kWeakF1)
        out.push_back(fmt::format("{} \"{}\" is recognised poorly: F1 {:.2f} of {} rows.", name, label, f1, support));
      if (support < kFewestOfAClass) out.push_back(fmt::format("{} \"{}\" has {} rows only.", name, label, support));
    }
  }
}

void object_to_held_out(const CardInputs& in, std::vector<std::string>& out) {
  if (in.held_out.empty()) {
    out.emplace_back(
        "No result on rows that training never saw: the champion was chosen on the same out-of-fold predictions that "
        "are"
        " reported, which flatters it.");
  }
  for (const HeldOutResult& r : in.held_out) {
    const MethodFigures& m = r.comparison.methods.front();
    if (m.calibration && !m.calibration->fine()) {
      out.push_back(fmt::format("{}, held out: probabilities are not calibrated: ECE {:.3f}, by chance up to {:.3f}.",
                                r.question, m.calibration->ece, m.calibration->chance_95));
    }
    for (const PairTest& t : r.comparison.tests) {
      if (t.difference.value < 0 && t.p_value < kSignificant) continue;
      out.push_back(fmt::format("Held out, {} is no worse than the model ({} {:+.3f} [{:+.3f}, {:+.3f}], p {:.2g}).",
                                r.comparison.methods[t.second].name, r.comparison.measures[r.comparison.primary].name,
                                t.difference.value, t.difference.low, t.difference.high, t.p_value));
    }
    const auto auc = in.model.figures.find("auc");
    for (std::size_t k = 0; k < r.comparison.measures.size() && auc != in.model.figures.end(); ++k) {
      const Estimate& e = m.measures[k];
      if (r.comparison.measures[k].name == "AUC" && (auc->second < e.low || auc->second > e.high)) {
        out.push_back(fmt::format("The AUC out of fold, {:.3f}, lies outside the held-out interval [{:.3f}, {:.3f}].",
                                  auc->second, e.low, e.high));
      }
    }
  }
}

void object_to_provenance(const CardInputs& in, std::vector<std::string>& out) {
  if (!in.provenance)
    out.emplace_back(
        "Source, period and licence of the data are not said, only names and hashes of files (--provenance).");
}

void object_to_governance(const CardInputs& in, std::vector<std::string>& out) {
  if (!in.record) {
    out.emplace_back("The model is not in the inventory: nobody answers for it.");
    return;
  }
  if (in.record->owner.empty()) out.emplace_back("The inventory names no owner.");
  if (in.record->tier.empty()) out.emplace_back("The inventory says no tier.");
  if (in.record->limits == "[]") out.emplace_back("No limit is set on its figures: promotion enforces none.");
  if (in.record->role == "champion" && in.record->promoted_by == in.record->owner)
    out.emplace_back("Its owner promoted it: nobody independent did.");
  if (in.monitoring.drift.empty()) out.emplace_back("No drift report about it was made.");
  if (in.monitoring.open_alerts > 0)
    out.push_back(fmt::format("{} alerts about its drift are open.", in.monitoring.open_alerts));
}

}  // namespace

std::vector<std::string> card_objections(const CardInputs& in) {
  std::vector<std::string> out;
  object_to_held_out(in, out);
  if (in.model.kind == "credit") object_to_groups(in, out);
  if (in.model.document.contains("candidates")) {
    object_to_candidates(in, out);
  } else {
    object_to_texts(in, out);
  }
  object_to_provenance(in, out);
  object_to_governance(in, out);
  return out;
}

}  // namespace ballast::govern
