// SPDX-License-Identifier: Apache-2.0
// One line of CSV at a time, for files that are followed while they grow. Whole files are read by record.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::ingest {

/// The most frequent of comma, tab and semicolon outside quotes.
char csv_delimiter(std::string_view header);

/// The fields of a line by RFC 4180, quotes taken off; nothing where a quote is not closed on this line or text follows
/// a closing one. A field with a line break inside is therefore not supported here.
std::optional<std::vector<std::string>> split_csv_line(std::string_view line, char delimiter);

}  // namespace ballast::ingest
