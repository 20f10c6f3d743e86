// SPDX-License-Identifier: Apache-2.0
// The tables, and how an older store is brought up to date.
#pragma once

#include <soci/soci.h>

#include <string>

namespace ballast::store {

/// Brings the database to the newest version, in one transaction. Throws bad_input where it is newer than this program.
void migrate(soci::session& sql, const std::string& url);

int newest_version();

}  // namespace ballast::store
