// SPDX-License-Identifier: Apache-2.0
// When exchanges trade: a date, or a time of publication, comes in; whether it is a session, and the first session
// whose close can know of it, go out. QuantLib's holiday rules with our own table for the closures that they lack.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/risk/market.h"

namespace ballast::risk {

/// A moment in UTC, to the second.
using Moment = std::chrono::sys_seconds;

/// RFC 3339, "2020-03-09T13:30:00Z" or with an offset "+08:00"; fractions of a second are dropped. Nothing where it is
/// not one; a bare date is not a moment.
std::optional<Moment> parse_moment(std::string_view text);
std::string moment_text(Moment moment);

class TradingCalendar {
 public:
  /// "NYSE", "SSE" (Shanghai and Shenzhen), "LSE", "HKEX", "JPX", "XETRA", "weekdays". Throws usage with the nearest
  /// name.
  static TradingCalendar named(const std::string& name);
  static const std::vector<std::string>& names();

  const std::string& name() const;
  bool is_session(Day day) const;
  /// The first session on or after `day`.
  Day session_from(Day day) const;
  /// The first session after `day`.
  Day session_after(Day day) const;
  /// Holidays are announced year by year: beyond this day only rules and weekends are known.
  Day known_until() const;

  /// The regular close of a session, in UTC, with daylight saving as in force on that day (United States since 1967,
  /// Europe since 1996). Early closes (a few half-days a year) are taken as regular ones: pass news of such an
  /// afternoon with its own `available_at` where that matters.
  Moment close_of(Day session) const;
  /// The first session that closes after `moment`: what becomes known after the close belongs to the next session.
  Day session_of(Moment moment) const;

 private:
  struct Rules;
  explicit TradingCalendar(std::shared_ptr<const Rules> rules);
  std::shared_ptr<const Rules> rules_;
};

struct CalendarFit {
  std::vector<Day> missing;     // sessions between the first and last bar without a bar
  std::vector<Day> unexpected;  // bars on days that are no session
};
CalendarFit compare_with(const TradingCalendar& calendar, const PriceSeries& series);

}  // namespace ballast::risk
