// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/store.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include "ballast/base/hash.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/records.h"
#include "ballast/store/sql/schema.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

std::int64_t count(soci::session& sql, const std::string& query) {
  long long n = 0;
  sql << query, soci::into(n);
  return n;
}

void enter_document(RowsReader& rows, AuditWriter& audit, const std::string& id, Put put) {
  if (put == Put::unchanged) return;
  const AuditedRows now = rows.read("documents", {id});
  // A changed document takes what was said of its old text with it.
  audit.append(put == Put::added ? "ingest" : "ingest.change", id, {&now, 1});
}

void enter_assessment(RowsReader& rows, AuditWriter& audit, const std::string& id, const std::string& model) {
  std::vector<AuditedRows> now;
  for (const char* table : {"assessments", "signals", "entities"}) now.push_back(rows.read(table, {id, model}));
  audit.append("assess", id, now);
}

template <class Record, class Convert>
std::vector<Record> select_all(const soci::rowset<soci::row>& rows, const Convert& convert) {
  std::vector<Record> records;
  for (const soci::row& row : rows) records.push_back(convert(row));
  return records;
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Store Store::open(const std::string& url) {
  auto state = std::make_unique<State>();
  state->url = shown_url(url);
  state->actor = local_actor();
  open_session(state->sql, url);
  guarded(state->url, [&] { migrate(state->sql, state->url); });
  return Store(std::move(state));
}

void Store::act_as(const std::string& actor) {
  state_->actor = actor;
}

std::vector<Put> Store::put_documents(std::span<const DocumentRecord> documents) {
  return guarded(state_->url, [&] {
    std::vector<Put> answers;
    Transaction transaction(state_->sql);
    DocumentWriter writer(state_->sql);
    AuditWriter audit(state_->sql, state_->actor);
    RowsReader rows(state_->sql);
    for (const DocumentRecord& document : documents) {
      answers.push_back(writer.write(document));
      enter_document(rows, audit, document.id, answers.back());
    }
    transaction.commit();
    return answers;
  });
}

void Store::put_assessed(std::span<const AssessedDocument> documents) {
  guarded(state_->url, [&] {
    Transaction transaction(state_->sql);
    DocumentWriter document_writer(state_->sql);
    AssessmentWriter assessment_writer(state_->sql);
    AuditWriter audit(state_->sql, state_->actor);
    RowsReader rows(state_->sql);
    for (const AssessedDocument& document : documents) {
      const std::string& id = document.document.id;
      enter_document(rows, audit, id, document_writer.write(document.document));
      assessment_writer.write(document);
      enter_assessment(rows, audit, id, document.assessment.model);
    }
    transaction.commit();
  });
}

void Store::put_quarantine(std::span<const QuarantineRecord> rows) {
  guarded(state_->url, [&] {
    Transaction transaction(state_->sql);
    QuarantineRecord q;
    soci::statement add =
        (state_->sql.prepare << "insert into quarantine (source, line, column_name, reason, excerpt, created_at)"
                                " values (:a, :b, :c, :d, :e, :f) on conflict do nothing",
         soci::use(q.source), soci::use(q.line), soci::use(q.column), soci::use(q.reason), soci::use(q.excerpt),
         soci::use(q.created_at));
    AuditWriter audit(state_->sql, state_->actor);
    for (const QuarantineRecord& row : rows) {
      q = row;
      add.execute(true);
      if (add.get_affected_rows() == 0) continue;
      const AuditedRows now =
          rows_of(state_->sql, "quarantine", {row.source, std::to_string(row.line), row.reason, row.excerpt});
      audit.append("quarantine", row.source, {&now, 1});
    }
    transaction.commit();
  });
}

std::unordered_set<std::string> Store::assessed(std::span<const std::string> document_ids, const std::string& model) {
  return guarded(state_->url, [&] {
    std::unordered_set<std::string> done;
    std::string id;
    int found = 0;
    soci::statement find = (state_->sql.prepare << "select 1 from assessments where document_id = :d and model = :m",
                            soci::into(found), soci::use(id), soci::use(model));
    for (const std::string& asked : document_ids) {
      id = asked;
      if (find.execute(true)) done.insert(asked);
    }
    return done;
  });
}

bool Store::has_assessment(const std::string& document_id, const std::string& model) {
  return !assessed({&document_id, 1}, model).empty();
}

std::optional<AssessedDocument> Store::find_assessed(const std::string& document_id, const std::string& model) {
  return guarded(state_->url, [&]() -> std::optional<AssessedDocument> {
    soci::session& sql = state_->sql;
    AssessedDocument found;
    const soci::rowset<soci::row> assessments =
        (sql.prepare << "select document_id, model, sentiment, sentiment_probability, severity, severity_probability,"
                        " kinds, created_at from assessments where document_id = :d and model = :m",
         soci::use(document_id), soci::use(model));
    for (const soci::row& row : assessments) found.assessment = to_assessment(row);
    if (found.assessment.document_id.empty()) return std::nullopt;
    found.document = find_document(document_id).value();
    const soci::rowset<soci::row> signals =
        (sql.prepare << fmt::format("select {} from signals where document_id = :d and model = :m"
                                    " order by probability desc, risk",
                                    kSignalColumns),
         soci::use(document_id), soci::use(model));
    found.signals = select_all<SignalRecord>(signals, to_signal);
    const soci::rowset<soci::row> entities =
        (sql.prepare << "select text, kind, start_byte, end_byte, canonical from entities where document_id = :d"
                        " and model = :m order by start_byte, end_byte",
         soci::use(document_id), soci::use(model));
    found.entities = select_all<EntityRecord>(entities, to_entity);
    return found;
  });
}

std::optional<DocumentRecord> Store::find_document(const std::string& id) {
  return guarded(state_->url, [&]() -> std::optional<DocumentRecord> {
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare << fmt::format("select {} from documents where id = :id", kDocumentColumns),
         soci::use(id));
    for (const soci::row& row : rows) return to_document(row);
    return std::nullopt;
  });
}

std::optional<SignalRecord> Store::find_signal(const std::string& id) {
  return guarded(state_->url, [&]() -> std::optional<SignalRecord> {
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare << fmt::format("select {} from signals where id = :id", kSignalColumns), soci::use(id));
    for (const soci::row& row : rows) return to_signal(row);
    return std::nullopt;
  });
}

std::vector<DocumentRecord> Store::unassessed(const std::string& model, std::int64_t limit, std::int64_t& after) {
  return guarded(state_->url, [&] {
    std::vector<DocumentRecord> documents;
    const long long start = after, at_most = limit;
    // Casting the place gives it a declared type, which SOCI needs.
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare << fmt::format("select {0}, cast({1} as text) from documents"
                                            " where {1} > :start and not exists (select 1 from assessments"
                                            " where document_id = documents.id and model = :m)"
                                            " order by {1} limit :n",
                                            kDocumentColumns, row_order(state_->sql, "documents")),
         soci::use(start), soci::use(model), soci::use(at_most));
    for (const soci::row& row : rows) {
      documents.push_back(to_document(row));
      after = std::stoll(row.get<std::string>(9));
    }
    return documents;
  });
}

std::int64_t Store::count_unassessed(const std::string& model) {
  return guarded(state_->url, [&] {
    long long n = 0;
    state_->sql << "select count(*) from documents where not exists (select 1 from assessments"
                   " where document_id = documents.id and model = :m)",
        soci::into(n), soci::use(model);
    return n;
  });
}

std::vector<QuarantineRecord> Store::quarantine() {
  return guarded(state_->url, [&] {
    const soci::rowset<soci::row> rows =
        (state_->sql.prepare << "select source, line, column_name, reason, excerpt,"
                                " created_at from quarantine order by source, line, reason");
    return select_all<QuarantineRecord>(rows, [](const soci::row& row) {
      return QuarantineRecord{row.get<std::string>(0), row.get<long long>(1),   row.get<std::string>(2),
                              row.get<std::string>(3), row.get<std::string>(4), row.get<std::string>(5)};
    });
  });
}

Counts Store::counts() {
  return guarded(state_->url, [&] {
    soci::session& sql = state_->sql;
    return Counts{count(sql, "select count(*) from documents"), count(sql, "select count(*) from assessments"),
                  count(sql, "select count(*) from signals"), count(sql, "select count(*) from entities"),
                  count(sql, "select count(*) from quarantine")};
  });
}

std::string signal_id(const std::string& document_id, const std::string& risk, const std::string& model) {
  return base::sha256_hex(document_id + "|" + risk + "|" + model).substr(0, 16);
}

}  // namespace ballast::store
