// SPDX-License-Identifier: Apache-2.0
// Turns of a conversation as decision records (kind "answer") and as JSON: what a verb or a service stores and shows.
#pragma once

#include <string>

#include "ballast/assist/assistant.h"
#include "ballast/base/json.h"
#include "ballast/decide/decision.h"

namespace ballast::assist {

/// The record of one turn, not yet sealed; `subject` names conversation and turn. Its inputs are the masked question,
/// what came before, and where the knowledge base is; the base itself is pinned by its hash.
decide::Decision answer_record(const Assistant& assistant, const Asked& asked, const Answer& answer,
                               const std::string& subject);

/// The question of a record's inputs. Throws bad_input.
Asked asked_of(const decide::Decision& record);

/// {"outcome","text","language","citations":[{"source","anchor","heading","quote","start","end"}],"suggestions","hand_over",
/// "intent","confidence","understood","follow_up","passages"}.
base::Json answer_json(const Answer& answer, const Assistant& assistant);

}  // namespace ballast::assist
