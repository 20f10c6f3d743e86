// SPDX-License-Identifier: Apache-2.0
// Records of the store as the API shows them. The schemas that describe them are in schemas.cpp.
#pragma once

#include "ballast/base/json.h"
#include "ballast/risk/operations_cases.h"
#include "ballast/risk/signals.h"
#include "ballast/store/accounts.h"
#include "ballast/store/lists.h"
#include "ballast/store/work.h"

namespace ballast::serve {

using risk::to_json;  // cases

base::Json to_json(const store::AssessmentRecord& assessment);
base::Json to_json(const store::ListedDocument& document);
base::Json to_json(const store::ListedSignal& signal);
base::Json to_json(const store::EntityRecord& entity);
base::Json to_json(const store::ListedEntity& entity);
/// Without its inputs.
base::Json to_json(const store::ListedDecision& decision);
base::Json to_json(const store::AlertRecord& alert);
base::Json to_json(const store::FeedbackRecord& feedback);
base::Json to_json(const store::OverrideRecord& override);
base::Json to_json(const store::JobRecord& job);
base::Json to_json(const store::LossEventRecord& loss);
base::Json to_json(const store::QuarantineRecord& row);
base::Json to_json(const store::UserRecord& user);
base::Json to_json(const store::KeyRecord& key);
/// What a scan says of a document, as `ballast scan --json` does, with its entities.
base::Json to_json(const risk::DocumentRisk& risk, bool all);

/// The text, or null where it is empty.
base::Json or_null(const std::string& text);

}  // namespace ballast::serve
