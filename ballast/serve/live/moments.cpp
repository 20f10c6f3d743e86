// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/moments.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "ballast/base/error.h"

namespace ballast::serve {
namespace {

using namespace std::chrono;

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return {};
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data() + at, text.data() + at + count, value);
  if (failed != std::errc() || end != text.data() + at + count) return {};
  return value;
}

std::optional<year_month_day> day_at_start(std::string_view text) {
  const auto y = digits(text, 0, 4), m = digits(text, 5, 2), d = digits(text, 8, 2);
  if (!y || !m || !d || text[4] != '-' || text[7] != '-') return {};
  const year_month_day day{year(*y), month(static_cast<unsigned>(*m)), std::chrono::day(static_cast<unsigned>(*d))};
  return day.ok() ? std::optional(day) : std::nullopt;
}

}  // namespace

std::string moment_text(sys_time<milliseconds> at) {
  const auto midnight = floor<days>(at);
  const year_month_day day{midnight};
  const hh_mm_ss time{at - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

std::string moment_after(milliseconds after) {
  return moment_text(floor<milliseconds>(system_clock::now()) + after);
}

std::string parse_moment(const std::string& text, bool end, const std::string& where) {
  const auto fail = [&]() -> std::string {
    throw base::Error(base::ErrorCode::bad_input, "is no day and no moment", where,
                      "2026-11-01 or 2026-11-01T08:30:00Z");
  };
  const auto day = day_at_start(text);
  if (!day) return fail();
  if (text.size() == 10) return text + (end ? "T23:59:59.999Z" : "T00:00:00.000Z");
  const auto h = digits(text, 11, 2), m = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60 || (text[10] != 'T' && text[10] != ' ')) return fail();
  std::size_t at = 19;
  int millis = 0;
  if (at < text.size() && text[at] == '.') {
    std::string fraction;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) fraction += text[at];
    if (fraction.empty()) return fail();
    fraction.resize(3, '0');
    millis = std::stoi(fraction);
  }
  seconds offset{0};
  const std::string_view zone = std::string_view(text).substr(at);
  if (zone != "Z" && zone != "z") {
    const auto oh = digits(zone, 1, 2), om = digits(zone, 4, 2);
    if (zone.size() != 6 || !oh || !om || (zone[0] != '+' && zone[0] != '-')) return fail();
    offset = (zone[0] == '+' ? 1 : -1) * (hours(*oh) + minutes(*om));
  }
  // In milliseconds: the nanoseconds of the system's clock end in the year 2262.
  const sys_time<milliseconds> moment =
      sys_days(*day) + hours(*h) + minutes(*m) + seconds(*s) + milliseconds(millis) - offset;
  const int in_utc = static_cast<int>(year_month_day(floor<days>(moment)).year());
  if (in_utc < 0 || in_utc > 9999) return fail();  // such texts would not compare
  return moment_text(moment);
}

}  // namespace ballast::serve
