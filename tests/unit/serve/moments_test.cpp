// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/moments.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"

namespace ballast::serve {
namespace {

TEST(Moments, AreTakenInUtcToTheMillisecond) {
  EXPECT_EQ(parse_moment("2026-11-01", false, "x"), "2026-11-01T00:00:00.000Z");
  EXPECT_EQ(parse_moment("2026-11-01", true, "x"), "2026-11-01T23:59:59.999Z");
  EXPECT_EQ(parse_moment("2026-11-01T00:30:00.25+01:00", false, "x"), "2026-10-31T23:30:00.250Z");
}

// The system's clock counts nanoseconds, which end in the year 2262: found by the damaged requests.
TEST(Moments, FarYearsAreThemselves) {
  EXPECT_EQ(parse_moment("9026-11-01T08:30:00Z", false, "x"), "9026-11-01T08:30:00.000Z");
  EXPECT_EQ(parse_moment("0001-01-01T00:00:00Z", false, "x"), "0001-01-01T00:00:00.000Z");
  EXPECT_THROW(parse_moment("9999-12-31T23:59:59-05:00", false, "x"), base::Error);
}

}  // namespace
}  // namespace ballast::serve
