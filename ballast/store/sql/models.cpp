// SPDX-License-Identifier: Apache-2.0
// The inventory of models: who is in charge of what, since when, by whom.
#include <fmt/format.h>

#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/decision_writer.h"
#include "ballast/store/sql/query.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"
#include "ballast/store/work.h"

namespace ballast::store {
namespace {

constexpr const char* kModelColumns =
    "hash, name, kind, purpose, folder, role, owner, tier, note, limits, evidence, registered_by, registered_at,"
    " promoted_by, promoted_at, decision_id, retired_by, retired_at";
// All but what identifies the model and who brought it.
constexpr const char* kModelChanges =
    "name = excluded.name, kind = excluded.kind, purpose = excluded.purpose, folder = excluded.folder,"
    " role = excluded.role, owner = excluded.owner, tier = excluded.tier, note = excluded.note,"
    " limits = excluded.limits, evidence = excluded.evidence, promoted_by = excluded.promoted_by,"
    " promoted_at = excluded.promoted_at, decision_id = excluded.decision_id, retired_by = excluded.retired_by,"
    " retired_at = excluded.retired_at";

ModelRecord to_model(const soci::row& row) {
  ModelRecord m;
  std::string* const cells[] = {&m.hash,        &m.name,          &m.kind,          &m.purpose,     &m.folder,
                                &m.role,        &m.owner,         &m.tier,          &m.note,        &m.limits,
                                &m.evidence,    &m.registered_by, &m.registered_at, &m.promoted_by, &m.promoted_at,
                                &m.decision_id, &m.retired_by,    &m.retired_at};
  for (std::size_t i = 0; i < std::size(cells); ++i) *cells[i] = text_cell(row, i);
  return m;
}

/// Within a write transaction.
void write_model(soci::session& sql, const std::string& actor, const ModelRecord& m, const std::string& action) {
  sql << fmt::format(
      "insert into models ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o, :p,"
      " :q, :r) on conflict (hash) do update set {}",
      kModelColumns, kModelChanges),
      soci::use(m.hash), soci::use(m.name), soci::use(m.kind), soci::use(m.purpose), soci::use(m.folder),
      soci::use(m.role), soci::use(m.owner), soci::use(m.tier), soci::use(m.note), soci::use(m.limits),
      soci::use(m.evidence), soci::use(m.registered_by), soci::use(m.registered_at), soci::use(m.promoted_by),
      soci::use(m.promoted_at), soci::use(m.decision_id), soci::use(m.retired_by), soci::use(m.retired_at);
  enter(sql, actor, action, m.hash, "models", {m.hash});
}

}  // namespace

void Work::put_model(const ModelRecord& model, const std::string& action) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    write_model(store_.state_->sql, store_.state_->actor, model, action);
    transaction.commit();
  });
}

void Work::promote_model(const ModelRecord& promoted, const DecisionRecord& decision) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    const std::string& actor = store_.state_->actor;
    Transaction transaction(sql);
    write_decisions(sql, actor, {&decision, 1});
    std::vector<ModelRecord> before;
    Query query;
    const std::string purpose = query.bind(promoted.purpose), hash = query.bind(promoted.hash);
    query.run(sql,
              fmt::format("select {} from models where purpose = {} and role = 'champion' and hash <> {}",
                          kModelColumns, purpose, hash),
              [&](const soci::row& row) { before.push_back(to_model(row)); });
    for (ModelRecord& m : before) {
      m.role = "former";
      write_model(sql, actor, m, "model.replace");
    }
    write_model(sql, actor, promoted, "model.promote");
    transaction.commit();
  });
}

std::optional<ModelRecord> Work::find_model(const std::string& hash) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string key = query.bind(hash);
    std::optional<ModelRecord> found;
    query.run(store_.state_->sql, fmt::format("select {} from models where hash = {}", kModelColumns, key),
              [&](const soci::row& row) { found = to_model(row); });
    return found;
  });
}

std::vector<ModelRecord> Work::models() {
  return guarded(store_.state_->url, [&] {
    std::vector<ModelRecord> all;
    Query().run(store_.state_->sql,
                fmt::format("select {} from models order by purpose, case role when 'champion' then 0 when"
                            " 'challenger' then 1 when 'candidate' then 2 when 'former' then 3 else 4 end, name, hash",
                            kModelColumns),
                [&](const soci::row& row) { all.push_back(to_model(row)); });
    return all;
  });
}

}  // namespace ballast::store
