// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/risk/market_calendar.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

Day day(const char* text) {
  return *parse_day(text);
}
Moment moment(const char* text) {
  return *parse_moment(text);
}

TEST(Calendar, KnowsClosuresThatTheLibraryLacks) {
  const auto nyse = TradingCalendar::named("NYSE"), sse = TradingCalendar::named("SSE");
  EXPECT_FALSE(nyse.is_session(day("2025-01-09")));
  EXPECT_FALSE(nyse.is_session(day("2012-10-29")));
  EXPECT_TRUE(nyse.is_session(day("2025-01-10")));
  for (const char* closed : {"2024-02-09", "2024-02-12", "2024-10-07", "2025-10-02", "2025-10-08", "2026-02-23"}) {
    EXPECT_FALSE(sse.is_session(day(closed))) << closed;
  }
  for (const char* open : {"2024-02-08", "2024-02-19", "2025-02-05", "2025-10-09", "2026-02-24"}) {
    EXPECT_TRUE(sse.is_session(day(open))) << open;
  }
  EXPECT_FALSE(sse.is_session(day("2024-02-04")));  // a working Sunday in China, no session
  EXPECT_EQ(day_text(sse.session_after(day("2025-09-30"))), "2025-10-09");
  EXPECT_THROW(TradingCalendar::named("NASDAQX"), base::Error);
}

TEST(Calendar, MatchesTheDaysOfRealPrices) {
  BALLAST_NEEDS_SHARED("data/market_prices");
  const auto folder = test::shared_dir() / "data/market_prices";
  const auto us = compare_with(TradingCalendar::named("NYSE"), read_prices((folder / "sp500_1990_2022.csv").string()));
  EXPECT_EQ(us.missing.size(), 0u);
  EXPECT_EQ(us.unexpected.size(), 0u);
  const auto china = read_prices((folder / "csi300_ohlcv_2002_2020.csv").string());
  const auto cn = compare_with(TradingCalendar::named("SSE"), china);
  EXPECT_EQ(cn.missing.size(), 0u) << (cn.missing.empty() ? "" : day_text(cn.missing[0]));
  EXPECT_EQ(cn.unexpected.size(), 0u) << (cn.unexpected.empty() ? "" : day_text(cn.unexpected[0]));
}

TEST(Calendar, MomentsAreReadInUtc) {
  EXPECT_EQ(moment_text(moment("2020-03-09T13:30:00Z")), "2020-03-09T13:30:00Z");
  EXPECT_EQ(moment_text(moment("2020-03-09T13:30:00.250+08:00")), "2020-03-09T05:30:00Z");
  EXPECT_EQ(moment_text(moment("2020-03-01T00:10:00-05:00")), "2020-03-01T05:10:00Z");
  for (const char* bad : {"2020-03-09", "2020-03-09T25:00:00Z", "2020-02-30T10:00:00Z", "2020-03-09T10:00:00", "x",
                          "2020-03-09T10:00:00.Z", "2020-03-09T10:00:00+8:00"}) {
    EXPECT_FALSE(parse_moment(bad)) << bad;
  }
}

TEST(Calendar, NewsAfterTheCloseBelongsToTheNextSession) {
  const auto nyse = TradingCalendar::named("NYSE");
  // Winter: 16:00 in New York is 21:00 UTC; summer: 20:00 UTC.
  EXPECT_EQ(day_text(nyse.session_of(moment("2020-01-10T20:59:59Z"))), "2020-01-10");
  EXPECT_EQ(day_text(nyse.session_of(moment("2020-01-10T21:00:00Z"))), "2020-01-13");  // a Friday
  EXPECT_EQ(day_text(nyse.session_of(moment("2020-07-10T19:59:59Z"))), "2020-07-10");
  EXPECT_EQ(day_text(nyse.session_of(moment("2020-07-10T20:00:00Z"))), "2020-07-13");
  EXPECT_EQ(day_text(nyse.session_of(moment("2020-07-11T12:00:00Z"))), "2020-07-13");
  EXPECT_EQ(day_text(TradingCalendar::named("SSE").session_of(moment("2020-01-10T07:00:00Z"))), "2020-01-13");
  EXPECT_EQ(day_text(TradingCalendar::named("SSE").session_of(moment("2020-01-09T23:30:00Z"))), "2020-01-10");
  EXPECT_EQ(moment_text(TradingCalendar::named("LSE").close_of(day("2020-03-30"))), "2020-03-30T15:30:00Z");
  // Daylight saving in the United States before 2007 began in April.
  EXPECT_EQ(moment_text(nyse.close_of(day("2006-03-20"))), "2006-03-20T21:00:00Z");
  EXPECT_EQ(moment_text(nyse.close_of(day("2007-03-20"))), "2007-03-20T20:00:00Z");
}

}  // namespace
}  // namespace ballast::risk
