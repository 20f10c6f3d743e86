// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ql/time/calendars/china.hpp>
#include <ql/time/calendars/germany.hpp>
#include <ql/time/calendars/hongkong.hpp>
#include <ql/time/calendars/japan.hpp>
#include <ql/time/calendars/unitedkingdom.hpp>
#include <ql/time/calendars/unitedstates.hpp>
#include <ql/time/calendars/weekendsonly.hpp>

#include "ballast/base/error.h"

namespace ballast::risk {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
namespace ch = std::chrono;

enum class Zone { new_york, london, berlin, china, tokyo, none };

Day date(int y, unsigned m, unsigned d) {
  return Day(ch::year(y) / ch::month(m) / ch::day(d));
}

/// Closures and openings that QuantLib 1.29 does not have. Sources: the yearly holiday notices of the exchanges.
struct Exceptions {
  std::vector<Day> closed, open;
};

Exceptions nyse() {
  return {{date(2025, 1, 9)}, {}};
}  // day of mourning for President Carter

/// Shanghai and Shenzhen: the notices for 2024 to 2026, and what the rules get wrong before 2008.
Exceptions sse() {
  Exceptions e;
  const auto closed = [&](int y, unsigned m, unsigned from, unsigned to) {
    for (unsigned d = from; d <= to; ++d) e.closed.push_back(date(y, m, d));
  };
  // Found by comparison with the CSI 300's days: closures of 2002 and 2003 (the epidemic lengthened the May holiday) …
  closed(2002, 2, 11, 22), closed(2002, 9, 30, 30), closed(2003, 1, 30, 31), closed(2003, 2, 3, 7);
  closed(2003, 5, 8, 9);
  // … and the traditional feasts, which were sessions before they became public holidays in 2008.
  for (int y = 2002; y <= 2007; ++y) {
    for (const Day feast : {date(y, 4, 4), date(y, 6, 9), date(y, 9, 15)}) {
      if (ch::weekday(feast).iso_encoding() <= 5) e.open.push_back(feast);
    }
  }
  closed(2024, 1, 1, 1), closed(2024, 2, 9, 16), closed(2024, 4, 4, 5), closed(2024, 5, 1, 3);
  closed(2024, 6, 10, 10), closed(2024, 9, 16, 17), closed(2024, 10, 1, 7);
  closed(2025, 1, 1, 1), closed(2025, 1, 28, 31), closed(2025, 2, 3, 4), closed(2025, 4, 4, 4);
  closed(2025, 5, 1, 5), closed(2025, 6, 2, 2), closed(2025, 10, 1, 8);
  closed(2026, 1, 1, 2), closed(2026, 2, 16, 23), closed(2026, 4, 6, 6), closed(2026, 5, 1, 5);
  closed(2026, 6, 19, 19), closed(2026, 9, 25, 25), closed(2026, 10, 1, 7);
  return e;
}

QuantLib::Date ql(Day day) {
  const ch::year_month_day d(day);
  return {static_cast<QuantLib::Day>(static_cast<unsigned>(d.day())),
          static_cast<QuantLib::Month>(static_cast<unsigned>(d.month())), static_cast<int>(d.year())};
}

Day nth_sunday(int y, unsigned m, unsigned n) {
  return Day(ch::year(y) / ch::month(m) / ch::weekday_indexed(ch::Sunday, n));
}
Day last_sunday(int y, unsigned m) {
  return Day(ch::year(y) / ch::month(m) / ch::Sunday[ch::last]);
}

/// Uniform Time Act and its amendments of 1986 and 2005. The oil-crisis winters of 1974 and 1975 are left out.
bool summer_in_new_york(Day day) {
  const int y = static_cast<int>(ch::year_month_day(day).year());
  if (y < 1967) return false;
  const Day begin = y >= 2007 ? nth_sunday(y, 3, 2) : y >= 1987 ? nth_sunday(y, 4, 1) : last_sunday(y, 4);
  return day >= begin && day < (y >= 2007 ? nth_sunday(y, 11, 1) : last_sunday(y, 10));
}

/// Directive 2000/84/EC; the dates are those used throughout the European Union since 1996.
bool summer_in_europe(Day day) {
  const int y = static_cast<int>(ch::year_month_day(day).year());
  return day >= last_sunday(y, 3) && day < last_sunday(y, 10);
}

hours utc_offset(Zone zone, Day day) {
  switch (zone) {
    case Zone::new_york:
      return hours(summer_in_new_york(day) ? -4 : -5);
    case Zone::london:
      return hours(summer_in_europe(day) ? 1 : 0);
    case Zone::berlin:
      return hours(summer_in_europe(day) ? 2 : 1);
    case Zone::china:
      return hours(8);
    case Zone::tokyo:
      return hours(9);
    case Zone::none:
      break;
  }
  return hours(0);
}

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// "Z", "+08:00", "-05:00" as minutes east of Greenwich.
std::optional<minutes> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return {};
  const auto h = digits(text.substr(1, 2)), m = digits(text.substr(4, 2));
  if (!h || !m || *h > 23 || *m > 59) return {};
  return minutes((text[0] == '-' ? -1 : 1) * (*h * 60 + *m));
}

}  // namespace

struct TradingCalendar::Rules {
  std::string name;
  QuantLib::Calendar calendar;
  Exceptions exceptions;
  Zone zone = Zone::none;
  minutes close{};  // local time of day
  Day known_until;
};

TradingCalendar::TradingCalendar(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

const std::vector<std::string>& TradingCalendar::names() {
  static const std::vector<std::string> kNames = {"NYSE", "SSE", "LSE", "HKEX", "JPX", "XETRA", "weekdays"};
  return kNames;
}

TradingCalendar TradingCalendar::named(const std::string& name) {
  using namespace QuantLib;
  const auto make = [&](Calendar c, Exceptions e, Zone zone, int close_minutes, risk::Day known) {
    return TradingCalendar(
        std::make_shared<const Rules>(Rules{name, std::move(c), std::move(e), zone, minutes(close_minutes), known}));
  };
  if (name == "NYSE") {
    return make(UnitedStates(UnitedStates::NYSE), nyse(), Zone::new_york, 16 * 60, date(2026, 12, 31));
  }
  if (name == "SSE") return make(China(China::SSE), sse(), Zone::china, 15 * 60, date(2026, 12, 31));
  if (name == "LSE") {
    return make(UnitedKingdom(UnitedKingdom::Exchange), {}, Zone::london, 16 * 60 + 30, date(2023, 12, 31));
  }
  if (name == "HKEX") return make(HongKong(HongKong::HKEx), {}, Zone::china, 16 * 60, date(2022, 12, 31));
  if (name == "JPX") return make(Japan(), {}, Zone::tokyo, 15 * 60, date(2023, 12, 31));
  if (name == "XETRA") return make(Germany(Germany::Xetra), {}, Zone::berlin, 17 * 60 + 30, date(2026, 12, 31));
  if (name == "weekdays") return make(WeekendsOnly(), {}, Zone::none, 24 * 60, date(2199, 12, 31));
  throw base::Error(base::ErrorCode::usage, "no calendar is called \"" + name + "\"", "--calendar",
                    fmt::format("known: {}", fmt::join(names(), ", ")));
}

const std::string& TradingCalendar::name() const {
  return rules_->name;
}

bool TradingCalendar::is_session(Day day) const {
  const auto& e = rules_->exceptions;
  if (std::find(e.closed.begin(), e.closed.end(), day) != e.closed.end()) return false;
  if (std::find(e.open.begin(), e.open.end(), day) != e.open.end()) return true;
  const ch::weekday w(day);
  if (w == ch::Saturday || w == ch::Sunday) return false;  // no exchange here trades on working weekends
  if (day < date(1901, 1, 1)) return true;                 // where QuantLib's dates begin
  return rules_->calendar.isBusinessDay(ql(day));
}

Day TradingCalendar::session_from(Day day) const {
  while (!is_session(day)) day += days(1);
  return day;
}

Day TradingCalendar::session_after(Day day) const {
  return session_from(day + days(1));
}

Day TradingCalendar::known_until() const {
  return rules_->known_until;
}

Moment TradingCalendar::close_of(Day session) const {
  minutes close = rules_->close;
  if (rules_->name == "JPX" && session >= date(2024, 11, 5)) close += minutes(30);  // arrowhead 4.0
  return Moment(session) + close - utc_offset(rules_->zone, session);
}

Day TradingCalendar::session_of(Moment moment) const {
  Day day = session_from(ch::floor<days>(moment) - days(1));  // a day earlier: exchanges east and west of Greenwich
  while (close_of(day) <= moment) day = session_after(day);
  return day;
}

std::optional<Moment> parse_moment(std::string_view text) {
  if (text.size() < 20 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return std::nullopt;
  const auto day = parse_day(text.substr(0, 10));
  const auto h = digits(text.substr(11, 2)), m = digits(text.substr(14, 2)), s = digits(text.substr(17, 2));
  if (!day || text[4] != '-' || text[13] != ':' || text[16] != ':' || !h || !m || !s || *h > 23 || *m > 59 || *s > 60) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(19);
  if (rest.front() == '.') {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == std::string_view::npos || end == 1) return std::nullopt;
    rest = rest.substr(end);
  }
  const auto offset = parse_offset(rest);
  if (!offset) return std::nullopt;
  return Moment(*day) + hours(*h) + minutes(*m) + ch::seconds(*s) - *offset;
}

std::string moment_text(Moment moment) {
  const Day day = ch::floor<days>(moment);
  const ch::hh_mm_ss time(moment - Moment(day));
  return fmt::format("{}T{:02}:{:02}:{:02}Z", day_text(day), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

CalendarFit compare_with(const TradingCalendar& calendar, const PriceSeries& series) {
  CalendarFit fit;
  const auto& bars = series.bars;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (!calendar.is_session(bars[i].day)) fit.unexpected.push_back(bars[i].day);
    if (i == 0) continue;
    for (Day day = calendar.session_after(bars[i - 1].day); day < bars[i].day; day = calendar.session_after(day)) {
      fit.missing.push_back(day);
    }
  }
  return fit;
}

}  // namespace ballast::risk
