// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/audit_base.h"

#include <fmt/format.h>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/query.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

constexpr const char* kNoDeletion = "audit_stays";

/// The database refuses to delete entries; only here, within the transaction that records why, it does not.
class DeletionAllowed {
 public:
  explicit DeletionAllowed(soci::session& sql) : sql_(sql) {
    if (on_postgresql(sql_)) {
      sql_ << fmt::format("alter table audit disable trigger {}", kNoDeletion);
      return;
    }
    const std::string name = kNoDeletion;
    sql_ << "select sql from sqlite_master where type = 'trigger' and name = :n", soci::use(name),
        soci::into(statement_);
    sql_ << fmt::format("drop trigger {}", kNoDeletion);
  }
  /// To be called before the transaction ends.
  void end() {
    sql_ << (on_postgresql(sql_) ? fmt::format("alter table audit enable trigger {}", kNoDeletion) : statement_);
  }

 private:
  soci::session& sql_;
  std::string statement_;
};

}  // namespace

std::string state_hash(const AuditBase& base) {
  std::string all;
  for (const KnownRows& k : base.state) {
    const std::string number = std::to_string(k.number);
    for (const std::string* field : {&k.rows.table, &k.rows.key, &k.rows.hash, &number})
      all += fmt::format("{}:{}", field->size(), *field);
  }
  return base::sha256_hex(all);
}

AuditBase read_base(soci::session& sql) {
  AuditBase base;
  base.hash = first_previous();
  Query().run(sql, "select through, hash, at, file, sha256 from audit_archives order by through desc limit 1",
              [&](const soci::row& row) {
                base.number = integer_cell(row, 0);
                base.hash = text_cell(row, 1), base.at = text_cell(row, 2);
                base.file = text_cell(row, 3), base.sha256 = text_cell(row, 4);
              });
  Query().run(sql, "select table_name, key, hash, number from audit_state order by table_name, key",
              [&](const soci::row& row) {
                base.state.push_back({{text_cell(row, 0), text_cell(row, 1), text_cell(row, 2)}, integer_cell(row, 3)});
              });
  return base;
}

AuditBase Audit::base() {
  Store::State& state = *store_.state_;
  return guarded(state.url, [&] { return read_base(state.sql); });
}

void Audit::archive(const AuditBase& archived) {
  Store::State& state = *store_.state_;
  soci::session& sql = state.sql;
  guarded(state.url, [&] {
    Transaction transaction(sql);
    const long long through = archived.number;
    int there = 0;
    sql << "select count(*) from audit where number = :n and hash = :h", soci::use(through), soci::use(archived.hash),
        soci::into(there);
    if (there == 0) {
      throw base::Error(base::ErrorCode::bad_input,
                        fmt::format("the audit trail holds no entry {} with the hash {}", through, archived.hash),
                        state.url);
    }
    AuditWriter writer(sql, state.actor);  // before the entries go: it continues the last of them
    DeletionAllowed allowed(sql);
    sql << "delete from audit where number <= :n", soci::use(through);
    allowed.end();
    sql << "insert into audit_archives (through, hash, at, file, sha256) values (:a, :b, :c, :d, :e)",
        soci::use(through), soci::use(archived.hash), soci::use(archived.at), soci::use(archived.file),
        soci::use(archived.sha256);
    sql << "delete from audit_state";
    AuditedRows rows;
    long long number = 0;
    soci::statement add = (sql.prepare << "insert into audit_state (table_name, key, hash, number) values (:a, :b, :c,"
                                          " :d)",
                           soci::use(rows.table), soci::use(rows.key), soci::use(rows.hash), soci::use(number));
    for (const KnownRows& k : archived.state) {
      rows = k.rows;
      number = k.number;
      add.execute(true);
    }
    const base::Json details = {{"through", archived.number},
                                {"hash", archived.hash},
                                {"sha256", archived.sha256},
                                {"state", state_hash(archived)}};
    writer.append("audit.archive", archived.file, {}, base::dump_json(details));
    transaction.commit();
  });
}

}  // namespace ballast::store
