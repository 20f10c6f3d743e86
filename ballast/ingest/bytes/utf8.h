// SPDX-License-Identifier: Apache-2.0
// UTF-8 by hand: validity, trimming and cutting, always at character boundaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ballast::ingest {

/// Length in bytes of the valid character that starts at `at`; 0 where the bytes are not UTF-8 (overlong forms,
/// surrogates and values above U+10FFFF included).
std::size_t utf8_length(std::string_view text, std::size_t at);

/// Offset of the first byte that is not part of valid UTF-8; npos where all is well.
std::size_t first_invalid_utf8(std::string_view text);

void append_utf8(std::string& out, char32_t c);

/// True where `text` holds nothing but white space (ASCII, U+00A0, U+3000, U+FEFF, U+200B).
bool is_blank(std::string_view text);

/// At most `limit` bytes from the front for messages: valid UTF-8, line breaks as spaces.
std::string excerpt(std::string_view text, std::size_t limit = 80);

}  // namespace ballast::ingest
