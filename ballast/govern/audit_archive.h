// SPDX-License-Identifier: Apache-2.0
// The oldest part of an audit trail in a file of its own: signed, complete, and taken out of the store, whose trail
// goes on from there. JSONL: a line that says what it is, the entries, and a line with the SHA-256 of all bytes before
// it and the signed checkpoint of the last entry.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ballast/govern/audit.h"

namespace ballast::govern {

struct AuditArchive {
  std::string file, sha256;  // of the file's bytes
  Checkpoint checkpoint;     // of its last entry
  std::vector<store::AuditEntry> entries;
};

/// Moves every entry before `before` (RFC 3339; a date: its first moment) from the store to `file`, signed with the
/// key. The file is whole on disk before the store lets go. Throws bad_input where there is no such entry or the trail
/// does not verify, usage where the file is there already.
AuditArchive archive_audit(store::Store& store, const std::string& before, const std::filesystem::path& file,
                           const std::filesystem::path& key_file);

/// Reads and checks an archive: signatures, numbers, links and hashes. `public_key`, where given, is the only one that
/// counts. Throws bad_input naming the line.
AuditArchive read_archive(const std::filesystem::path& file, const std::optional<std::string>& public_key = {});

/// {"number","at","actor","action","subject","records","details","previous","hash"}.
base::Json to_json(const store::AuditEntry& entry);

}  // namespace ballast::govern
