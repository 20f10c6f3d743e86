// SPDX-License-Identifier: Apache-2.0
// Rows of tables as operational desks read them: cells that must hold something, and loss events of the register.
// What a row lacks is thrown as std::invalid_argument("column: reason"), for quarantine.
#pragma once

#include <cstdint>
#include <string>

#include "ballast/ingest/record.h"
#include "ballast/store/store.h"

namespace ballast::risk {

/// A cell that must not be empty.
std::string word_cell(const ingest::Record& row, const std::string& column);
/// A cell that must hold a finite number.
double number_cell(const ingest::Record& row, const std::string& column);

/// The row as it goes to quarantine for such an exception; the column is named where the row has it.
ingest::Quarantined row_set_aside(const ingest::Record& row, const std::string& what);

/// A loss event from id, date, type, category, amount, recovery, currency and description; category, recovery and
/// description may be empty or absent. Amounts come out with two decimals; created_at is left empty. `today` (days
/// since 1970-01-01) is the last day that something can have happened on. Throws std::invalid_argument for an
/// impossible or future date, an unknown type or category, a negative amount or a recovery above it.
store::LossEventRecord loss_event(const ingest::Record& row, std::int64_t today);
/// Whether two entries of the register say the same of an event, whenever they were made.
bool same_loss(const store::LossEventRecord& a, const store::LossEventRecord& b);

}  // namespace ballast::risk
