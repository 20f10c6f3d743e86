// SPDX-License-Identifier: Apache-2.0
// Entries of the audit trail from within a write transaction.
#pragma once

#include <soci/soci.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/store/audit.h"

namespace ballast::store {

/// A table that the trail covers.
struct AuditedTable {
  const char* name;
  std::vector<const char*> key;      // rows with the same key are one group
  std::vector<const char*> columns;  // what the hash covers, in this order
  const char* order;                 // of the rows within a group
};
const std::vector<AuditedTable>& audited_tables();
/// Throws nothing that is not a programming error: the name must be one of the above.
const AuditedTable& audited_table(const std::string& name);

/// The group's rows as they are stored, hashed; an empty hash where there are none.
AuditedRows rows_of(soci::session& sql, const std::string& table, const std::vector<std::string>& key);

/// rows_of() for many groups: each table's statement is prepared once.
class RowsReader {
 public:
  explicit RowsReader(soci::session& sql);
  ~RowsReader();
  RowsReader(const RowsReader&) = delete;
  RowsReader& operator=(const RowsReader&) = delete;
  AuditedRows read(const std::string& table, const std::vector<std::string>& key);

 private:
  struct Prepared;
  soci::session& sql_;
  std::map<std::string, std::unique_ptr<Prepared>> prepared_;
};

class AuditWriter {
 public:
  /// Within a write transaction: nobody else may append until it ends.
  AuditWriter(soci::session& sql, std::string actor);
  void append(const std::string& action, const std::string& subject, std::span<const AuditedRows> rows,
              const std::string& details = "{}");

 private:
  AuditEntry entry_;
  long long number_ = 0;
  soci::statement insert_;
};

/// One entry about one group of rows, as they now are. Within a write transaction.
void enter(soci::session& sql, const std::string& actor, const std::string& action, const std::string& subject,
           const std::string& table, const std::vector<std::string>& key);

/// Enters what a store written before the trail existed already holds. Within a write transaction.
void adopt_existing(soci::session& sql);

/// Who runs this process: "local:" and the name of the system's user.
std::string local_actor();

}  // namespace ballast::store
