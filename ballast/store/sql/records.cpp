// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/records.h"

#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/store/sql/session.h"

namespace ballast::store {
namespace {

// SQLite keeps a number as it was stored, but SOCI gives it as the type of the column: integers come as int or long
// long.
std::int64_t integer(const soci::row& row, std::size_t at) {
  switch (row.get_properties(at).get_data_type()) {
    case soci::dt_integer:
      return row.get<int>(at);
    default:
      return row.get<long long>(at);
  }
}

}  // namespace

DocumentRecord to_document(const soci::row& row, std::size_t first) {
  DocumentRecord d;
  d.id = row.get<std::string>(first);
  d.source = row.get<std::string>(first + 1);
  d.line = integer(row, first + 2);
  d.title = row.get<std::string>(first + 3);
  d.text = row.get<std::string>(first + 4);
  d.lang = row.get<std::string>(first + 5);
  d.published_at = row.get<std::string>(first + 6);
  d.content_hash = row.get<std::string>(first + 7);
  d.created_at = row.get<std::string>(first + 8);
  return d;
}

SignalRecord to_signal(const soci::row& row) {
  SignalRecord s;
  s.id = row.get<std::string>(0);
  s.document_id = row.get<std::string>(1);
  s.risk = row.get<std::string>(2);
  s.probability = row.get<double>(3);
  s.lo = row.get<double>(4);
  s.hi = row.get<double>(5);
  s.basel = row.get<std::string>(6);
  s.entities = row.get<std::string>(7);
  s.evidence = row.get<std::string>(8);
  s.model = row.get<std::string>(9);
  s.seed = static_cast<std::uint64_t>(integer(row, 10));
  s.created_at = row.get<std::string>(11);
  return s;
}

EntityRecord to_entity(const soci::row& row) {
  return {row.get<std::string>(0), row.get<std::string>(1), integer(row, 2), integer(row, 3), row.get<std::string>(4)};
}

AssessmentRecord to_assessment(const soci::row& row) {
  AssessmentRecord a;
  a.document_id = row.get<std::string>(0);
  a.model = row.get<std::string>(1);
  a.sentiment = row.get<std::string>(2);
  a.sentiment_probability = row.get<double>(3);
  a.severity = static_cast<int>(integer(row, 4));
  a.severity_probability = row.get<double>(5);
  a.kinds = row.get<std::string>(6);
  a.created_at = row.get<std::string>(7);
  return a;
}

DocumentWriter::DocumentWriter(soci::session& sql)
    : sql_(sql),
      find_((sql.prepare << "select content_hash from documents where id = :id", soci::into(stored_hash_, found_),
             soci::use(id_))),
      insert_((sql.prepare << fmt::format("insert into documents ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i)",
                                          kDocumentColumns),
               soci::use(row_.id), soci::use(row_.source), soci::use(row_.line), soci::use(row_.title),
               soci::use(row_.text), soci::use(row_.lang), soci::use(row_.published_at), soci::use(row_.content_hash),
               soci::use(row_.created_at))),
      update_((sql.prepare << "update documents set source = :a, line = :b, title = :c, text = :d, lang = :e,"
                              " published_at = :f, content_hash = :g where id = :h",
               soci::use(row_.source), soci::use(row_.line), soci::use(row_.title), soci::use(row_.text),
               soci::use(row_.lang), soci::use(row_.published_at), soci::use(row_.content_hash), soci::use(row_.id))) {}

Put DocumentWriter::write(const DocumentRecord& document) {
  // SOCI hands PostgreSQL texts that end at the first NUL: better none than a cut one.
  if (on_postgresql(sql_) && (document.text + document.title).find('\0') != std::string::npos) {
    throw base::Error(base::ErrorCode::bad_input, "holds a NUL character, which PostgreSQL cannot keep", document.id);
  }
  id_ = document.id;
  if (find_.execute(true)) {
    if (stored_hash_ == document.content_hash) return Put::unchanged;
    row_ = document;
    update_.execute(true);
    // What was said of the old text points into it.
    for (const char* table : {"assessments", "signals", "entities"}) {
      sql_ << "delete from " << table << " where document_id = :id", soci::use(id_);
    }
    return Put::changed;
  }
  row_ = document;
  insert_.execute(true);
  return Put::added;
}

AssessmentWriter::AssessmentWriter(soci::session& sql)
    : clear_assessment_((sql.prepare << "delete from assessments where document_id = :d and model = :m", soci::use(id_),
                         soci::use(model_))),
      clear_signals_((sql.prepare << "delete from signals where document_id = :d and model = :m", soci::use(id_),
                      soci::use(model_))),
      clear_entities_((sql.prepare << "delete from entities where document_id = :d and model = :m", soci::use(id_),
                       soci::use(model_))),
      add_assessment_((sql.prepare << "insert into assessments (document_id, model, sentiment, sentiment_probability,"
                                      " severity, severity_probability, kinds, created_at)"
                                      " values (:a, :b, :c, :d, :e, :f, :g, :h)",
                       soci::use(id_), soci::use(model_), soci::use(assessment_.sentiment),
                       soci::use(assessment_.sentiment_probability), soci::use(assessment_.severity),
                       soci::use(assessment_.severity_probability), soci::use(assessment_.kinds),
                       soci::use(assessment_.created_at))),
      add_signal_(
          (sql.prepare << fmt::format(
               "insert into signals ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l)", kSignalColumns),
           soci::use(signal_.id), soci::use(id_), soci::use(signal_.risk), soci::use(signal_.probability),
           soci::use(signal_.lo), soci::use(signal_.hi), soci::use(signal_.basel), soci::use(signal_.entities),
           soci::use(signal_.evidence), soci::use(model_), soci::use(seed_), soci::use(signal_.created_at))),
      add_entity_((sql.prepare << "insert into entities (document_id, model, text, kind, start_byte, end_byte,"
                                  " canonical) values (:a, :b, :c, :d, :e, :f, :g)",
                   soci::use(id_), soci::use(model_), soci::use(entity_.text), soci::use(entity_.kind),
                   soci::use(entity_.start), soci::use(entity_.end), soci::use(entity_.canonical))) {}

void AssessmentWriter::write(const AssessedDocument& document) {
  id_ = document.document.id;
  model_ = document.assessment.model;
  for (soci::statement* clear : {&clear_assessment_, &clear_signals_, &clear_entities_}) clear->execute(true);
  assessment_ = document.assessment;
  add_assessment_.execute(true);
  for (const SignalRecord& signal : document.signals) {
    signal_ = signal;
    seed_ = static_cast<std::int64_t>(signal.seed);
    add_signal_.execute(true);
  }
  for (const EntityRecord& entity : document.entities) {
    entity_ = entity;
    add_entity_.execute(true);
  }
}

}  // namespace ballast::store
