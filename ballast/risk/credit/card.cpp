// SPDX-License-Identifier: Apache-2.0
// The model card of a credit model.
#include <fmt/format.h>

#include "ballast/risk/credit.h"

namespace ballast::risk {

std::string CreditModel::card() const {
  std::string text = fmt::format(
      "# Credit model\n\nProbability of `{} = {}`, learnt from {} applications of which {:.2f} % were bad. Champion: "
      "**{}**. Seed {}.\n\nCandidates on predictions made out of fold ({} stratified folds), each row calibrated by "
      "the "
      "other folds:\n\n| candidate | AUC [95 %] | Gini | KS | Brier | log loss | ECE (chance) "
      "|\n|---|---|---|---|---|---|"
      "---|\n",
      training_.label, training_.bad, rows_, 100 * default_rate_, champion_, training_.seed, training_.folds);
  for (const CreditCandidate& c : candidates_) {
    text +=
        fmt::format("| {} | {:.4f} [{:.4f}, {:.4f}] | {:.4f} | {:.4f} | {:.4f} | {:.4f} | {:.4f} ({:.4f}) |\n", c.name,
                    c.auc.auc, c.auc.low, c.auc.high, c.auc.gini(), c.ks, c.brier, c.log_loss, c.ece, c.ece_chance);
  }
  text += training_.prefer_simple
              ? "\nThe champion is the simplest candidate (in the order above) whose log loss is within one standard "
                "error of the least one."
              : "\nThe champion has the least log loss.";
  text += fmt::format(
      " The PD is its log-odds calibrated by {}, fitted on\nits out-of-fold predictions; the 90 % interval comes from "
      "200 fits on rows drawn with replacement, so it says how sure\nthe calibration is, not how much other models "
      "would "
      "differ.\n\n",
      calibration_.method() == tabular::CalibrationMethod::platt ? "Platt scaling"
                                                                 : calibration_method_name(calibration_.method()));
  for (const CreditLift& l : lifts_) {
    text += fmt::format("Lift of {} with the {} model: AUC {:+.4f} [{:+.4f}, {:+.4f}].\n\n", fmt::join(l.columns, ", "),
                        l.model, l.auc.difference, l.auc.low, l.auc.high);
  }
  if (training_.language_model) {
    text +=
        "The language model reads an application as `name: value; name: value; …`, numbers as the tenth of the "
        "training\n"
        "rows that they fall into (q0 to q9).\n\n";
  }
  text += fmt::format("Inputs: {}.\n", fmt::join(schema_.names(), ", "));
  if (!training_.protected_columns.empty()) {
    text += fmt::format(
        "Protected: {}; audited below at the cut-off PD {:.4g}.\n\n| column | group | rows | approved | "
        "adverse impact | opportunity | mean PD | observed |\n|---|---|---|---|---|---|---|---|\n",
        fmt::join(training_.protected_columns, ", "), cut_off_);
    for (const FairnessAudit& audit : fairness_) {
      for (std::size_t g = 0; g < audit.calibration.size(); ++g) {
        const GroupOutcome& o = audit.thresholds.front().groups[g];
        text += fmt::format("| {} | {} | {} | {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.3f} |\n", audit.column, o.group,
                            o.rows, o.approval_rate, o.adverse_impact, o.opportunity, audit.calibration[g].mean_pd,
                            audit.calibration[g].observed);
      }
    }
  } else {
    text += "No protected column was named, so nothing is known of fairness.\n";
  }
  for (const tabular::Finding& f : warnings_) text += fmt::format("\nData warning: {}.\n", f.text);
  return text;
}

}  // namespace ballast::risk
