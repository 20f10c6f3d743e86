// SPDX-License-Identifier: Apache-2.0
// Moments as the API writes them.
#pragma once

#include <chrono>
#include <string>

namespace ballast::serve {

/// RFC 3339 in UTC with milliseconds, as base::utc_now() gives it.
std::string moment_text(std::chrono::sys_time<std::chrono::milliseconds> at);
std::string moment_after(std::chrono::milliseconds time);

/// "2026-11-01" or RFC 3339 in UTC, as a moment that compares with the store's; `end`: a day means its last
/// millisecond, else its first. Throws bad_input naming `where`.
std::string parse_moment(const std::string& text, bool end, const std::string& where);

}  // namespace ballast::serve
