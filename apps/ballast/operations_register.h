// SPDX-License-Identifier: Apache-2.0
// The loss register as the verbs use it: rows of a file checked, or what the store keeps, and dates as days.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/decide/event_decision.h"
#include "ballast/risk/operations_events.h"
#include "ballast/store/store.h"
#include "operations.h"

namespace ballast::apps {

/// Reads rows with id, date, type, category, amount, recovery, currency, description (category, recovery and
/// description may be empty or absent). Amounts come out with two decimals. Rows with a repeated id, an impossible or
/// future date, an unknown type or category, a negative amount or a recovery above it go to `aside`.
std::vector<store::LossEventRecord> read_register(const std::string& file, SetAside& aside);

/// The register from `file` or, where that is empty, from the store. Throws bad_input where it holds no event.
std::vector<store::LossEventRecord> register_of(const std::string& file, bool strict, const Common& common);

using decide::date_of;
using decide::event_times;
using decide::Observation;

/// `from` and `as_of` as YYYY-MM-DD; empty: the first and last day of the register, which is then said. Throws usage
/// where they are no dates or in the wrong order.
Observation observation_of(const std::vector<store::LossEventRecord>& losses, const std::string& from,
                           const std::string& as_of, const Common& common);

/// An option that must be a date. Throws usage naming it.
std::int64_t date_option(const std::string& text, const std::string& option);

/// A stored decimal string as a number.
double amount_of(const std::string& decimal);

}  // namespace ballast::apps
