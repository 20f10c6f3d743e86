// SPDX-License-Identifier: Apache-2.0
// What a hub says of a model: its commit and its files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::remote {

struct ListedFile {
  std::string path;
  std::int64_t size = 0;
  std::string checksum;  // "sha256:…" or "git:…"
};

/// The commit of an answer to …/revision/…. Throws bad_input.
std::string read_commit(std::string_view json, const std::string& where);

/// The files of an answer to …/tree/…. Throws bad_input for what is no listing, and for a path that would leave the
/// folder.
std::vector<ListedFile> read_listing(std::string_view json, const std::string& where);

/// The files that a model needs (or those that the patterns name). Throws not_found where nothing is left, unsupported
/// where the weights are pickled only.
std::vector<ListedFile> choose_files(const std::vector<ListedFile>& all, const std::vector<std::string>& only,
                                     const std::string& where);

/// Whether a name matches a pattern with * (any characters) and ? (one).
bool matches_pattern(std::string_view name, std::string_view pattern);

/// git's name of a file's content: SHA-1 over "blob SIZE\0" and the bytes.
std::string git_blob_hash(std::string_view bytes);

}  // namespace ballast::remote
