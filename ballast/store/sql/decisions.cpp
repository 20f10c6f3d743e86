// SPDX-License-Identifier: Apache-2.0
// The table of decisions.
#include <fmt/format.h>

#include "ballast/base/json.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/decision_writer.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

constexpr const char* kColumns =
    "id, kind, subject, inputs, inputs_hash, model, model_hash, policy_hash, build, isa, seed, result, cost, "
    "created_at";

DecisionRecord to_decision(const soci::row& row) {
  DecisionRecord d;
  std::string* const texts[] = {&d.id,    &d.kind,       &d.subject,     &d.inputs, &d.inputs_hash,
                                &d.model, &d.model_hash, &d.policy_hash, &d.build,  &d.isa};
  for (std::size_t i = 0; i < std::size(texts); ++i) *texts[i] = row.get<std::string>(i);
  d.seed = static_cast<std::uint64_t>(row.get<long long>(10));
  d.result = row.get<std::string>(11);
  d.cost = row.get<std::string>(12);
  d.created_at = row.get<std::string>(13);
  return d;
}

}  // namespace

std::vector<Put> write_decisions(soci::session& sql, const std::string& actor,
                                 std::span<const DecisionRecord> decisions) {
  std::vector<Put> answers;
  DecisionRecord d;
  long long seed = 0;
  int there = 0;
  soci::statement find =
      (sql.prepare << "select count(*) from decisions where id = :id", soci::into(there), soci::use(d.id));
  soci::statement add =
      (sql.prepare << fmt::format("insert into decisions ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j,"
                                  " :k, :l, :m, :n)",
                                  kColumns),
       soci::use(d.id), soci::use(d.kind), soci::use(d.subject), soci::use(d.inputs), soci::use(d.inputs_hash),
       soci::use(d.model), soci::use(d.model_hash), soci::use(d.policy_hash), soci::use(d.build), soci::use(d.isa),
       soci::use(seed), soci::use(d.result), soci::use(d.cost), soci::use(d.created_at));
  AuditWriter audit(sql, actor);
  for (const DecisionRecord& decision : decisions) {
    d = decision;
    seed = static_cast<long long>(d.seed);
    find.execute(true);
    if (there == 0) {
      add.execute(true);
      const AuditedRows now = rows_of(sql, "decisions", {d.id});
      audit.append("decide", d.id, {&now, 1}, base::dump_json({{"kind", d.kind}, {"model_hash", d.model_hash}}));
    }
    answers.push_back(there == 0 ? Put::added : Put::unchanged);
  }
  return answers;
}

std::vector<Put> Store::put_decisions(std::span<const DecisionRecord> decisions) {
  return guarded(state_->url, [&] {
    Transaction transaction(state_->sql);
    std::vector<Put> answers = write_decisions(state_->sql, state_->actor, decisions);
    transaction.commit();
    return answers;
  });
}

std::optional<DecisionRecord> Store::find_decision(const std::string& id) {
  return guarded(state_->url, [&]() -> std::optional<DecisionRecord> {
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare << fmt::format("select {} from decisions where id = :id", kColumns), soci::use(id));
    for (const soci::row& row : rows) return to_decision(row);
    return std::nullopt;
  });
}

std::vector<DecisionRecord> Store::decisions(const std::string& kind, std::int64_t limit) {
  return guarded(state_->url, [&] {
    std::vector<DecisionRecord> found;
    const long long at_most = limit;
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare << fmt::format("select {} from decisions where kind = :k or :all = ''"
                                            " order by created_at desc, id limit :n",
                                            kColumns),
         soci::use(kind), soci::use(kind), soci::use(at_most));
    for (const soci::row& row : rows) found.push_back(to_decision(row));
    return found;
  });
}

}  // namespace ballast::store
