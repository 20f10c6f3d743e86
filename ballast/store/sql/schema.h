// SPDX-License-Identifier: Apache-2.0
// The tables, and how an older store is brought up to date.
#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

namespace ballast::store {

/// Brings the database to the newest version, in one transaction. Throws bad_input where it is newer than this program.
void migrate(soci::session& sql, const std::string& url);

/// Declares the newest schema in an empty database or schema, within the caller's transaction.
void declare_all(soci::session& sql);

int newest_version();

/// Every table of the newest schema but schema_version; one comes after those that it refers to.
std::vector<std::string> table_names();

}  // namespace ballast::store
