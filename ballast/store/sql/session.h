// SPDX-License-Identifier: Apache-2.0
// A connection to the database, its transactions, and the one place where its errors become base::Error.
#pragma once

#include <soci/soci.h>

#include <string>
#include <utility>

namespace ballast::store {

/// Opens "sqlite:path" with write-ahead logging, foreign keys and a wait of ten seconds for locks.
void open_session(soci::session& sql, const std::string& url);

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
/// half-way.
class Transaction {
 public:
  explicit Transaction(soci::session& sql) : sql_(sql) { sql_ << "begin immediate"; }
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
