// SPDX-License-Identifier: Apache-2.0
// Where a test keeps its store. Run as they are, tests use SQLite; those that ctest calls "postgresql." run with
// BALLAST_TEST_POSTGRESQL, the name of a file that holds the URL of a server, and use a schema of their own there.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "tests/support/scratch.h"

namespace ballast::test {

/// Empty where tests run on SQLite.
inline std::string postgresql_server() {
  const char* file = std::getenv("BALLAST_TEST_POSTGRESQL");
  if (file == nullptr) return {};
  std::ifstream in(file);
  std::string url;
  std::getline(in, url);
  return url;
}

/// Skips every test where ctest asked for PostgreSQL and there is none.
class NeedsServer : public ::testing::Environment {
 public:
  void SetUp() override {
    if (std::getenv("BALLAST_TEST_POSTGRESQL") != nullptr && postgresql_server().empty()) {
      GTEST_SKIP() << "no PostgreSQL server runs for the tests";
    }
  }
};
inline ::testing::Environment* const needs_server = ::testing::AddGlobalTestEnvironment(new NeedsServer);

/// The URL of an empty schema that nobody else uses.
inline std::string postgresql_schema() {
  static int made = 0;
  const std::string server = postgresql_server();
  const std::string name = "test_" + std::to_string(::getpid()) + "_" + std::to_string(made++);
  PGconn* connection = PQconnectdb(server.c_str());
  PGresult* result = PQexec(connection, ("create schema " + name).c_str());
  const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
  const std::string problem = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  if (!good) throw std::runtime_error("no schema on the test's server: " + problem);
  return server + "?options=-csearch_path%3D" + name;
}

/// An empty store for one connection.
inline std::string store_url() {
  return postgresql_server().empty() ? "sqlite::memory:" : postgresql_schema();
}

/// An empty store for several connections.
inline std::string store_url(const ScratchFolder& folder) {
  return postgresql_server().empty() ? "sqlite:" + (folder / "store.db").string() : postgresql_schema();
}

}  // namespace ballast::test

/// First line of a test of what only SQLite has.
#define BALLAST_SQLITE_ONLY() \
  if (!::ballast::test::postgresql_server().empty()) GTEST_SKIP() << "a test of SQLite files"
/// First line of a test of what only PostgreSQL has.
#define BALLAST_POSTGRESQL_ONLY() \
  if (::ballast::test::postgresql_server().empty()) GTEST_SKIP() << "a test of PostgreSQL, which does not run here"
