// SPDX-License-Identifier: Apache-2.0
// Runs a verb of this very program in a process of its own, as a user would type it, and reads what it answers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ballast::apps {

/// Standard output of `ballast WORDS…`, run in `folder`. Throws Error(io) with the verb's own words where its exit code
/// is not 0.
std::string run_own(const std::vector<std::string>& words, const std::filesystem::path& folder);

/// A word as a shell reads it back.
std::string shell_quoted(const std::string& word);
/// Words separated by spaces, each shell_quoted().
std::string shell_line(const std::vector<std::string>& words);

}  // namespace ballast::apps
