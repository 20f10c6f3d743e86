// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/session.h"

#include <soci/sqlite3/soci-sqlite3.h>

#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>

#include "ballast/base/error.h"

namespace ballast::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view kSqlite = "sqlite:";
constexpr const char* kLockWaitSeconds = "10";
constexpr int kLockAttempts = 500;  // of 20 ms: the same ten seconds

std::string path_of(const std::string& url) {
  if (url.starts_with("postgresql:") || url.starts_with("postgres:")) {
    throw Error(ErrorCode::unsupported, "PostgreSQL stores are not supported yet", url, "use --store sqlite:FILE");
  }
  if (!url.starts_with(kSqlite) || url.size() == kSqlite.size()) {
    throw Error(ErrorCode::usage, "not a store", url, "use --store sqlite:FILE");
  }
  std::string path = url.substr(kSqlite.size());
  if (path.starts_with("//")) path.erase(0, 2);  // sqlite:///absolute/path, sqlite://relative
  return path;
}

// Switching to the write-ahead log does not wait for other connections as everything else does: try again ourselves.
void use_write_ahead_log(soci::session& sql) {
  for (int attempt = 0;; ++attempt) {
    try {
      std::string mode;
      sql << "pragma journal_mode = wal", soci::into(mode);
      return;
    } catch (const soci::sqlite3_soci_error& e) {
      if ((e.result() & 0xFF) != SQLITE_BUSY || attempt >= kLockAttempts) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

}  // namespace

void open_session(soci::session& sql, const std::string& url) {
  const std::string path = path_of(url);
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder)) {
    throw Error(ErrorCode::io, "the folder of the store does not exist", folder.string());
  }
  if (path.find_first_of("\"'") != std::string::npos) {
    throw Error(ErrorCode::usage, "the path of a store must not hold quotes", url);
  }
  guarded(url, [&] {
    sql.open(*soci::factory_sqlite3(), "dbname=\"" + path + "\" timeout=" + kLockWaitSeconds);
    use_write_ahead_log(sql);
    sql << "pragma synchronous = full";  // what a command has reported as stored survives a power cut
    sql << "pragma foreign_keys = on";
  });
}

void rethrow_as_error(const std::string& url) {
  try {
    throw;
  } catch (const soci::sqlite3_soci_error& e) {
    switch (e.result() & 0xFF) {
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
        throw Error(ErrorCode::bad_input, "not a database, or a damaged one", url, "name another file with --store");
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        throw Error(ErrorCode::io, "the store is locked by another process", url, "try again when it has finished");
      case SQLITE_READONLY:
        throw Error(ErrorCode::io, "the store is read-only", url);
      case SQLITE_FULL:
        throw Error(ErrorCode::io, "the disk is full", url);
      case SQLITE_CANTOPEN:
        throw Error(ErrorCode::io, "cannot open the store", url);
      default:
        throw Error(ErrorCode::io, std::string("database error: ") + e.what(), url);
    }
  } catch (const soci::soci_error& e) {
    throw Error(ErrorCode::io, std::string("database error: ") + e.what(), url);
  }
}

}  // namespace ballast::store
