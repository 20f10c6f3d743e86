// SPDX-License-Identifier: Apache-2.0
// Parts of `ballast mask`.
#pragma once

#include <string>
#include <vector>

#include "ballast/text/personal_data.h"
#include "verb.h"

namespace ballast::apps {

void add_mask(CLI::App& app, Common& common);

/// The entries that a sealed vault holds. Throws not_found, bad_input.
std::vector<text::Masker::Entry> read_vault(const std::string& path, const std::string& key_file);
/// Replaces the vault whole.
void write_vault(const std::string& path, const std::string& key_file, const std::vector<text::Masker::Entry>& entries);

/// Precision and recall on sentences in which personal data is marked.
void evaluate_masking(const std::string& path, const Common& common);

}  // namespace ballast::apps
