// SPDX-License-Identifier: Apache-2.0
// Tables of the operations desk: loss events and cases; and when signals were published.
#include "ballast/base/error.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

CaseRecord to_case(const soci::row& row) {
  return {row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::string>(3), {}};
}

void add_event(soci::session& sql, const std::string& id, const CaseEventRecord& e) {
  const auto number = static_cast<long long>(e.number);
  sql << "insert into case_events (case_id, number, action, actor, note, at) values (:a, :b, :c, :d, :e, :f)",
      soci::use(id), soci::use(number), soci::use(e.action), soci::use(e.actor), soci::use(e.note), soci::use(e.at);
}

void read_events(soci::session& sql, CaseRecord& record) {
  const soci::rowset<soci::row> rows =
      (sql.prepare << "select number, action, actor, note, at from case_events where case_id = :id order by number",
       soci::use(record.id));
  for (const soci::row& row : rows) {
    record.events.push_back({row.get<long long>(0), row.get<std::string>(1), row.get<std::string>(2),
                             row.get<std::string>(3), row.get<std::string>(4)});
  }
}

std::optional<CaseRecord> read_case(soci::session& sql, const std::string& id) {
  std::optional<CaseRecord> found;
  {
    const soci::rowset<soci::row> rows =
        (sql.prepare << "select id, kind, subject, created_at from cases where id = :id", soci::use(id));
    for (const soci::row& row : rows) found = to_case(row);
  }
  if (found) read_events(sql, *found);
  return found;
}

}  // namespace

std::vector<Put> Store::put_losses(std::span<const LossEventRecord> losses) {
  return guarded(state_->url, [&] {
    std::vector<Put> answers;
    Transaction transaction(state_->sql);
    LossEventRecord l;
    int there = 0;
    soci::statement find =
        (state_->sql.prepare << "select count(*) from loss_events where id = :id", soci::into(there), soci::use(l.id));
    soci::statement add =
        (state_->sql.prepare << "insert into loss_events (id, occurred_on, type, category, amount,"
                                " recovery, currency, description, created_at)"
                                " values (:a, :b, :c, :d, :e, :f, :g, :h, :i)",
         soci::use(l.id), soci::use(l.occurred_on), soci::use(l.type), soci::use(l.category), soci::use(l.amount),
         soci::use(l.recovery), soci::use(l.currency), soci::use(l.description), soci::use(l.created_at));
    AuditWriter audit(state_->sql, state_->actor);
    for (const LossEventRecord& loss : losses) {
      l = loss;
      find.execute(true);
      if (there == 0) {
        add.execute(true);
        const AuditedRows now = rows_of(state_->sql, "loss_events", {l.id});
        audit.append("loss", l.id, {&now, 1});
      }
      answers.push_back(there == 0 ? Put::added : Put::unchanged);
    }
    transaction.commit();
    return answers;
  });
}

std::vector<LossEventRecord> Store::losses() {
  return guarded(state_->url, [&] {
    std::vector<LossEventRecord> all;
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare << "select id, occurred_on, type, category, amount, recovery, currency, description,"
                                " created_at from loss_events order by occurred_on, id");
    for (const soci::row& row : rows) {
      LossEventRecord& l = all.emplace_back();
      std::string* const texts[] = {&l.id,       &l.occurred_on, &l.type,        &l.category,  &l.amount,
                                    &l.recovery, &l.currency,    &l.description, &l.created_at};
      for (std::size_t i = 0; i < std::size(texts); ++i) *texts[i] = row.get<std::string>(i);
    }
    return all;
  });
}

void Store::open_case(const CaseRecord& opened) {
  guarded(state_->url, [&] {
    Transaction transaction(state_->sql);
    if (read_case(state_->sql, opened.id)) {
      throw base::Error(base::ErrorCode::bad_input, "there is a case " + opened.id + " already", state_->url);
    }
    state_->sql << "insert into cases (id, kind, subject, created_at) values (:a, :b, :c, :d)", soci::use(opened.id),
        soci::use(opened.kind), soci::use(opened.subject), soci::use(opened.created_at);
    std::vector<AuditedRows> now = {rows_of(state_->sql, "cases", {opened.id})};
    for (const CaseEventRecord& event : opened.events) {
      add_event(state_->sql, opened.id, event);
      now.push_back(rows_of(state_->sql, "case_events", {opened.id, std::to_string(event.number)}));
    }
    AuditWriter(state_->sql, state_->actor).append("case.open", opened.id, now);
    transaction.commit();
  });
}

CaseRecord Store::add_case_event(const std::string& id, const CaseEventRecord& event,
                                 const std::function<void(const CaseRecord&)>& check) {
  return guarded(state_->url, [&] {
    Transaction transaction(state_->sql);
    std::optional<CaseRecord> found = read_case(state_->sql, id);
    if (!found) throw base::Error(base::ErrorCode::not_found, "there is no case " + id, state_->url);
    check(*found);
    CaseEventRecord next = event;
    next.number = static_cast<std::int64_t>(found->events.size()) + 1;
    add_event(state_->sql, id, next);
    found->events.push_back(next);
    const AuditedRows now = rows_of(state_->sql, "case_events", {id, std::to_string(next.number)});
    AuditWriter(state_->sql, state_->actor).append("case." + next.action, id, {&now, 1});
    transaction.commit();
    return *found;
  });
}

std::vector<CaseRecord> Store::cases() {
  return guarded(state_->url, [&] {
    std::vector<CaseRecord> all;
    {
      const soci::rowset<soci::row> rows =
          (state_->sql.prepare << "select id, kind, subject, created_at from cases order by created_at, id");
      for (const soci::row& row : rows) all.push_back(to_case(row));
    }
    for (CaseRecord& record : all) read_events(state_->sql, record);
    return all;
  });
}

std::optional<CaseRecord> Store::find_case(const std::string& id) {
  return guarded(state_->url, [&] { return read_case(state_->sql, id); });
}

std::vector<SignalTime> Store::signal_times(const std::string& risk, const std::string& entity) {
  return guarded(state_->url, [&] {
    std::vector<SignalTime> times;
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare
             << "select d.id, case when d.published_at = '' then d.created_at else d.published_at end as at,"
                " s.probability from signals s join documents d on d.id = s.document_id where s.risk = :r"
                " and (:e = '' or exists (select 1 from entities n where n.document_id = d.id"
                " and (lower(n.canonical) = lower(:e) or lower(n.text) = lower(:e))))"
                " order by at, d.id, s.probability desc",
         soci::use(risk, "r"), soci::use(entity, "e"));
    for (const soci::row& row : rows) {
      const auto id = row.get<std::string>(0);
      if (!times.empty() && times.back().document_id == id) continue;  // another model's, less sure
      times.push_back({id, row.get<std::string>(1), row.get<double>(2)});
    }
    return times;
  });
}

}  // namespace ballast::store
