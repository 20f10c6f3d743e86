// SPDX-License-Identifier: Apache-2.0
// What the readers of rich texts share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ballast::ingest {

/// UTF-8 without zero-width and bidirectional control characters, each run of which adds one to `hidden`. What is no
/// UTF-8 becomes U+FFFD; a byte-order mark at the start goes uncounted.
std::string visible_utf8(std::string_view bytes, std::int64_t& hidden);

/// Text of a page whose lines end where the page does: a line that does not end a sentence goes on in the next one,
/// with a space, or with nothing between Chinese characters.
std::string joined_lines(const std::string& text);

}  // namespace ballast::ingest
