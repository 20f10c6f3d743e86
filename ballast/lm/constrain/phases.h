// SPDX-License-Identifier: Apache-2.0
// Where a value stands that is being read: Frame::phase by the kind of its node.
#pragma once

#include <cstdint>
#include <limits>

namespace ballast::lm {

namespace phase {

enum StringPhase : std::uint8_t { kQuote, kContent, kEscape, kCharacter };
enum NumberPhase : std::uint8_t { kSign, kFirst, kZero, kWhole, kPoint, kFraction, kExponent, kExponentSign, kPower };
// Objects, maps and lists: before the bracket; behind it; within a key; behind the colon; behind a value; behind a
// comma.
enum ListPhase : std::uint8_t { kOpen, kOpened, kKey, kColon, kValue, kComma };

}  // namespace phase

/// Bytes to the end of what has none.
constexpr std::int64_t kNeverComplete = std::numeric_limits<std::int64_t>::max() / 4;

}  // namespace ballast::lm
