// SPDX-License-Identifier: Apache-2.0
// The tables as they stand now, or as they stood at a moment.
#pragma once

#include <string>

#include "ballast/store/sql/query.h"

namespace ballast::store {

/// Names or subqueries to select from. With a moment, what was replaced since comes from the tables of the past.
struct Tables {
  std::string documents = "documents", assessments = "assessments", signals = "signals", feedback = "feedback";
};
Tables tables_at(Query& query, const std::string& as_of);

/// When a document "d" happened: published or, where that is unsaid, stored.
inline constexpr const char* kMoment = "case when d.published_at = '' then d.created_at else d.published_at end";

}  // namespace ballast::store
