// SPDX-License-Identifier: Apache-2.0
#include "scored_rows.h"

#include "ballast/base/error.h"
#include "ballast/decide/credit_desk.h"
#include "ballast/decide/fraud_desk.h"
#include "ballast/risk/customers.h"

namespace ballast::apps {

std::vector<ScoredRow> score_rows(const govern::ModelFacts& model, std::vector<ingest::Record> rows,
                                  const ingest::QuarantineSink& sink) {
  outcome_of_model(model);  // refuses other kinds
  std::vector<ScoredRow> scored;
  if (model.kind == "credit") {
    const decide::CreditDesk desk(model.folder, "", "");
    for (auto& one : desk.run(std::move(rows), risk::ReasonLanguage::en, true, sink))
      scored.push_back({std::move(one.record), one.score.pd});
  } else if (model.kind == "fraud") {
    const decide::FraudDesk desk(model.folder, "", "");
    for (auto& one : desk.run(std::move(rows), sink)) scored.push_back({std::move(one.record), one.score.probability});
  } else {
    const risk::CustomerModel customers = risk::CustomerModel::load(model.folder);
    std::vector<std::size_t> kept;
    const auto scores = customers.score(customers.read(rows, sink, &kept));
    for (std::size_t i = 0; i < scores.size(); ++i) scored.push_back({std::move(rows[kept[i]]), scores[i].probability});
  }
  if (scored.empty()) throw base::Error(base::ErrorCode::bad_input, "no row can be scored", model.folder);
  return scored;
}

ModelOutcome outcome_of_model(const govern::ModelFacts& model) {
  const char* positive = model.kind == "credit"      ? "bad"
                         : model.kind == "fraud"     ? "fraud"
                         : model.kind == "customers" ? "positive"
                                                     : nullptr;
  if (positive == nullptr) {
    throw base::Error(base::ErrorCode::unsupported, "a model of kind " + model.kind + " scores no rows of a table",
                      model.folder, "credit, fraud or customers");
  }
  const base::Json training = base::json_field<base::Json>(model.document, "training", model.folder);
  return {base::json_field<std::string>(training, "label", model.folder),
          base::json_field<std::string>(training, positive, model.folder)};
}

bool has_outcome(const ingest::Record& row, const ModelOutcome& outcome, bool& event) {
  const auto text = row.text(outcome.label);
  if (outcome.label.empty() || !text || tabular::is_missing_text(*text)) return false;
  event = *text == outcome.positive;
  return true;
}

}  // namespace ballast::apps
