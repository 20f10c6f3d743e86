// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/service_schema.h"

namespace ballast::store {

std::vector<const char*> service_tables() {
  return {
      "create table users (name text primary key, role text not null, password_hash text not null,"
      " disabled bigint not null, created_at text not null)",
      "create table api_keys (id text primary key, name text not null, role text not null, secret_hash text not null,"
      " created_at text not null, last_used_at text not null, revoked_at text not null)",
      "create table sessions (token_hash text primary key, user_name text not null references users(name) on delete"
      " cascade, csrf text not null, created_at text not null, expires_at text not null)",
      "create table alerts (id text primary key, kind text not null, severity bigint not null, title text not null,"
      " subject_id text not null, document_id text not null, status text not null, case_id text not null,"
      " acknowledged_by text not null, acknowledged_at text not null, note text not null, created_at text not null)",
      "create table feedback (id text primary key, subject_kind text not null, subject_id text not null,"
      " verdict text not null, risk text not null, severity bigint not null, note text not null, actor text not null,"
      " created_at text not null)",
      "create index feedback_by_subject on feedback (subject_kind, subject_id, created_at)",
      "create table overrides (id text primary key, decision_id text not null references decisions(id),"
      " outcome text not null, reason text not null, status text not null, proposed_by text not null,"
      " decided_by text not null, decided_at text not null, note text not null, created_at text not null)",
      "create index overrides_by_decision on overrides (decision_id, created_at)",
      "create table jobs (id text primary key, kind text not null, status text not null, request text not null,"
      " progress text not null, result text not null, error text not null, created_by text not null,"
      " started_at text not null, finished_at text not null, created_at text not null)",
      "create table idempotency (principal text not null, key text not null, request_hash text not null,"
      " status bigint not null, content_type text not null, body text not null, created_at text not null,"
      " unique (principal, key))",
      "create table webhooks (id text primary key, url text not null, topics text not null, secret text not null,"
      " created_at text not null)",
      "create table deliveries (id text primary key, webhook_id text not null references webhooks(id) on delete"
      " cascade, event text not null, status text not null, attempts bigint not null, next_at text not null,"
      " error text not null, created_at text not null)",
      "create index deliveries_due on deliveries (status, next_at)",
      // The past: what a document, an assessment or a signal was before it was replaced.
      "create table documents_past (id text not null, source text not null, line bigint not null, title text not null,"
      " text text not null, lang text not null, published_at text not null, content_hash text not null,"
      " created_at text not null, ended_at text not null)",
      "create table assessments_past (document_id text not null, model text not null, sentiment text not null,"
      " sentiment_probability real not null, severity integer not null, severity_probability real not null,"
      " kinds text not null, created_at text not null, ended_at text not null)",
      "create table signals_past (id text not null, document_id text not null, risk text not null,"
      " probability real not null, lo real not null, hi real not null, basel text not null, entities text not null,"
      " evidence text not null, model text not null, seed bigint not null, created_at text not null,"
      " ended_at text not null)",
      "create trigger documents_change before update on documents begin insert into documents_past select old.id,"
      " old.source, old.line, old.title, old.text, old.lang, old.published_at, old.content_hash, old.created_at,"
      " strftime('%Y-%m-%dT%H:%M:%fZ', 'now'); end",
      "create trigger assessments_end before delete on assessments begin insert into assessments_past select"
      " old.document_id, old.model, old.sentiment, old.sentiment_probability, old.severity, old.severity_probability,"
      " old.kinds, old.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'); end",
      "create trigger signals_end before delete on signals begin insert into signals_past select old.id,"
      " old.document_id, old.risk, old.probability, old.lo, old.hi, old.basel, old.entities, old.evidence, old.model,"
      " old.seed, old.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'); end",
      "create index documents_past_by_id on documents_past (id)",
      "create index documents_by_time on documents (created_at, id)",
      "create index signals_by_time on signals (created_at, id)",
      "create index decisions_by_time on decisions (created_at, id)",
      "create index alerts_by_time on alerts (created_at, id)",
  };
}

}  // namespace ballast::store
