// SPDX-License-Identifier: Apache-2.0
// Rows from one store to another, whatever database either is.
#pragma once

#include <soci/soci.h>

namespace ballast::store {

/// Copies the rows of every table, in the order in which they were stored, into `to`, which has the newest schema and
/// no rows. Both must have the newest version; the caller holds a transaction on both.
void copy_rows(soci::session& from, soci::session& to);

/// Drops the tables and functions of the schema, within the caller's transaction. PostgreSQL only.
void drop_all(soci::session& sql);

}  // namespace ballast::store
