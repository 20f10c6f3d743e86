// SPDX-License-Identifier: Apache-2.0
// Decisions from within a write transaction that does more than keep them.
#pragma once

#include <soci/soci.h>

#include <span>
#include <string>
#include <vector>

#include "ballast/store/store.h"

namespace ballast::store {

/// Adds those that are not there, each with its entry in the audit trail. One answer a decision.
std::vector<Put> write_decisions(soci::session& sql, const std::string& actor,
                                 std::span<const DecisionRecord> decisions);

}  // namespace ballast::store
