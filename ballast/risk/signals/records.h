// SPDX-License-Identifier: Apache-2.0
// A document's risk as the store keeps it, and back.
#pragma once

#include "ballast/risk/signals.h"
#include "ballast/store/store.h"

namespace ballast::risk {

store::AssessedDocument to_record(const store::DocumentRecord& document, const DocumentRisk& risk, std::uint64_t seed);
DocumentRisk from_record(const store::AssessedDocument& stored);

}  // namespace ballast::risk
