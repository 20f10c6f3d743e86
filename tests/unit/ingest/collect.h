// SPDX-License-Identifier: Apache-2.0
// Reads sources whole, for tests.
#pragma once

#include <string>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/ingest/document.h"
#include "tests/support/scratch.h"

namespace ballast::test {

struct Collected {
  std::vector<ingest::Document> documents;
  std::vector<ingest::Quarantined> bad;
  ingest::IngestReport report;
};

inline Collected collect(const std::vector<std::string>& sources, const ingest::ReadOptions& options = {}) {
  Collected all;
  all.report = ingest::read_documents(
      sources, options, [&](ingest::Document&& d) { all.documents.push_back(std::move(d)); },
      [&](const ingest::Quarantined& q) { all.bad.push_back(q); });
  return all;
}

inline std::string put(const ScratchFolder& folder, const std::string& name, std::string_view bytes) {
  std::filesystem::create_directories((folder / name).parent_path());
  base::write_file_atomic(folder / name, bytes);
  return (folder / name).string();
}

/// The message of the base::Error that `action` throws; "" where it throws none.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const base::Error& e) {
    return e.problem() + (e.hint().empty() ? "" : " | " + e.hint());
  }
  return "";
}

}  // namespace ballast::test
