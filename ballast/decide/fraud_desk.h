// SPDX-License-Identifier: Apache-2.0
// Transactions through a fraud model and rules: what score, watch and replay share.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/ingest/record.h"
#include "ballast/risk/operations_fraud.h"
#include "ballast/risk/operations_rules.h"

namespace ballast::decide {

struct FraudCase {
  ingest::Record record;
  risk::FraudScore score;
  risk::RuleVerdict rules;
  std::string action = "pass";  // the stronger of the model's and the rules'
};

class FraudDesk {
 public:
  /// `rules_text` is the TOML as it stands in `rules_name`; empty: the model alone.
  FraudDesk(const std::string& model_folder, const std::string& rules_text, const std::string& rules_name);

  /// Rows that cannot be scored go to `sink`; there may be none left. Throws bad_input where a column is absent.
  std::vector<FraudCase> run(std::vector<ingest::Record> rows, const ingest::QuarantineSink& sink) const;
  /// Adds the reasons.
  void explain(std::span<FraudCase> cases, bool chinese) const;
  /// The record of one verdict that has its reasons, not yet sealed: kind "transaction".
  Decision record_of(const FraudCase& one, bool chinese) const;
  base::Json json_of(const FraudCase& one, const std::string& decision_id, bool all_reasons) const;
  /// A few lines for people.
  std::string words_of(const FraudCase& one) const;
  /// "transaction 17", or its row where no column names it.
  std::string subject_of(const FraudCase& one) const;

  const risk::FraudModel& model() const { return model_; }
  const std::vector<risk::TransactionRule>& rules() const { return rules_; }
  const std::string& model_hash() const { return hash_; }

 private:
  base::Json rules_json(const FraudCase& one) const;
  std::string folder_, hash_, rules_text_, rules_hash_;
  risk::FraudModel model_;
  std::vector<risk::TransactionRule> rules_;
};

/// Makes a decision of kind "transaction" again.
Decision replay_transaction(const Decision& was);

}  // namespace ballast::decide
