// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/schema_check.h"

#include <unistd.h>

#include <map>

#include "ballast/store/sql/schema.h"
#include "ballast/store/sql/session.h"

namespace ballast::store {
namespace {

using Declarations = std::map<std::string, std::string>;

// pg_get_triggerdef and the like write the schema's name before that of a table: it is taken out, since a new store
// stands in another.
constexpr const char* kPostgresqlDeclarations =
    "select 'column ' || table_name || '.' || column_name as name, data_type || ' ' || is_nullable || ' ' ||"
    " coalesce(collation_name, '') as said from information_schema.columns where table_schema = current_schema()"
    " union all select 'index ' || indexname, replace(indexdef, ' ' || quote_ident(schemaname) || '.', ' ')"
    " from pg_indexes where schemaname = current_schema()"
    " union all select 'trigger ' || t.tgname, cast(t.tgenabled as text) || ' ' || replace(pg_get_triggerdef(t.oid), ' "
    "' ||"
    " quote_ident(current_schema()) || '.', ' ') from pg_trigger t join pg_class c on c.oid = t.tgrelid"
    " where c.relnamespace = cast(quote_ident(current_schema()) as regnamespace) and not t.tgisinternal"
    " union all select 'function ' || proname, prosrc from pg_proc"
    " where pronamespace = cast(quote_ident(current_schema()) as regnamespace)"
    " union all select 'constraint ' || cast(cast(c.conrelid as regclass) as text) || ' ' || c.conname,"
    " replace(pg_get_constraintdef(c.oid), ' ' || quote_ident(current_schema()) || '.', ' ') from pg_constraint c"
    " where c.connamespace = cast(quote_ident(current_schema()) as regnamespace)";

Declarations declarations(soci::session& sql) {
  Declarations found;
  const soci::rowset<soci::row> rows =
      (sql.prepare << (on_postgresql(sql) ? kPostgresqlDeclarations
                                          : "select name, sql from sqlite_master where sql is not null"));
  for (const soci::row& row : rows) found[row.get<std::string>(0)] = row.get<std::string>(1);
  return found;
}

Declarations of_a_new_store(soci::session& sql) {
  if (!on_postgresql(sql)) {
    soci::session fresh;
    const std::string url = "sqlite::memory:";
    open_session(fresh, url);
    migrate(fresh, url);
    return declarations(fresh);
  }
  // A schema that nobody else ever sees.
  const std::string name = "ballast_check_" + std::to_string(::getpid());
  sql << "begin";
  try {
    sql << "create schema " << name;
    sql << "set local search_path to " << name;
    sql << "create table schema_version (version integer not null)";
    declare_all(sql);
    Declarations fresh = declarations(sql);
    sql << "rollback";
    return fresh;
  } catch (...) {
    sql << "rollback";
    throw;
  }
}

}  // namespace

void check_schema(soci::session& sql, const std::function<void(const std::string& what)>& damaged) {
  Declarations mine = declarations(sql);
  for (const auto& [name, said] : of_a_new_store(sql)) {
    if (mine[name] != said) damaged(name + " is not declared as this program declares it");
  }
}

void check_pages(soci::session& sql, const std::function<void(const std::string& what)>& damaged) {
  if (on_postgresql(sql)) return;
  const soci::rowset<std::string> lines = (sql.prepare << "pragma integrity_check");
  for (const std::string& line : lines) {
    if (line != "ok") damaged("the database is damaged: " + line);
  }
}

}  // namespace ballast::store
