// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/governance_schema.h"

namespace ballast::store {

std::vector<const char*> governance_tables() {
  return {
      "create table models (hash text primary key, name text not null, kind text not null, purpose text not null,"
      " folder text not null, role text not null, owner text not null, tier text not null, note text not null,"
      " limits text not null, evidence text not null, registered_by text not null, registered_at text not null,"
      " promoted_by text not null, promoted_at text not null, decision_id text not null, retired_by text not null,"
      " retired_at text not null)",
      // The database itself refuses two models in charge of one purpose.
      "create unique index models_in_charge on models (purpose) where role = 'champion'",
      // One row an archive: the trail in this store goes on after entry "through".
      "create table audit_archives (through bigint primary key, hash text not null, at text not null,"
      " file text not null, sha256 text not null)",
      // What the archived entries said last of each group of rows that is still here.
      "create table audit_state (table_name text not null, key text not null, hash text not null,"
      " number bigint not null, unique (table_name, key))",
  };
}

}  // namespace ballast::store
