// SPDX-License-Identifier: Apache-2.0
// Where a store's audit trail begins, read within a transaction.
#pragma once

#include <soci/soci.h>

#include "ballast/store/audit.h"

namespace ballast::store {

AuditBase read_base(soci::session& sql);

}  // namespace ballast::store
