// SPDX-License-Identifier: Apache-2.0
// Fields of the desk's TOML files, read with errors that name file, table and field.
#pragma once

#include <toml++/toml.h>
#include <initializer_list>
#include <string>
#include <string_view>

namespace ballast::risk {

/// Throws bad_input with the line.
toml::table parse_toml(std::string_view text, const std::string& where);

/// Throws bad_input for a key that is not known, with the nearest that is.
void refuse_unknown(const toml::table& table, std::initializer_list<std::string_view> known, const std::string& where,
                    const std::string& inside);

/// A number in [low, high]; `otherwise` where the key is absent.
double number_field(const toml::table& table, std::string_view key, double otherwise, double low, double high,
                    const std::string& where, const std::string& inside);

}  // namespace ballast::risk
