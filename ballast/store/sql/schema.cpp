// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/schema.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/governance_schema.h"
#include "ballast/store/sql/postgresql_schema.h"
#include "ballast/store/sql/service_schema.h"
#include "ballast/store/sql/session.h"

namespace ballast::store {
namespace {

// Migration N brings version N to N + 1. Written ones are never changed: stores in the field have been through them.
const std::vector<std::vector<const char*>>& migrations() {
  // bigint: SOCI would read an "integer" as 32 bits.
  static const std::vector<std::vector<const char*>> kAll = {
      {
          "create table documents (id text primary key, source text not null, line bigint not null, title text not "
          "null,"
          " text text not null, lang text not null, published_at text not null, content_hash text not null,"
          " created_at text not null)",
          "create table assessments (document_id text not null references documents(id) on delete cascade,"
          " model text not null, sentiment text not null, sentiment_probability real not null, severity integer not "
          "null,"
          " severity_probability real not null, kinds text not null, created_at text not null,"
          " unique (document_id, model))",
          "create table signals (id text primary key, document_id text not null references documents(id) on delete "
          "cascade,"
          " risk text not null, probability real not null, lo real not null, hi real not null, basel text not null,"
          " entities text not null, evidence text not null, model text not null, seed bigint not null,"
          " created_at text not null, unique (document_id, risk, model))",
          "create table entities (document_id text not null references documents(id) on delete cascade, model text not "
          "null,"
          " text text not null, kind text not null, start_byte bigint not null, end_byte bigint not null,"
          " canonical text not null, unique (document_id, model, start_byte, end_byte))",
          "create table quarantine (source text not null, line bigint not null, column_name text not null,"
          " reason text not null, excerpt text not null, created_at text not null, unique (source, line, reason, "
          "excerpt))",
          "create index signals_by_risk on signals (risk, probability)",
          "create index entities_by_name on entities (canonical)",
      },
      {
          "create table decisions (id text primary key, kind text not null, subject text not null, inputs text not "
          "null,"
          " inputs_hash text not null, model text not null, model_hash text not null, policy_hash text not null,"
          " build text not null, isa text not null, seed bigint not null, result text not null, cost text not null,"
          " created_at text not null)",
          "create index decisions_by_subject on decisions (subject, kind)",
      },
      {
          "create table loss_events (id text primary key, occurred_on text not null, type text not null,"
          " category text not null, amount text not null, recovery text not null, currency text not null,"
          " description text not null, created_at text not null)",
          "create table cases (id text primary key, kind text not null, subject text not null, created_at text not "
          "null)",
          "create table case_events (case_id text not null references cases(id), number bigint not null,"
          " action text not null, actor text not null, note text not null, at text not null,"
          " unique (case_id, number))",
          // Cases are a record of what people did: rows come in and never change or go.
          "create trigger cases_stay before delete on cases begin select raise(abort, 'cases are never deleted'); end",
          "create trigger cases_hold before update on cases begin select raise(abort, 'cases are never changed'); end",
          "create trigger case_events_stay before delete on case_events begin"
          " select raise(abort, 'cases are never deleted'); end",
          "create trigger case_events_hold before update on case_events begin"
          " select raise(abort, 'cases are never changed'); end",
      },
      service_tables(),
      {
          "create table audit (number bigint primary key, at text not null, actor text not null, action text not null,"
          " subject text not null, records text not null, details text not null, previous text not null,"
          " hash text not null)",
          "create index audit_by_subject on audit (subject)",
          "create trigger audit_stays before delete on audit begin"
          " select raise(abort, 'the audit trail is never deleted'); end",
          "create trigger audit_holds before update on audit begin"
          " select raise(abort, 'the audit trail is never changed'); end",
      },
      governance_tables()};
  return kAll;
}

constexpr int kVersionBeforeAudit = 4;

void run_migration(soci::session& sql, int version) {
  for (const char* statement : migrations()[static_cast<std::size_t>(version)]) {
    if (!on_postgresql(sql)) {
      sql << statement;
      continue;
    }
    for (const std::string& one : in_postgresql(statement)) sql << one;
  }
}

}  // namespace

void declare_all(soci::session& sql) {
  for (int version = 0; version < newest_version(); ++version) run_migration(sql, version);
}

std::vector<std::string> table_names() {
  constexpr std::string_view kCreate = "create table ";
  std::vector<std::string> names;
  for (const auto& migration : migrations()) {
    for (const std::string_view statement : migration) {
      if (!statement.starts_with(kCreate)) continue;
      const auto rest = statement.substr(kCreate.size());
      names.emplace_back(rest.substr(0, rest.find(' ')));
    }
  }
  return names;
}

int newest_version() {
  return static_cast<int>(migrations().size());
}

void migrate(soci::session& sql, const std::string& url) {
  int version = 0;
  {
    // The check and the migrations are one transaction: two processes may open a new store at the same time.
    Transaction transaction(sql);
    sql << "create table if not exists schema_version (version integer not null)";
    int rows = 0;
    sql << "select count(*) from schema_version", soci::into(rows);
    if (rows == 0) {
      sql << "insert into schema_version (version) values (0)";
    } else {
      sql << "select version from schema_version", soci::into(version);
    }
    if (version > newest_version()) {
      throw base::Error(base::ErrorCode::bad_input,
                        fmt::format("the store has version {}, this program knows up to {}", version, newest_version()),
                        url, "use a newer ballast");
    }
    const int before = version;
    for (; version < newest_version(); ++version) {
      run_migration(sql, version);
      if (version == kVersionBeforeAudit) adopt_existing(sql);
    }
    if (version != before) sql << "update schema_version set version = :version", soci::use(version);
    transaction.commit();
  }
}

}  // namespace ballast::store
