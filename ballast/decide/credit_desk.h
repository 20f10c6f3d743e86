// SPDX-License-Identifier: Apache-2.0
// Applications through a credit model and, where there is one, a policy: what score, decide and replay share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/ingest/record.h"
#include "ballast/risk/credit.h"
#include "ballast/risk/credit_terms.h"

namespace ballast::decide {

struct CreditCase {
  ingest::Record record;
  risk::CreditScore score;
  std::optional<risk::CreditDecision> decision;  // with a policy
};

class CreditDesk {
 public:
  /// `policy_text` is the TOML as it stands in `policy_name`; empty: scores only.
  CreditDesk(const std::string& model_folder, const std::string& policy_text, const std::string& policy_name);

  /// Rows that cannot be scored (see CreditModel::read) or decided go to `sink`. Throws bad_input where a column is
  /// absent or nothing is left.
  std::vector<CreditCase> run(std::vector<ingest::Record> rows, risk::ReasonLanguage language, bool allow_unseen,
                              const ingest::QuarantineSink& sink) const;

  /// The record of one verdict, not yet sealed: kind "credit", everything needed to make it again among its inputs.
  Decision record_of(const CreditCase& one, risk::ReasonLanguage language) const;

  const risk::CreditPolicy& policy() const { return policy_; }
  const risk::CreditModel& model() const { return model_; }

 private:
  std::string folder_, hash_, policy_text_;
  risk::CreditModel model_;
  risk::CreditPolicy policy_;
};

/// Makes a decision of kind "credit" again.
Decision replay_credit(const Decision& was);

}  // namespace ballast::decide
