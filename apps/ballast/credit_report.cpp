// SPDX-License-Identifier: Apache-2.0
// A credit model in words and tables for the terminal.
#include <fmt/format.h>

#include <algorithm>

#include "credit.h"

namespace ballast::apps {

std::string credit_verdict(const risk::CreditModel& model) {
  const auto& all = model.candidates();
  const auto best =
      std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.log_loss < b.log_loss; });
  if (model.training().fairness_penalty > 0) {
    return fmt::format("{} with a fairness penalty of {}, as asked; the least log loss without one: {}",
                       model.champion(), model.training().fairness_penalty, best->name);
  }
  if (best->name != model.champion()) {
    return fmt::format("{} wins as the simplest: {} has the least log loss, but by {:.4f} only (standard error {:.4f})",
                       model.champion(), best->name, -best->loss_difference, best->loss_error);
  }
  for (const risk::CreditCandidate& c : all) {
    if (&c == &*best) break;
    if (c.loss_difference <= c.loss_error) {
      return fmt::format(
          "{} wins with the least log loss; the simpler {} is within one standard error of it ({:.4f} of "
          "{:.4f})",
          best->name, c.name, c.loss_difference, c.loss_error);
    }
  }
  return fmt::format("{} wins with the least log loss, and no simpler candidate is within one standard error of it",
                     best->name);
}

namespace {

void print_fairness(const risk::CreditModel& model) {
  for (const risk::FairnessAudit& audit : model.fairness()) {
    const risk::ThresholdOutcome& at = audit.thresholds.front();
    fmt::print("\n{} at the cut-off PD {:.4f} ({:.1f} % approved)\n", audit.column, at.threshold,
               100 * at.approval_rate);
    fmt::print("  {:<36} {:>7} {:>9} {:>24} {:>12} {:>8} {:>9} {:>6}\n", "group", "rows", "approved", "impact [95 %]",
               "opportunity", "mean PD", "observed", "p");
    for (std::size_t g = 0; g < at.groups.size(); ++g) {
      const risk::GroupOutcome& o = at.groups[g];
      const risk::GroupCalibration& c = audit.calibration[g];
      const std::string impact = fmt::format("{:.3f} [{:.3f}, {:.3f}]", o.adverse_impact, o.adverse_impact_interval[0],
                                             o.adverse_impact_interval[1]);
      fmt::print("  {:<36} {:>7} {:>9.3f} {:>24} {:>12.3f} {:>8.3f} {:>9.3f} {:>6.2g}{}\n", o.group, o.rows,
                 o.approval_rate, impact, o.opportunity, c.mean_pd, c.observed, c.p_value,
                 o.judged ? "" : "  too few to judge");
    }
  }
  if (!model.fairness_limit()) return;
  const auto found = risk::breaches(model.fairness(), *model.fairness_limit());
  for (const auto& breach : found) fmt::print("breach: {}\n", risk::describe(breach));
  if (!found.empty()) {
    fmt::print("{}\n", model.fair_cut_off() ? fmt::format("a cut-off of {:.4f} for everybody would breach nothing",
                                                          *model.fair_cut_off())
                                            : "no single cut-off keeps the limit");
  }
}

void print_lifts(const risk::CreditModel& model) {
  for (const risk::CreditLift& l : model.lifts()) {
    fmt::print(
        "lift of {} with {}: AUC {:.4f} to {:.4f}, {:+.4f} [{:+.4f}, {:+.4f}], DeLong p {:.3g}; log loss {:+.4f} "
        "({:.4f})\n",
        fmt::join(l.columns, ", "), l.model, l.auc.champion.auc, l.auc.challenger.auc, l.auc.difference, l.auc.low,
        l.auc.high, l.auc.p_value, l.log_loss_difference, l.log_loss_error);
  }
}

}  // namespace

void print_credit_model(const risk::CreditModel& model) {
  fmt::print("{} rows, {:.2f} % bad, {} inputs\n", model.rows(), 100 * model.default_rate(),
             model.schema().columns.size());
  fmt::print("{:<14} {:>24} {:>15} {:>6} {:>6} {:>6} {:>6} {:>15} {:>6} {:>15} {:>9} {:>8}\n", "candidate",
             "AUC [95 %]", "fold mean (sd)", "Gini", "KS", "AP", "MCC", "Brier (sd)", "loss", "ECE (chance)",
             "DeLong p", "seconds");
  for (const risk::CreditCandidate& c : model.candidates()) {
    fmt::print("{:<14} {:>24} {:>15} {:>6.3f} {:>6.3f} {:>6.3f} {:>6.3f} {:>15} {:>6.4f} {:>15} {:>9} {:>8.1f}\n",
               c.name, fmt::format("{:.4f} [{:.4f}, {:.4f}]", c.auc.auc, c.auc.low, c.auc.high),
               fmt::format("{:.4f} ({:.4f})", c.fold_auc, c.fold_sd), c.auc.gini(), c.ks, c.average_precision, c.mcc,
               fmt::format("{:.4f} ({:.4f})", c.brier, c.fold_brier_sd), c.log_loss,
               fmt::format("{:.4f} ({:.4f})", c.ece, c.ece_chance),
               c.name == model.champion() ? "-" : fmt::format("{:.3g}", c.p_value), c.seconds);
  }
  fmt::print("{}\n", credit_verdict(model));
  print_lifts(model);
  print_fairness(model);
}

}  // namespace ballast::apps
