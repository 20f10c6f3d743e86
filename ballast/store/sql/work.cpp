// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/work.h"

#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"
#include "ballast/store/sql/work_rows.h"

namespace ballast::store {
namespace {

using base::Error;
using base::ErrorCode;

template <class Record, class Convert>
std::optional<Record> find_row(soci::session& sql, const std::string& columns, const std::string& table,
                               const std::string& id, const Convert& convert) {
  Query query;
  const std::string name = query.bind(id);
  std::optional<Record> found;
  query.run(sql, fmt::format("select {} from {} where id = {}", columns, table, name),
            [&](const soci::row& row) { found = convert(row); });
  return found;
}

}  // namespace

AlertRecord to_alert(const soci::row& row) {
  return {text_cell(row, 0), text_cell(row, 1),  static_cast<int>(integer_cell(row, 2)),
          text_cell(row, 3), text_cell(row, 4),  text_cell(row, 5),
          text_cell(row, 6), text_cell(row, 7),  text_cell(row, 8),
          text_cell(row, 9), text_cell(row, 10), text_cell(row, 11)};
}

FeedbackRecord to_feedback(const soci::row& row) {
  return {text_cell(row, 0), text_cell(row, 1), text_cell(row, 2),
          text_cell(row, 3), text_cell(row, 4), static_cast<int>(integer_cell(row, 5)),
          text_cell(row, 6), text_cell(row, 7), text_cell(row, 8)};
}

OverrideRecord to_override(const soci::row& row, std::size_t first) {
  OverrideRecord o;
  std::string* const cells[] = {&o.id,          &o.decision_id, &o.outcome,    &o.reason, &o.status,
                                &o.proposed_by, &o.decided_by,  &o.decided_at, &o.note,   &o.created_at};
  for (std::size_t i = 0; i < std::size(cells); ++i) *cells[i] = text_cell(row, first + i);
  return o;
}

JobRecord to_job(const soci::row& row) {
  JobRecord j;
  std::string* const cells[] = {&j.id,    &j.kind,       &j.status,     &j.request,     &j.progress,  &j.result,
                                &j.error, &j.created_by, &j.started_at, &j.finished_at, &j.created_at};
  for (std::size_t i = 0; i < std::size(cells); ++i) *cells[i] = text_cell(row, i);
  return j;
}

std::vector<Put> Work::put_alerts(const std::vector<AlertRecord>& alerts) {
  return guarded(store_.state_->url, [&] {
    std::vector<Put> answers;
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    for (const AlertRecord& a : alerts) {
      if (find_row<AlertRecord>(sql, kAlertColumns, "alerts", a.id, to_alert)) {
        answers.push_back(Put::unchanged);
        continue;
      }
      const long long severity = a.severity;
      sql << fmt::format("insert into alerts ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l)",
                         kAlertColumns),
          soci::use(a.id), soci::use(a.kind), soci::use(severity), soci::use(a.title), soci::use(a.subject_id),
          soci::use(a.document_id), soci::use(a.status), soci::use(a.case_id), soci::use(a.acknowledged_by),
          soci::use(a.acknowledged_at), soci::use(a.note), soci::use(a.created_at);
      enter(sql, store_.state_->actor, "alert", a.id, "alerts", {a.id});
      answers.push_back(Put::added);
    }
    transaction.commit();
    return answers;
  });
}

std::optional<AlertRecord> Work::find_alert(const std::string& id) {
  return guarded(store_.state_->url,
                 [&] { return find_row<AlertRecord>(store_.state_->sql, kAlertColumns, "alerts", id, to_alert); });
}

void Work::update_alert(const AlertRecord& a) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    if (!find_row<AlertRecord>(sql, kAlertColumns, "alerts", a.id, to_alert)) {
      throw Error(ErrorCode::not_found, "there is no alert " + a.id);
    }
    sql << "update alerts set status = :a, case_id = :b, acknowledged_by = :c, acknowledged_at = :d, note = :e"
           " where id = :f",
        soci::use(a.status), soci::use(a.case_id), soci::use(a.acknowledged_by), soci::use(a.acknowledged_at),
        soci::use(a.note), soci::use(a.id);
    enter(sql, store_.state_->actor, "alert." + a.status, a.id, "alerts", {a.id});
    transaction.commit();
  });
}

std::vector<std::string> Work::signals_without_alert(int min_severity, std::int64_t limit) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string least = query.bind(static_cast<std::int64_t>(min_severity));
    std::vector<std::string> found;
    query.run(store_.state_->sql,
              fmt::format("select s.id from signals s join assessments a on a.document_id = s.document_id"
                          " and a.model = s.model where a.severity >= {} and not exists (select 1 from alerts l"
                          " where l.subject_id = s.id) order by {} limit {}",
                          least, row_order(store_.state_->sql, "s"), limit),
              [&](const soci::row& row) { found.push_back(text_cell(row, 0)); });
    return found;
  });
}

void Work::put_feedback(const FeedbackRecord& f) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    const long long severity = f.severity;
    store_.state_->sql << fmt::format("insert into feedback ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i)",
                                      kFeedbackColumns),
        soci::use(f.id), soci::use(f.subject_kind), soci::use(f.subject_id), soci::use(f.verdict), soci::use(f.risk),
        soci::use(severity), soci::use(f.note), soci::use(f.actor), soci::use(f.created_at);
    enter(store_.state_->sql, store_.state_->actor, "feedback", f.subject_id, "feedback", {f.id});
    transaction.commit();
  });
}

std::optional<FeedbackRecord> Work::last_feedback(const std::string& subject_kind, const std::string& subject_id) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string kind = query.bind(subject_kind), id = query.bind(subject_id);
    std::optional<FeedbackRecord> found;
    query.run(store_.state_->sql,
              fmt::format("select {} from feedback where subject_kind = {} and subject_id = {}"
                          " order by created_at desc, id desc limit 1",
                          kFeedbackColumns, kind, id),
              [&](const soci::row& row) { found = to_feedback(row); });
    return found;
  });
}

void Work::put_override(const OverrideRecord& o) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    store_.state_->sql << fmt::format("insert into overrides ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j)",
                                      kOverrideColumns),
        soci::use(o.id), soci::use(o.decision_id), soci::use(o.outcome), soci::use(o.reason), soci::use(o.status),
        soci::use(o.proposed_by), soci::use(o.decided_by), soci::use(o.decided_at), soci::use(o.note),
        soci::use(o.created_at);
    enter(store_.state_->sql, store_.state_->actor, "override", o.decision_id, "overrides", {o.id});
    transaction.commit();
  });
}

std::optional<OverrideRecord> Work::find_override(const std::string& id) {
  return guarded(store_.state_->url, [&] {
    return find_row<OverrideRecord>(store_.state_->sql, kOverrideColumns, "overrides", id,
                                    [](const soci::row& row) { return to_override(row); });
  });
}

OverrideRecord Work::settle_override(const OverrideRecord& settled,
                                     const std::function<void(const OverrideRecord&)>& check) {
  return guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    auto found = find_row<OverrideRecord>(sql, kOverrideColumns, "overrides", settled.id,
                                          [](const soci::row& row) { return to_override(row); });
    if (!found) throw Error(ErrorCode::not_found, "there is no override " + settled.id);
    check(*found);
    sql << "update overrides set status = :a, decided_by = :b, decided_at = :c, note = :d where id = :e",
        soci::use(settled.status), soci::use(settled.decided_by), soci::use(settled.decided_at),
        soci::use(settled.note), soci::use(settled.id);
    enter(sql, store_.state_->actor, "override." + settled.status, found->decision_id, "overrides", {settled.id});
    transaction.commit();
    found->status = settled.status, found->decided_by = settled.decided_by;
    found->decided_at = settled.decided_at, found->note = settled.note;
    return *found;
  });
}

void Work::put_job(const JobRecord& j) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    store_.state_->sql << fmt::format(
        "insert into jobs ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k)"
        " on conflict (id) do update set status = excluded.status,"
        " progress = excluded.progress, result = excluded.result,"
        " error = excluded.error, started_at = excluded.started_at,"
        " finished_at = excluded.finished_at",
        kJobColumns),
        soci::use(j.id), soci::use(j.kind), soci::use(j.status), soci::use(j.request), soci::use(j.progress),
        soci::use(j.result), soci::use(j.error), soci::use(j.created_by), soci::use(j.started_at),
        soci::use(j.finished_at), soci::use(j.created_at);
    transaction.commit();
  });
}

std::optional<JobRecord> Work::find_job(const std::string& id) {
  return guarded(store_.state_->url,
                 [&] { return find_row<JobRecord>(store_.state_->sql, kJobColumns, "jobs", id, to_job); });
}

std::vector<JobRecord> Work::resume_jobs() {
  return guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    sql << "update jobs set status = 'queued' where status = 'running'";
    std::vector<JobRecord> queued;
    Query().run(sql, fmt::format("select {} from jobs where status = 'queued' order by created_at, id", kJobColumns),
                [&](const soci::row& row) { queued.push_back(to_job(row)); });
    transaction.commit();
    return queued;
  });
}

std::optional<StoredAnswer> Work::find_answer(const std::string& principal, const std::string& key) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string who = query.bind(principal), name = query.bind(key);
    std::optional<StoredAnswer> found;
    query.run(store_.state_->sql,
              fmt::format("select request_hash, status, content_type, body from idempotency where principal = {}"
                          " and key = {}",
                          who, name),
              [&](const soci::row& row) {
                found = StoredAnswer{text_cell(row, 0), static_cast<int>(integer_cell(row, 1)), text_cell(row, 2),
                                     text_cell(row, 3)};
              });
    return found;
  });
}

void Work::put_answer(const std::string& principal, const std::string& key, const StoredAnswer& answer,
                      const std::string& now, const std::string& keep_since) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    sql << "delete from idempotency where created_at < :t", soci::use(keep_since);
    const long long status = answer.status;
    sql << "insert into idempotency (principal, key, request_hash, status, content_type, body, created_at)"
           " values (:a, :b, :c, :d, :e, :f, :g) on conflict do nothing",
        soci::use(principal), soci::use(key), soci::use(answer.request_hash), soci::use(status),
        soci::use(answer.content_type), soci::use(answer.body), soci::use(now);
    transaction.commit();
  });
}

bool Work::connected() {
  soci::session& sql = store_.state_->sql;
  return !on_postgresql(sql) || sql.is_connected();
}

void Work::put_webhook(const WebhookRecord& w) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    store_.state_->sql << "insert into webhooks (id, url, topics, secret, created_at) values (:a, :b, :c, :d, :e)",
        soci::use(w.id), soci::use(w.url), soci::use(w.topics), soci::use(w.secret), soci::use(w.created_at);
    transaction.commit();
  });
}

bool Work::delete_webhook(const std::string& id) {
  return guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    int there = 0;
    store_.state_->sql << "select count(*) from webhooks where id = :id", soci::into(there), soci::use(id);
    store_.state_->sql << "delete from webhooks where id = :id", soci::use(id);
    transaction.commit();
    return there > 0;
  });
}

std::vector<WebhookRecord> Work::webhooks() {
  return guarded(store_.state_->url, [&] {
    std::vector<WebhookRecord> all;
    Query().run(store_.state_->sql, "select id, url, topics, secret, created_at from webhooks order by created_at, id",
                [&](const soci::row& row) {
                  all.push_back(
                      {text_cell(row, 0), text_cell(row, 1), text_cell(row, 2), text_cell(row, 3), text_cell(row, 4)});
                });
    return all;
  });
}

void Work::put_deliveries(const std::vector<DeliveryRecord>& deliveries) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    for (const DeliveryRecord& d : deliveries) {
      const auto attempts = static_cast<long long>(d.attempts);
      store_.state_->sql << "insert into deliveries (id, webhook_id, event, status, attempts, next_at, error,"
                            " created_at) values (:a, :b, :c, :d, :e, :f, :g, :h) on conflict do nothing",
          soci::use(d.id), soci::use(d.webhook_id), soci::use(d.event), soci::use(d.status), soci::use(attempts),
          soci::use(d.next_at), soci::use(d.error), soci::use(d.created_at);
    }
    transaction.commit();
  });
}

void Work::update_delivery(const DeliveryRecord& d) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    const auto attempts = static_cast<long long>(d.attempts);
    store_.state_->sql << "update deliveries set status = :a, attempts = :b, next_at = :c, error = :d where id = :e",
        soci::use(d.status), soci::use(attempts), soci::use(d.next_at), soci::use(d.error), soci::use(d.id);
    transaction.commit();
  });
}

std::vector<DeliveryRecord> Work::due_deliveries(const std::string& now, std::int64_t limit) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string at = query.bind(now);
    std::vector<DeliveryRecord> due;
    query.run(store_.state_->sql,
              fmt::format("select id, webhook_id, event, status, attempts, next_at, error, created_at from deliveries"
                          " where status = 'waiting' and next_at <= {} order by next_at, id limit {}",
                          at, limit),
              [&](const soci::row& row) {
                due.push_back({text_cell(row, 0), text_cell(row, 1), text_cell(row, 2), text_cell(row, 3),
                               integer_cell(row, 4), text_cell(row, 5), text_cell(row, 6), text_cell(row, 7)});
              });
    return due;
  });
}

}  // namespace ballast::store
