// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/session.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
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
constexpr int kOldestPostgresql = 140000;
constexpr const char* kLockWaitSeconds = "10";
constexpr int kLockAttempts = 500;  // of 20 ms: the same ten seconds

bool names_postgresql(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::string path_of(const std::string& url) {
  if (!url.starts_with(kSqlite) || url.size() == kSqlite.size()) {
    throw Error(ErrorCode::usage, "not a store", url,
                "use --store sqlite:FILE or --store postgresql://USER@HOST:PORT/DATABASE");
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

void open_postgresql(soci::session& sql, const std::string& url) {
  sql.open(*soci::factory_postgresql(), url);
  int version = 0;
  sql << "select cast(current_setting('server_version_num') as integer)", soci::into(version);
  if (version < kOldestPostgresql) {
    throw Error(ErrorCode::unsupported, "the server is older than PostgreSQL 14", shown_url(url));
  }
  sql << "set client_min_messages = warning";
  sql << "set lock_timeout = '" << kLockWaitSeconds << "s'";
  sql << "set synchronous_commit = on";
}

[[noreturn]] void rethrow_postgresql(const soci::postgresql_soci_error& e, const std::string& url) {
  const std::string state = e.sqlstate();
  // Their messages end in line feeds and may go on with hints; the first line is the problem.
  std::string said = e.what();
  said = said.substr(0, said.find('\n'));
  if (state == "55P03") {
    throw Error(ErrorCode::io, "the store is locked by another process", url, "try again when it has finished");
  }
  if (state.starts_with("53")) throw Error(ErrorCode::io, "the server has run out of something: " + said, url);
  if (state == "42501") throw Error(ErrorCode::io, "the user may not do this: " + said, url);
  if (state == "3F000") {
    throw Error(ErrorCode::io, "the search path names no schema that exists", url, "create the schema first");
  }
  if (state == "22021") throw Error(ErrorCode::bad_input, "PostgreSQL cannot keep this text: " + said, url);
  throw Error(ErrorCode::io, "database error: " + said, url);
}

}  // namespace

bool on_postgresql(soci::session& sql) {
  return sql.get_backend_name() == "postgresql";
}

std::string row_order(soci::session& sql, const std::string& table) {
  return table + (on_postgresql(sql) ? ".position" : ".rowid");
}

bool has_table(soci::session& sql, const std::string& table) {
  int there = 0;
  sql << (on_postgresql(sql) ? "select count(*) from pg_tables where schemaname = current_schema() and tablename = :n"
                             : "select count(*) from sqlite_master where type = 'table' and name = :n"),
      soci::use(table), soci::into(there);
  return there > 0;
}

const char* like(soci::session& sql) {
  return on_postgresql(sql) ? "ilike" : "like";
}

std::string shown_url(const std::string& url) {
  const auto start = url.find("://");
  if (start == std::string::npos) return url;
  std::string shown = url;
  const auto host = url.find('@', start);
  const auto colon = url.find(':', start + 3);
  if (host != std::string::npos && colon < host) shown.replace(colon + 1, host - colon - 1, "***");
  const auto named = shown.find("password=");
  if (named != std::string::npos) {
    shown.replace(named + 9, std::min(shown.find('&', named), shown.size()) - named - 9, "***");
  }
  return shown;
}

Transaction::Transaction(soci::session& sql) : sql_(sql) {
  if (!on_postgresql(sql_)) {
    sql_ << "begin immediate";
    return;
  }
  sql_ << "begin";
  sql_ << "select pg_advisory_xact_lock(hashtext('ballast ' || current_schema()))";
}

void open_session(soci::session& sql, const std::string& url) {
  if (names_postgresql(url)) {
    guarded(shown_url(url), [&] { open_postgresql(sql, url); });
    return;
  }
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
  } catch (const soci::postgresql_soci_error& e) {
    rethrow_postgresql(e, url);
  } catch (const soci::soci_error& e) {
    throw Error(ErrorCode::io, std::string("database error: ") + e.what(), url);
  }
}

}  // namespace ballast::store
