// SPDX-License-Identifier: Apache-2.0
// What the schema becomes on PostgreSQL, and how a store moves from one database to the other.
#include "ballast/store/sql/postgresql_schema.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/store/accounts.h"
#include "ballast/store/audit.h"
#include "ballast/store/lists.h"
#include "ballast/store/work.h"
#include "tests/support/database.h"
#include "tests/support/store_url.h"

namespace ballast::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PostgresqlSchema, TablesKeepTheirColumnsAndCountTheirRows) {
  EXPECT_THAT(
      in_postgresql(
          "create table t (text text not null references u(id), n bigint, x real not null, unique (text, n))"),
      ElementsAre("create table t (text text collate \"C\" not null references u(id), n bigint, x double precision not"
                  " null, unique (text, n), position bigint generated always as identity)"));
}

TEST(PostgresqlSchema, TriggersBecomeFunctions) {
  EXPECT_THAT(in_postgresql("create trigger t_stays before delete on t begin select raise(abort, 'no, never'); end"),
              ElementsAre("create function t_stays() returns trigger language plpgsql as $body$ begin raise exception"
                          " 'no, never'; return old; end $body$",
                          "create trigger t_stays before delete on t for each row execute function t_stays()"));
  EXPECT_THAT(in_postgresql("create trigger c before update on t begin insert into p select old.id; end"),
              ElementsAre(HasSubstr("return new"), HasSubstr("before update on t")));
  EXPECT_THROW(in_postgresql("select 1"), std::logic_error);
}

/// A store with documents, an alert, a user and a trail.
void fill_store(Store& store) {
  for (int i = 0; i < 30; ++i) {
    AssessedDocument a;
    a.document = {
        "d" + std::to_string(i), "feed", 7, "题", "银行 text " + std::to_string(i), "zh", "", "", "2026-01-02"};
    a.document.content_hash = base::sha256_hex(a.document.text);
    a.assessment = {a.document.id, "m", "negative", 0.1 + 0.2, 2, 1.0 / 3, "{}", "2026-01-02T00:00:00Z"};
    a.signals.push_back({"s" + std::to_string(i), a.document.id, "credit", 0.1, 0, 1, "", "[]", "[]", "m",
                         18446744073709551615u, "2026-01-02T00:00:00Z"});
    store.put_assessed({&a, 1});
  }
  Accounts(store).add_user({"ann", "officer", "hash", false, "2026-01-02"});
}

std::string everything(Store& store) {
  std::string all;
  Audit(store).read_all([](const AuditBase&) {}, [&](const AuditEntry& e) { all += e.hash + "\n"; },
                        [&](const AuditedRows& r) { all += r.table + r.key + r.hash + "\n"; },
                        [&](const std::string& what) { all += "damaged: " + what + "\n"; });
  std::int64_t after = 0;
  for (const auto& d : store.unassessed("nobody", 100, after)) all += d.id + d.text + "\n";
  return all;
}

// On SQLite this is a copy of a file; on PostgreSQL the rows go into a file and from there into another schema.
TEST(StoreCopies, WhatIsRestoredIsTheStoreToTheLastBit) {
  const test::ScratchFolder folder, other;
  Store store = Store::open(test::store_url(folder));
  fill_store(store);
  const std::string before = everything(store);
  Work(store).backup(folder / "copy.db");
  Store second = Store::open(test::store_url(other));
  Accounts(second).add_user({"bo", "officer", "hash", false, "2026-01-02"});
  Work(second).restore(folder / "copy.db");
  EXPECT_EQ(everything(second), before);
  EXPECT_THAT(before, ::testing::Not(HasSubstr("damaged")));
  EXPECT_FALSE(Accounts(second).find_user("bo"));
  // The copy is a store of its own, and the restored one goes on.
  Store file = Store::open("sqlite:" + (folder / "copy.db").string());
  EXPECT_EQ(everything(file), before);
  second.put_documents(std::vector<DocumentRecord>{{"new", "f", 1, "", "x", "en", "", "h", "2026-01-03"}});
  EXPECT_EQ(second.counts().documents, 31);
}

TEST(PostgresqlStore, ErrorsNameTheServerAndNotThePassword) {
  BALLAST_POSTGRESQL_ONLY();
  try {
    Store::open("postgresql://ann:secret@127.0.0.1:1/db");
    FAIL() << "opened";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::io);
    EXPECT_THAT(e.what(), HasSubstr("postgresql://ann:***@127.0.0.1:1/db"));
    EXPECT_THAT(e.what(), ::testing::Not(HasSubstr("secret")));
  }
}

TEST(PostgresqlStore, ANulInATextIsRefusedAndNotCutOff) {
  BALLAST_POSTGRESQL_ONLY();
  Store store = Store::open(test::store_url());
  const DocumentRecord nul = {"d", "f", 1, "", std::string("a\0b", 3), "en", "", "h", "2026-01-03"};
  EXPECT_THROW(store.put_documents(std::vector{nul}), base::Error);
  EXPECT_EQ(store.counts().documents, 0);
}

TEST(PostgresqlStore, TheSameStoreTwiceAndPastTheTriggers) {
  BALLAST_POSTGRESQL_ONLY();
  const std::string url = test::store_url();
  Store first = Store::open(url);
  fill_store(first);
  Store second = Store::open(url);
  EXPECT_EQ(second.counts().documents, 30);
  EXPECT_THAT(test::Database(url).run("delete from audit"), HasSubstr("never deleted"));
  EXPECT_EQ(test::Database(url).run_past_triggers("update audit set actor = 'x' where number = 3"), "");
  EXPECT_NE(everything(first).find("damaged"), 0u);
}

}  // namespace
}  // namespace ballast::store
