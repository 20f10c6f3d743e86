// SPDX-License-Identifier: Apache-2.0
// A connection to the database, its transactions, and the one place where its errors become base::Error. Two databases
// are spoken: SQLite, and PostgreSQL from version 14. What they say differently stands here and in schema.cpp.
#pragma once

#include <soci/soci.h>

#include <string>
#include <utility>

namespace ballast::store {

/// Opens "sqlite:path" with write-ahead logging and foreign keys, or "postgresql://user@host:port/database"; both wait
/// ten seconds for locks, and what they have committed survives a power cut.
void open_session(soci::session& sql, const std::string& url);

/// The URL as it may be shown: without its password.
std::string shown_url(const std::string& url);

bool on_postgresql(soci::session& sql);

/// The column that counts a table's rows in the order in which they were stored, named with its table: a result that is
/// made of it may have the bare name.
std::string row_order(soci::session& sql, const std::string& table);

bool has_table(soci::session& sql, const std::string& table);

/// The operator that matches a pattern in any case of ASCII letters.
const char* like(soci::session& sql);

/// Turns the exception that is being handled into base::Error naming the database.
[[noreturn]] void rethrow_as_error(const std::string& url);

/// Runs `body` with database errors translated.
template <class Body>
auto guarded(const std::string& url, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const soci::soci_error&) {
    rethrow_as_error(url);
  }
}

/// A write transaction. It takes the write lock at once, so that two writers wait for each other instead of failing
/// half-way, and so that the audit trail has one order.
class Transaction {
 public:
  explicit Transaction(soci::session& sql);
  ~Transaction() {
    if (done_) return;
    try {
      sql_ << "rollback";
    } catch (const soci::soci_error&) {  // the database has rolled back already (disk full)
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    sql_ << "commit";
    done_ = true;
  }

 private:
  soci::session& sql_;
  bool done_ = false;
};

}  // namespace ballast::store
