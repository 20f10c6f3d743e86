// SPDX-License-Identifier: Apache-2.0
// Which files a source names, and which format a file is in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/ingest/record.h"

namespace ballast::ingest {

/// By extension (.gz looked through); Format::detect where it says nothing.
Format format_of_name(const std::string& source);

/// HTML and PDF by extension: one document a file, read by rich_text.h.
bool is_page(const std::string& source);

/// By the first bytes: objects, an array of objects, a header with a known text column, else plain lines.
Format format_of_content(std::string_view start);

/// The readable files below a folder, sorted by path, without hidden ones; adds the number of others to `skipped`.
std::vector<std::string> list_files(const std::string& folder, std::int64_t& skipped);

}  // namespace ballast::ingest
