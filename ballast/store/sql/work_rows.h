// SPDX-License-Identifier: Apache-2.0
// Rows of the tables of work as records.
#pragma once

#include "ballast/store/sql/query.h"
#include "ballast/store/work.h"

namespace ballast::store {

inline constexpr const char* kAlertColumns =
    "id, kind, severity, title, subject_id, document_id, status, case_id, acknowledged_by, acknowledged_at, note,"
    " created_at";
inline constexpr const char* kFeedbackColumns =
    "id, subject_kind, subject_id, verdict, risk, severity, note, actor, created_at";
inline constexpr const char* kOverrideColumns =
    "id, decision_id, outcome, reason, status, proposed_by, decided_by, decided_at, note, created_at";
inline constexpr const char* kJobColumns =
    "id, kind, status, request, progress, result, error, created_by, started_at, finished_at, created_at";

AlertRecord to_alert(const soci::row& row);
FeedbackRecord to_feedback(const soci::row& row);
OverrideRecord to_override(const soci::row& row, std::size_t first = 0);
JobRecord to_job(const soci::row& row);

}  // namespace ballast::store
