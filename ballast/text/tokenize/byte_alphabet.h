// SPDX-License-Identifier: Apache-2.0
// GPT-2's printable alphabet: each byte is written as one visible character in vocabularies ("Ġ" is the space).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ballast::text {

/// The character that stands for each byte.
const std::array<char32_t, 256>& byte_characters();

std::string to_byte_characters(std::string_view bytes);

/// The bytes that a token stands for; nothing when it has a character outside the alphabet.
std::optional<std::string> from_byte_characters(std::string_view token);

}  // namespace ballast::text
