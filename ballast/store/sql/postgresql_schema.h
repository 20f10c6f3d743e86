// SPDX-License-Identifier: Apache-2.0
// The schema is written once, in SQLite's words (schema.cpp, service_schema.cpp); here is what PostgreSQL is told
// instead.
#pragma once

#include <string>
#include <vector>

namespace ballast::store {

/// The statements that do on PostgreSQL what `statement`, a "create table", "create index" or "create trigger" of the
/// schema, does on SQLite. Every table gets a column `position` that counts its rows, as SQLite's rowid does; texts
/// compare byte by byte on both; numbers with a fraction have 64 bits on both.
std::vector<std::string> in_postgresql(const std::string& statement);

}  // namespace ballast::store
