// SPDX-License-Identifier: Apache-2.0
// Rows of a table through a model of credit, fraud or customers, whichever it is: what drift reports, cards and shadows
// share.
#pragma once

#include <string>
#include <vector>

#include "ballast/govern/inventory.h"
#include "ballast/ingest/record.h"

namespace ballast::apps {

struct ScoredRow {
  ingest::Record record;
  double probability = 0;
};

/// Rows that the model cannot score go to `sink`. Values that training never saw are scored as if nothing were known
/// about them. Throws unsupported for a model of another kind, and what the desks throw.
std::vector<ScoredRow> score_rows(const govern::ModelFacts& model, std::vector<ingest::Record> rows,
                                  const ingest::QuarantineSink& sink);

/// The column of what comes of a case, and its value that the probability is of.
struct ModelOutcome {
  std::string label, positive;
};
ModelOutcome outcome_of_model(const govern::ModelFacts& model);

/// Whether a row says what came of it; if so, whether it was the event.
bool has_outcome(const ingest::Record& row, const ModelOutcome& outcome, bool& event);

}  // namespace ballast::apps
