// SPDX-License-Identifier: Apache-2.0
// The inventory of models: what a folder holds, whether it keeps its limits, and the promotion that puts it in charge.
// The records themselves are store::ModelRecord; this gives their words a meaning.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/store/work.h"

namespace ballast::govern {

struct ModelPart {
  std::string name, sha256;  // a file of the folder
  std::uint64_t bytes = 0;
};

/// What a model folder holds. Kinds: credit, fraud, customers, log_windows, log_sessions, tagger, text, language.
struct ModelFacts {
  std::string kind, name;
  std::string folder;   // absolute
  std::string hash;     // what decisions name as their model's hash; of texts the part after "@"
  std::string purpose;  // what it is in charge of where nobody says otherwise: "credit", "fraud", "text.sentiment" …
  base::Json document;  // the run as it was written down: credit.json, fraud.json, customers.json, training.json …
  std::map<std::string, double> figures;  // of the run: "auc", "brier", "macro_f1" …; what limits are about
};
/// Also of a .gguf file. Throws not_found or unsupported where the folder holds no model that Ballast trains or runs.
ModelFacts identify_model(const std::filesystem::path& folder);
bool is_model_folder(const std::filesystem::path& folder);
/// Every file with its hash, by name.
std::vector<ModelPart> parts_of(const std::filesystem::path& folder);

/// "auc>=0.75" or "brier<=0.2".
struct ModelLimit {
  std::string figure;
  bool at_least = true;
  double bound = 0;
};
/// Throws usage for anything else.
ModelLimit parse_limit(const std::string& text);
std::string limit_text(const ModelLimit& limit);

/// A file that speaks for a promotion: a comparison, an evaluation, a round of feedback. Its own verdict, the member
/// "gate" {"passes","reason"}, is obeyed where there is one.
struct Evidence {
  std::string file, sha256;
  std::optional<bool> passes;
  std::string reason;
};
/// Throws what reading JSON throws.
Evidence read_evidence(const std::filesystem::path& file);

struct PromotionRequest {
  std::string purpose;   // empty: the model's own
  std::string by;        // who promotes
  std::string replaces;  // hash of the model in charge so far; empty: none
  std::vector<ModelLimit> limits;
  std::vector<Evidence> evidence;
  std::string at;  // RFC 3339
};

/// The record of kind "promotion" about a purpose, not yet sealed. Throws bad_input naming the first limit that the
/// model does not keep (its own fairness limit among them), or the evidence that speaks against it.
decide::Decision promotion_decision(const ModelFacts& model, const PromotionRequest& request);
/// Makes a decision of kind "promotion" again: the same files against the same limits. Throws what the above throws.
decide::Decision replay_promotion(const decide::Decision& was);

base::Json limits_json(const std::vector<ModelLimit>& limits);
std::vector<ModelLimit> limits_of(const base::Json& json, const std::string& where);
base::Json evidence_json(const std::vector<Evidence>& evidence);

/// {"hash","name","kind","purpose","role","in_charge",…,"limits":[…],"evidence":[…]}.
base::Json to_json(const store::ModelRecord& model);

}  // namespace ballast::govern
