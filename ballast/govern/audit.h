// SPDX-License-Identifier: Apache-2.0
// Verification of the audit trail, and checkpoints of it that can be kept elsewhere: who holds a checkpoint sees also
// that the end of the trail was cut off.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/store/audit.h"

namespace ballast::govern {

/// The state of a trail at one moment, signed with Ed25519 (RFC 8032; libsodium).
struct Checkpoint {
  std::int64_t number = 0;            // of the last entry
  std::string hash;                   // of that entry
  std::string at;                     // RFC 3339
  std::string public_key, signature;  // hexadecimal
};
base::Json to_json(const Checkpoint& checkpoint);
/// Throws bad_input where a field is missing.
Checkpoint checkpoint_from(const base::Json& json, const std::string& where);

/// A new pair: the secret key goes to `file` (readable by its owner alone; throws io, or usage where the file is there
/// already), the public key comes back in hexadecimal.
std::string make_signing_key(const std::filesystem::path& file);
/// The public key that belongs to the secret one in `file`. Throws bad_input for what is no key.
std::string public_key_of(const std::filesystem::path& file);

/// Signs the head of the trail. Throws bad_input where the trail is empty.
Checkpoint sign_checkpoint(store::Store& store, const std::filesystem::path& key_file);

/// Signs one entry: whoever holds the checkpoint knows it and, through its hash, all before it.
Checkpoint sign_entry(const store::AuditEntry& entry, const std::filesystem::path& key_file);
/// Whether its signature is its key's.
bool holds(const Checkpoint& checkpoint);

struct AuditArchive;  // audit_archive.h

struct AuditFault {
  std::int64_t number = 0;  // the entry that it is about; 0: none
  std::string what;
};

struct AuditReport {
  std::int64_t entries = 0, records = 0;  // records: groups of rows compared with their entry
  std::int64_t archived = 0;              // the store's entries begin after this one
  std::int64_t checkpoints_archived = 0;  // of entries that only an archive holds: not compared without it
  std::string head;                       // hash of the last entry
  std::vector<AuditFault> faults;
  bool intact() const { return faults.empty(); }
};

/// Checks every entry (number, link, hash), every covered row against its last entry (changed, gone, or come in without
/// one), the database's own integrity, and the checkpoints: signature, and that the trail still holds the entry that
/// they saw. `public_key`, where given, is the only one whose checkpoints count. Where the first entries were archived,
/// the store is verified from there on; with all `archives`, the oldest first, from the first entry on.
AuditReport verify_audit(store::Store& store, std::span<const Checkpoint> checkpoints = {},
                         const std::optional<std::string>& public_key = {},
                         std::span<const AuditArchive> archives = {});

}  // namespace ballast::govern
