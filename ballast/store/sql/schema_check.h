// SPDX-License-Identifier: Apache-2.0
// Whether a database still is what this program made it: someone may have dropped the trigger that keeps the trail.
#pragma once

#include <soci/soci.h>

#include <functional>
#include <string>

namespace ballast::store {

/// Tells of every table, column, index, trigger and function that a new store has otherwise, or that is missing.
/// Outside a transaction.
void check_schema(soci::session& sql, const std::function<void(const std::string& what)>& damaged);

/// Tells of damaged pages. SQLite only: PostgreSQL checks its own (initdb --data-checksums).
void check_pages(soci::session& sql, const std::function<void(const std::string& what)>& damaged);

}  // namespace ballast::store
