// SPDX-License-Identifier: Apache-2.0
// The audit trail: a chain of entries, each holding the hash of the one before. Everything that the store records is
// entered in the same transaction as the record itself, with the hash of the rows as they are stored, so that a change
// behind the trail's back shows. `govern` verifies it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ballast/store/store.h"

namespace ballast::store {

/// Rows of one table that belong together, and their hash when the entry was made.
struct AuditedRows {
  std::string table, key;  // the key: a JSON list, for example ["d1","risk@0a1b"]
  std::string hash;        // SHA-256; empty: no row is left
  bool operator==(const AuditedRows&) const = default;
};

struct AuditEntry {
  std::int64_t number = 0;  // from 1, without gaps
  std::string at;           // RFC 3339
  std::string actor;        // who did it; see Store::act_as
  std::string action;       // ingest, assess, quarantine, decide, lose, case.open …, adopt
  std::string subject;      // what it was done to
  std::string records;      // JSON list of [table, key, hash]
  std::string details;      // JSON object; no personal data
  std::string previous;     // hash of the entry before; 64 zeros for the first
  std::string hash;         // entry_hash() of the fields above
};

/// SHA-256 over all fields but `hash`, each with its length before it, so that no two entries read alike.
std::string entry_hash(const AuditEntry& entry);
/// What stands in `previous` of the first entry.
std::string first_previous();
/// The list in `records`. Throws bad_input where it is none.
std::vector<AuditedRows> audited_rows(const AuditEntry& entry);

/// What the trail said last of a group of rows, and in which entry.
struct KnownRows {
  AuditedRows rows;
  std::int64_t number = 0;
  bool operator==(const KnownRows&) const = default;
};

/// Where the trail of this store begins: after what was archived. Without an archive: number 0, first_previous().
struct AuditBase {
  std::int64_t number = 0;       // the last archived entry
  std::string hash;              // its hash
  std::string at;                // RFC 3339: when it was archived
  std::string file, sha256;      // name of the archive and SHA-256 of its bytes
  std::vector<KnownRows> state;  // of the groups that were there then
};
/// SHA-256 over the state, in the order of tables and keys.
std::string state_hash(const AuditBase& base);

/// Empty members say nothing. Moments are half-open.
struct AuditFilter {
  std::string actor, action, subject, from, to;
};

class Audit {
 public:
  explicit Audit(Store& store) : store_(store) {}

  /// Something that is no record of the store: a promotion, a policy change, an access. `details`: a JSON object.
  void append(const std::string& action, const std::string& subject, const std::string& details = "{}");

  /// The last entry; number 0 where there is none.
  AuditEntry head();
  /// Up to `limit` entries after `number`, in their order.
  std::vector<AuditEntry> entries(std::int64_t after, std::int64_t limit);

  /// The newest first: up to `limit` that fit, before entry `before` (0: from the end).
  std::vector<AuditEntry> newest(const AuditFilter& filter, std::int64_t before, std::int64_t limit);

  /// Where the entries begin.
  AuditBase base();
  /// Takes the entries up to `archived.number` out of the store: they are in the archive now. What is left begins with
  /// `archived`, and the trail goes on with an entry "audit.archive" that names it and its state's hash. One
  /// transaction. Throws bad_input where that entry is not there or has another hash.
  void archive(const AuditBase& archived);

  /// Calls first with where the entries begin, then with every entry, then with every group of rows that the trail
  /// covers, as it is now, and with a word for each table that cannot be read. All see one state of the database.
  void read_all(const std::function<void(const AuditBase&)>& base, const std::function<void(const AuditEntry&)>& entry,
                const std::function<void(const AuditedRows&)>& seen,
                const std::function<void(const std::string& what)>& damaged);

 private:
  Store& store_;
};

}  // namespace ballast::store
