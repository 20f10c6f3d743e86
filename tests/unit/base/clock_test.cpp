// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/clock.h"

#include <gmock/gmock.h>

namespace ballast::base {
namespace {

TEST(Clock, NowIsRfc3339InUtcWithMilliseconds) {
  EXPECT_THAT(utc_now(), ::testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"));
}

TEST(Clock, TimeGoesForward) {
  const Stopwatch watch;
  const double first = watch.seconds();
  const std::string earlier = utc_now();
  EXPECT_GE(first, 0.0);
  EXPECT_GE(watch.seconds(), first);
  EXPECT_LE(earlier, utc_now());  // the format sorts as text
}

}  // namespace
}  // namespace ballast::base
