// SPDX-License-Identifier: Apache-2.0
// The database under a store, with nothing of Ballast between: what somebody with its file or password can do.
#pragma once

#include <libpq-fe.h>
#include <sqlite3.h>

#include <string>
#include <vector>

namespace ballast::test {

class Database {
 public:
  /// Of a store at "sqlite:FILE" or "postgresql://…".
  explicit Database(const std::string& url) {
    if (url.starts_with("sqlite:")) {
      sqlite3_open(url.substr(7).c_str(), &file_);
    } else {
      server_ = PQconnectdb(url.c_str());
    }
  }
  ~Database() {
    sqlite3_close(file_);
    if (server_ != nullptr) PQfinish(server_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs statements; empty, or what the database says against it.
  std::string run(const std::string& sql) {
    if (server_ == nullptr) {
      char* problem = nullptr;
      sqlite3_exec(file_, sql.c_str(), nullptr, nullptr, &problem);
      const std::string said = problem == nullptr ? "" : problem;
      sqlite3_free(problem);
      return said;
    }
    PGresult* result = PQexec(server_, sql.c_str());
    const auto status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? "" : PQerrorMessage(server_);
  }

  /// SQLite only.
  std::vector<std::vector<std::string>> rows(const std::string& sql) {
    std::vector<std::vector<std::string>> out;
    sqlite3_exec(
        file_, sql.c_str(),
        [](void* to, int columns, char** cells, char**) {
          auto& row = static_cast<decltype(out)*>(to)->emplace_back();
          for (int c = 0; c < columns; ++c) row.emplace_back(cells[c] == nullptr ? "" : cells[c]);
          return 0;
        },
        &out, nullptr);
    return out;
  }

  /// Runs statements past the triggers, which are there again afterwards.
  std::string run_past_triggers(const std::string& sql) {
    if (server_ != nullptr) return run("set session_replication_role = replica; " + sql);
    const auto triggers = rows("select name, sql from sqlite_master where type = 'trigger'");
    for (const auto& trigger : triggers) run("drop trigger " + trigger[0]);
    const std::string said = run(sql);
    for (const auto& trigger : triggers) run(trigger[1]);
    return said;
  }

 private:
  sqlite3* file_ = nullptr;
  PGconn* server_ = nullptr;
};

}  // namespace ballast::test
