// SPDX-License-Identifier: Apache-2.0
// The loss register as the verbs use it: rows of a file checked, or what the store keeps, and dates as days.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

/// The time that is looked at: both ends whole days, [first, last].
struct Observation {
  std::int64_t first_day = 0, last_day = 0;  // days since 1970
  double days() const { return static_cast<double>(last_day - first_day + 1); }
};
/// `from` and `as_of` as YYYY-MM-DD; empty: the first and last day of the register, which is then said. Throws usage
/// where they are no dates or in the wrong order.
Observation observation_of(const std::vector<store::LossEventRecord>& losses, const std::string& from,
                           const std::string& as_of, const Common& common);

/// Days since the observation began, rising. An event with a date only happens at a time of that day drawn from the
/// seed and its id, because models of event times cannot use ties. Events outside are left out.
std::vector<double> event_times(const std::vector<store::LossEventRecord>& losses, const std::string& type,
                                const Observation& observation, std::uint64_t seed);

/// A day number as YYYY-MM-DD.
std::string date_of(std::int64_t day);

/// An option that must be a date. Throws usage naming it.
std::int64_t date_option(const std::string& text, const std::string& option);

/// A stored decimal string as a number.
double amount_of(const std::string& decimal);

}  // namespace ballast::apps
