// SPDX-License-Identifier: Apache-2.0
// Copies of a store while it is in use: readers and writers of other connections go on, and the copy is the store as it
// was at one moment. The copy is an SQLite file, whatever the store is: SQLite's online backup makes it, or the rows of
// a PostgreSQL store are copied one by one.
#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/store/sql/schema.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"
#include "ballast/store/sql/transfer.h"
#include "ballast/store/work.h"

namespace ballast::store {
namespace {

using namespace sqlite_api;  // where SOCI puts SQLite's own names
using base::Error;
using base::ErrorCode;

constexpr int kAttempts = 500;  // of 20 ms, as long as everything else waits for a lock

sqlite3* handle(soci::session& sql) {
  return static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_;
}

void copy(sqlite3* from, sqlite3* to, const std::string& where) {
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  if (backup == nullptr) throw Error(ErrorCode::io, std::string("cannot copy: ") + sqlite3_errmsg(to), where);
  int result = SQLITE_OK;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    result = sqlite3_backup_step(backup, -1);  // all pages at once: one moment
    if (result != SQLITE_BUSY && result != SQLITE_LOCKED) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  sqlite3_backup_finish(backup);
  if (result == SQLITE_DONE) return;
  throw Error(ErrorCode::io, std::string("cannot copy: ") + sqlite3_errstr(result), where);
}

void copy_from_postgresql(soci::session& from, soci::session& to, const std::string& where) {
  migrate(to, where);
  from << "begin isolation level repeatable read read only";
  try {
    Transaction transaction(to);
    copy_rows(from, to);
    transaction.commit();
  } catch (...) {
    from << "rollback";
    throw;
  }
  from << "commit";
}

/// The copy may be of an older version: it is brought up to date in memory.
void copy_to_postgresql(soci::session& from, soci::session& to, const std::string& where) {
  soci::session passing;
  open_session(passing, "sqlite::memory:");
  copy(handle(from), handle(passing), where);
  migrate(passing, where);
  Transaction transaction(to);
  drop_all(to);
  to << "create table schema_version (version integer not null)";
  to << "insert into schema_version (version) values (" << newest_version() << ")";
  declare_all(to);
  copy_rows(passing, to);
  transaction.commit();
}

/// What was copied is on the disk, also after a power cut.
void flush(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY);
  const bool flushed = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (!flushed) throw Error(ErrorCode::io, "cannot be written", file.string());
}

}  // namespace

void Work::backup(const std::filesystem::path& file) {
  std::filesystem::path passing = file;
  passing += ".part";
  std::error_code ignored;
  std::filesystem::remove(passing, ignored);
  try {
    guarded(store_.state_->url, [&] {
      soci::session& from = store_.state_->sql;
      soci::session to;
      to.open(*soci::factory_sqlite3(), "dbname=\"" + passing.string() + "\"");
      if (on_postgresql(from)) {
        copy_from_postgresql(from, to, passing.string());
      } else {
        copy(handle(from), handle(to), file.string());
      }
      // A file of its own, without a log beside it.
      std::string mode;
      to << "pragma journal_mode = delete", soci::into(mode);
    });
    flush(passing);
    std::filesystem::rename(passing, file);
  } catch (...) {
    std::filesystem::remove(passing, ignored);
    throw;
  }
}

void Work::restore(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file))
    throw Error(ErrorCode::not_found, "there is no such file", file.string());
  const std::string where = file.string();
  guarded(where, [&] {
    soci::session from;
    from.open(*soci::factory_sqlite3(), "dbname=\"" + where + "\" timeout=10");
    std::string whole;
    from << "pragma integrity_check(1)", soci::into(whole);
    int version = 0;
    if (whole != "ok" || !has_table(from, "schema_version"))
      throw Error(ErrorCode::bad_input, "is not a whole copy of a store", where);
    from << "select version from schema_version", soci::into(version);
    if (version > newest_version()) {
      throw Error(ErrorCode::bad_input, "was written by a newer Ballast", where, "use a newer ballast");
    }
    if (on_postgresql(store_.state_->sql)) {
      copy_to_postgresql(from, store_.state_->sql, store_.state_->url);
    } else {
      copy(handle(from), handle(store_.state_->sql), store_.state_->url);
    }
  });
  guarded(store_.state_->url, [&] { migrate(store_.state_->sql, store_.state_->url); });
}

}  // namespace ballast::store
